// Limits how many long queries the gateway runs at once, so that people who label or compare do not
// take ClickHouse from the stream. More wait in the order in which they came; too many are refused.
import { boundCalls, type BoundedCalls } from '../../models/runtime/bounded-calls.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** Runs a read when there is a slot. Throws `queue_full` if too many wait. */
export type ReadSlots = BoundedCalls

/** Makes the slots. */
export function createReadSlots({
  atOnceMax,
  waitingMax,
}: {
  atOnceMax: number
  waitingMax: number
}): ReadSlots {
  return boundCalls(atOnceMax, (waiting) => {
    if (waiting < waitingMax) return
    const message = `${waitingMax} long queries wait already in this gateway; try again later`
    throw new WinnowError('queue_full', message)
  })
}
