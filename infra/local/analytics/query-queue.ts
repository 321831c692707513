// Limits how many statements run at once, and how many wait. Reads and writes have a queue each, so
// that long queries never delay an INSERT.
import { ClickHouseFailure } from './clickhouse-error.ts'

/** A first-come, first-served queue in front of a fixed number of slots. */
export class QueryQueue {
  readonly #slots: number
  readonly #waitingMax: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(options: { slots: number; waitingMax: number }) {
    this.#slots = options.slots
    this.#waitingMax = options.waitingMax
  }

  /**
   * Runs `work` when a slot is free.
   *
   * @throws ClickHouseFailure 202 (HTTP 503) if too many wait already, 394 if `signal` aborts the
   * wait.
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal)
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  #enter(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(cancelled())
    if (this.#running < this.#slots) {
      this.#running += 1
      return Promise.resolve()
    }
    if (this.#waiting.length >= this.#waitingMax) return Promise.reject(this.#refusal())
    return new Promise((resolve, reject) => {
      const admit = () => {
        signal?.removeEventListener('abort', leaveQueue)
        resolve()
      }
      const leaveQueue = () => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1)
        reject(cancelled())
      }
      this.#waiting.push(admit)
      signal?.addEventListener('abort', leaveQueue, { once: true })
    })
  }

  /**
   * A freed slot goes straight to the next in the queue, so the number of running ones stays the
   * same.
   */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }

  #refusal(): ClickHouseFailure {
    const text =
      `Too many simultaneous queries: ${this.#slots} are running and ${this.#waitingMax} waiting; ` +
      'try again later'
    return new ClickHouseFailure(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', text)
  }
}

function cancelled(): ClickHouseFailure {
  return new ClickHouseFailure(
    394,
    'QUERY_WAS_CANCELLED',
    'The client closed the connection before the query ran',
  )
}
