// The bound on what is between poll and commit, in events and in bytes of their values. A caller
// that needs more waits, which is how back-pressure reaches the consumer.

/** Room for events and bytes: taken at the poll, given back when they are durable or dropped. */
export class InFlightBudget {
  events = 0
  bytes = 0
  readonly #eventsMax: number
  readonly #bytesMax: number
  #waiting: (() => void)[] = []

  constructor(limits: { eventsMax: number; bytesMax: number }) {
    this.#eventsMax = limits.eventsMax
    this.#bytesMax = limits.bytesMax
  }

  /** Takes room, or returns false. A request alone in flight always fits, whatever its size. */
  tryTake(events: number, bytes: number): boolean {
    const fits = this.events + events <= this.#eventsMax && this.bytes + bytes <= this.#bytesMax
    if (!fits && this.events > 0) return false
    this.events += events
    this.bytes += bytes
    return true
  }

  /** Gives room back. */
  give(events: number, bytes: number): void {
    this.events -= events
    this.bytes -= bytes
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** Resolves when room was given back, or after `msMax`. */
  change(msMax: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, msMax)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
