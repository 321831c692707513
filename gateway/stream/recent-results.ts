// The results that were streamed last, so that a reader who comes back soon needs no query.
import { comparePositions, type LogPosition } from '../../schemas/cursors/log-position.ts'
import type { StreamedResult } from './stream-event.ts'

/** Most results and bytes that are kept. */
const resultsMax = 5_000
const bytesMax = 8_388_608

/** A bounded part of the log, up to the place that was read last. */
export class RecentResults {
  #results: StreamedResult[] = []
  #bytes = 0
  /** Everything after this place is kept. */
  #start: LogPosition
  #end: LogPosition

  constructor(start: LogPosition) {
    this.#start = start
    this.#end = start
  }

  /** The place after all that was added. */
  get end(): LogPosition {
    return this.#end
  }

  /** Adds what follows; `end` is the place after it. Drops the oldest above the limits. */
  add(results: readonly StreamedResult[], end: LogPosition): void {
    this.#results.push(...results)
    this.#end = end
    this.#bytes += results.reduce((sum, { event }) => sum + event.length, 0)
    let dropped = 0
    while (this.#results.length - dropped > resultsMax || this.#bytes > bytesMax) {
      const oldest = this.#results[dropped]!
      this.#start = oldest.position
      this.#bytes -= oldest.event.length
      dropped += 1
    }
    if (dropped > 0) this.#results = this.#results.slice(dropped)
  }

  /** Keeps nothing of what was added. */
  clear(): void {
    this.#results = []
    this.#bytes = 0
    this.#start = this.#end
  }

  /** What follows a place; undefined if the place is older or newer than what is kept. */
  after(position: LogPosition): readonly StreamedResult[] | undefined {
    if (comparePositions(position, this.#start) < 0) return undefined
    if (comparePositions(position, this.#end) > 0) return undefined
    return this.#results.filter((one) => comparePositions(one.position, position) > 0)
  }
}
