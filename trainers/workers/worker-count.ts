// Which workers are there: those that gave a sign within some ticks of the coordinator.

/** More workers than this are not counted, so that false names cannot fill the memory. */
const workersMax = 10_000

/** Workers and how long they have been silent. */
export class WorkerCount {
  readonly #missedMax: number
  /** Ticks since the last sign of each worker. */
  readonly #missed = new Map<string, number>()
  #announce: () => void = () => undefined
  #changed: Promise<void>

  constructor(missedMax: number) {
    this.#missedMax = missedMax
    this.#changed = new Promise((resolve) => (this.#announce = resolve))
  }

  readonly count = (): number => this.#missed.size

  /** Resolves when the count changes next. */
  readonly changed = (): Promise<void> => this.#changed

  get isEmpty(): boolean {
    return this.#missed.size === 0
  }

  /** Notes a sign of a worker; returns whether the worker is new. */
  seen(worker: string): boolean {
    const isNew = !this.#missed.has(worker)
    if (isNew && this.#missed.size >= workersMax) return false
    this.#missed.set(worker, 0)
    if (isNew) this.#change()
    return isNew
  }

  /** Forgets workers that have been silent for too long. */
  tick(): void {
    const before = this.#missed.size
    for (const [worker, missed] of this.#missed) {
      if (missed >= this.#missedMax) this.#missed.delete(worker)
      else this.#missed.set(worker, missed + 1)
    }
    if (this.#missed.size !== before) this.#change()
  }

  #change(): void {
    const announce = this.#announce
    this.#changed = new Promise((resolve) => (this.#announce = resolve))
    announce()
  }
}
