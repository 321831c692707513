// Ids of events as keyed hashes, so that what is stored names nobody, while everyone who has the
// key finds the rows of an id.
import { createHmac } from 'node:crypto'

const prefix = 'hmac-'
/** An id that is hashed already: the prefix and 256 bits in base64url. */
const hashed = /^hmac-[A-Za-z0-9_-]{43}$/

/** Makes the form in which an id is stored. */
export type StoredId = (id: string) => string

/** How ids are stored. */
export type IdRetention = {
  readonly hashIds: boolean
  readonly idSecret?: string | undefined
}

/**
 * The function that makes stored ids: as they are, or HMAC-SHA-256 (RFC 2104) with the secret. An
 * id that is hashed already stays the same, so results can be asked for by either form.
 */
export function storedIds({ hashIds, idSecret }: IdRetention): StoredId {
  if (!hashIds || idSecret === undefined) return (id) => id
  return (id) => {
    if (hashed.test(id)) return id
    return prefix + createHmac('sha256', idSecret).update(id).digest('base64url')
  }
}
