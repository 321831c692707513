// How long a batch may run before its worker counts as hung: many times what batches of its size
// took so far. It only counts; the pool replaces the worker.

/** How many times as long as expected a batch may run; a busy machine can take tens of times. */
const slowdownMax = 100

/** The time is counted in parts: while the process is suspended, at most one of them passes. */
const partsOfTime = 10

/** The deadlines of batches, from the times of those that ended. */
export class RunDeadlines {
  readonly #msMin: number
  #runMs = 0
  #tokens = 0

  /** @param msMin What every batch may take; times of short batches say little. */
  constructor(msMin: number) {
    this.#msMin = msMin
  }

  /** Notes the time of a batch that ended; tokens with padding. */
  ended(tokens: number, runMs: number): void {
    this.#tokens += tokens
    this.#runMs += runMs
  }

  /** Milliseconds that a batch of so many tokens, padding included, may run. */
  msOf(tokens: number): number {
    const msPerToken = this.#tokens === 0 ? 0 : this.#runMs / this.#tokens
    return Math.max(this.#msMin, slowdownMax * msPerToken * tokens)
  }

  /** Calls `onOver` when a batch of so many tokens has run too long; the result stops the count. */
  watch(tokens: number, onOver: () => void): () => void {
    let parts = 0
    const timer = setInterval(
      () => {
        if (++parts < partsOfTime) return
        clearInterval(timer)
        onOver()
      },
      this.msOf(tokens) / partsOfTime,
    )
    timer.unref()
    return () => clearInterval(timer)
  }
}
