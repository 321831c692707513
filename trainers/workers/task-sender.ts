// Sends records to the log of progress one request after the other, and again while the broker is
// away, so that they arrive in the order in which they were given.
import { retry, type RetryOptions } from '../../models/runtime/retry.ts'
import { errorMessage } from '../../schemas/errors.ts'
import type { TaskLog } from '../../schemas/ports/task-log.ts'
import type { TaskOffer, TaskProgress } from '../../schemas/tasks/task-records.ts'

const pauseMsMax = 5_000

/** A sender on a log; the caller closes the log. */
export class TaskSender {
  readonly #log: TaskLog
  readonly #stopped = new AbortController()
  readonly #retrying: RetryOptions
  #sent = Promise.resolve()
  #waiting = 0

  constructor({ log, note }: { log: TaskLog; note: (line: string) => void }) {
    this.#log = log
    this.#retrying = {
      pauseMsMax,
      signal: this.#stopped.signal,
      onRetry: (error) => note(`${errorMessage(error)}; trying again`),
    }
  }

  /** Whether records wait. */
  get isBusy(): boolean {
    return this.#waiting > 0
  }

  /**
   * Resolves when the broker has the records. Throws broker_refused, and broker_unavailable after
   * `stop`.
   */
  append(records: readonly TaskProgress[]): Promise<void> {
    return this.#send(() => this.#log.append(records))
  }

  /** Puts tasks up; throws as `append` does. */
  offer(offers: readonly TaskOffer[]): Promise<void> {
    return this.#send(() => this.#log.offer(offers))
  }

  /** Tries nothing again from now on. */
  stop(): void {
    this.#stopped.abort()
  }

  #send(call: () => Promise<void>): Promise<void> {
    this.#waiting++
    const sent = this.#sent.then(() => retry(call, this.#retrying)).finally(() => this.#waiting--)
    // The caller gets the failure; the next records are sent all the same.
    this.#sent = sent.catch(() => undefined)
    return sent
  }
}
