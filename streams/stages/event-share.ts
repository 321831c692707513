// Decides which events belong to a share of the stream by a stable hash of the event id. So the
// decision is the same on every consumer, in every partition and after a redelivery.
import { hash } from 'node:crypto'

/** A share of the events. */
export type EventShare = {
  /** Shares for different purposes are independent of each other. */
  readonly purpose: string
  /** 0 to 100. */
  readonly percent: number
}

/**
 * Whether an event belongs to the share. A larger percentage includes the events of a smaller one.
 *
 * @example
 * isInShare('order-17', { purpose: 'mail/challenger', percent: 10 })
 */
export function isInShare(eventId: string, { purpose, percent }: EventShare): boolean {
  if (percent <= 0) return false
  if (percent >= 100) return true
  const digest = hash('sha256', `${purpose}\n${eventId}`, 'buffer')
  return digest.readUInt32BE(0) < (percent / 100) * 2 ** 32
}
