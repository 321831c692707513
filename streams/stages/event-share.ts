// Which events belong to a share of the stream: a stable hash of the event id decides, so that the
// same event falls on the same side on every consumer, in every partition, and when it is delivered
// again.
import { hash } from 'node:crypto'

/** A part of the events. */
export type EventShare = {
  /** Shares of different purposes are drawn independently of each other. */
  readonly purpose: string
  /** 0 to 100. */
  readonly percent: number
}

/**
 * Whether an event belongs to the share. A larger percentage keeps the events of a smaller one, so
 * that raising it moves no event back.
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
