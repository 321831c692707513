// Gives ids to events that have none: random by default, derived from the request if it has an
// Idempotency-Key, so that a retry on another gateway gives the same ids.
import { createHash, randomBytes } from 'node:crypto'

/** What identifies a request, so that a retry is recognised. */
export type RequestIdentity = {
  /** The sender, so that two callers may use the same key. */
  readonly caller: string
  readonly key: string
  /** SHA-256 of the body in hex: a different body under a used key must not get the same ids. */
  readonly bodySha256: string
}

/** A version 7 UUID (RFC 9562): its first 48 bits are the time, so ids sort in order of arrival. */
export function timeOrderedId(nowMs: number): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(nowMs, 0, 6)
  return formatUuid(bytes, 7)
}

/** The id of the event at `index` of a request, the same on every gateway (version 8 UUID). */
export function repeatableId(identity: RequestIdentity, index: number): string {
  const parts = JSON.stringify([identity.caller, identity.key, identity.bodySha256, index])
  return formatUuid(createHash('sha256').update(parts).digest().subarray(0, 16), 8)
}

function formatUuid(bytes: Buffer, version: 7 | 8): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4)
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
