// Interruptible work: long computations that pause between steps, so that they do not block the
// event loop. It shares the time of the loop among such computations.
import { setImmediate } from 'node:timers'

/** A computation that yields where it may be interrupted; a step takes a few milliseconds. */
export type Work<Result> = Generator<void, Result, void>

/** Runs a computation to its end without interruption. */
export function finish<Result>(work: Work<Result>): Result {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}

/** The time that computations use per iteration of the event loop; the last step may exceed it. */
const turnMsMax = 25

/**
 * Shares the event loop among computations. All computations of one instance together use about 25
 * ms of each iteration; then timers, sockets and heartbeats run. Waiting computations continue in
 * the order in which they began to wait.
 */
export class LoopTurns {
  /** When the first computation of this iteration began; undefined before. */
  #beganMs: number | undefined
  readonly #waiting: (() => void)[] = []

  /** Runs a computation, and yields to the event loop between steps when the time is used up. */
  async run<Result>(work: Work<Result>): Promise<Result> {
    if (this.#waiting.length > 0) await this.#wait()
    for (;;) {
      while (this.#isOver()) await this.#wait()
      const step = work.next()
      if (step.done === true) return step.value
    }
  }

  /** Calls `work` as one step when there is time; it may await anything. */
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

  /** Begins the next iteration. One computation continues; others follow in later iterations. */
  #begin(): void {
    this.#beganMs = undefined
    const resume = this.#waiting.shift()
    if (resume === undefined) return
    this.#isOver()
    resume()
  }
}
