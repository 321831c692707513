// Commits offsets, one request at a time, until nothing is due. What becomes due during a request,
// or could not be committed, goes into the next one. offset-tracker.ts decides which offset of a
// partition may be committed.
import type { PartitionOffset } from '../../schemas/record.ts'
import { pause } from '../../models/runtime/retry.ts'

export type CommitterOptions = {
  commit(offsets: readonly PartitionOffset[]): Promise<void>
  /** Longest pause after commits that failed, milliseconds. */
  pauseMsMax: number
  /** Ends the retries. */
  signal: AbortSignal
  onFailure(error: unknown): void
}

const firstPauseMs = 200

/** The offsets of an assignment that wait to be committed. */
export class Committer {
  readonly #options: CommitterOptions
  #due = new Map<number, PartitionOffset>()
  #isWorking = false
  /** The latest attempt; attempts follow one another. */
  #tried = Promise.resolve(true)

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  /** Notes an offset; it is committed soon. */
  add(next: PartitionOffset): void {
    this.#due.set(next.partition, next)
    if (!this.#isWorking) void this.#work()
  }

  /** Drops what is due, because the partitions were assigned again. */
  reset(): void {
    this.#due = new Map()
  }

  /** Tries once to commit what is due. True when nothing is left. */
  flush(): Promise<boolean> {
    this.#tried = this.#tried.then(() => this.#try())
    return this.#tried
  }

  async #work(): Promise<void> {
    const { signal, pauseMsMax } = this.#options
    this.#isWorking = true
    // The chunks of one block are noted one by one, and committed together.
    await Promise.resolve()
    let pauseMs = Math.min(firstPauseMs, pauseMsMax)
    while (this.#due.size > 0 && !signal.aborted) {
      if (await this.flush()) continue
      await pause(pauseMs, signal)
      pauseMs = Math.min(pauseMs * 2, pauseMsMax)
    }
    this.#isWorking = false
  }

  async #try(): Promise<boolean> {
    if (this.#due.size === 0) return true
    const taken = this.#due
    const offsets = [...taken.values()]
    taken.clear()
    try {
      await this.#options.commit(offsets)
      return true
    } catch (error) {
      this.#options.onFailure(error)
      // After a reset nobody reads this map.
      for (const one of offsets) if (!taken.has(one.partition)) taken.set(one.partition, one)
      return false
    }
  }
}
