// Work that can stop between two steps, so that a long text does not block the event loop. It owns
// the sharing of the loop's time among such works; what is worked on is the caller's.
import { setImmediate } from 'node:timers'

/** Work that yields where it may be interrupted; a step takes a few milliseconds. */
export type Work<Result> = Generator<void, Result, void>

/** Does all of the work at once. */
export function finish<Result>(work: Work<Result>): Result {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

/**
 * Longest time that works use in one iteration of the event loop, but for the step that ends it.
 */
const turnMsMax = 25

/**
 * Shares the event loop among works. Works of one instance together use about 25 ms of each
 * iteration of the loop; then timers, sockets and heartbeats have their turn. Works that wait go on
 * in the order in which they began to wait.
 */
export class LoopTurns {
  /** When the first work of this iteration began; undefined until one does. */
  #beganMs: number | undefined
  readonly #waiting: (() => void)[] = []

  /** Does the work, and gives the loop to others between two steps whenever the time is used up. */
  async run<Result>(work: Work<Result>): Promise<Result> {
    if (this.#waiting.length > 0) await this.#wait()
    for (;;) {
      while (this.#isOver()) await this.#wait()
      const step = work.next()
      if (step.done === true) return step.value
    }
  }

  /** Calls `work` when there is time: one step, and what it awaits is its own. */
  async call<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#waiting.length > 0) await this.#wait()
    while (this.#isOver()) await this.#wait()
    return work()
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #isOver(): boolean {
    if (this.#beganMs === undefined) {
      this.#beganMs = performance.now()
      setImmediate(() => this.#begin())
      return false
    }
    return performance.now() - this.#beganMs >= turnMsMax
  }

  /** Begins the next iteration. One work goes on; the others follow in later iterations. */
  #begin(): void {
    this.#beganMs = undefined
    const resume = this.#waiting.shift()
    if (resume === undefined) return
    this.#isOver()
    resume()
  }
}
