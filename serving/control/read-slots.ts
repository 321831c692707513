// Limits how many long queries the gateway runs at once, so that people who label or compare do not
// take ClickHouse from the stream. More wait in the order in which they came; too many are refused.
import { WinnowError } from '../../schemas/errors.ts'

/** Runs a read when there is a slot. Throws `queue_full` if too many wait. */
export type ReadSlots = <T>(read: () => Promise<T>) => Promise<T>

/** Makes the slots. */
export function createReadSlots({
  atOnceMax,
  waitingMax,
}: {
  atOnceMax: number
  waitingMax: number
}): ReadSlots {
  const waiting: (() => void)[] = []
  let running = 0
  return async (read) => {
    if (running >= atOnceMax) {
      if (waiting.length >= waitingMax) {
        const message = `${waitingMax} long queries wait already in this gateway; try again later`
        throw new WinnowError('queue_full', message)
      }
      // A read that ends hands its slot to the next one, so the count stays the same.
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running += 1
    try {
      return await read()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
