// A timer that aborts a request and remembers why: an AbortError alone would not tell a stall from
// a missing answer.

/**
 * Aborts `signal` when the time since `start` or the last `again` is up, and sets `reason`.
 */
export class Watchdog {
  readonly #controller = new AbortController()
  #handle: NodeJS.Timeout | undefined
  /** Why it fired; undefined until then. */
  reason: string | undefined

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  start(ms: number, reason: string): void {
    this.stop()
    this.#handle = setTimeout(() => {
      this.reason = reason
      this.#controller.abort()
    }, ms)
  }

  again(): void {
    this.#handle?.refresh()
  }

  stop(): void {
    clearTimeout(this.#handle)
  }
}
