// Gives ids to events that came without one: random by default, computed from the request when it
// has an Idempotency-Key, so that a retry to another gateway gives the same ids.
import { createHash, randomBytes } from 'node:crypto'

/** What makes two requests the same one. */
export type RequestIdentity = {
  /** Who sent it, so that two callers may choose the same key. */
  readonly caller: string
  readonly key: string
  /**
   * SHA-256 of the body in hex: another body under an old key must not take the ids of the first.
   */
  readonly bodySha256: string
}

/** A UUID of version 7 (RFC 9562): the time in its first 48 bits keeps ids in order of arrival. */
export function timeOrderedId(nowMs: number): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(nowMs, 0, 6)
  return formatUuid(bytes, 7)
}

/** The id of the event at `index` of a request, the same on every gateway (UUID version 8). */
export function repeatableId(identity: RequestIdentity, index: number): string {
  const parts = JSON.stringify([identity.caller, identity.key, identity.bodySha256, index])
  return formatUuid(createHash('sha256').update(parts).digest().subarray(0, 16), 8)
}

function formatUuid(bytes: Buffer, version: 7 | 8): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4)
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
