// Waits until events have a result or a dead letter, for requests with `?wait`. One loop asks for
// the events of all requests together, less often the longer they wait. They hold no slot.
import { WinnowError } from '../../schemas/errors.ts'
import type { EventLetter, EventOutcomes } from '../../schemas/ports/event-outcomes.ts'
import type { StoredResult } from '../../schemas/ports/result-reader.ts'

/** What became of the events of a request, by id. */
export type Awaited = {
  readonly results: ReadonlyMap<string, StoredResult>
  readonly letters: ReadonlyMap<string, EventLetter>
  /** Those that have neither yet. */
  readonly pending: ReadonlySet<string>
}

/** The time between two questions: a tenth of the shortest wait, within these bounds. */
const pauseMs = { least: 40, most: 1_000 }
/** Most ids of one query. */
const idsMax = 1_000
/** Clocks differ, and a repeated request may ask about events that were sent before. */
const lettersSinceMs = 3_600_000

/** The requests that wait. All of a gateway share one. */
export class OutcomeWaits {
  readonly #reader: EventOutcomes
  readonly #requestsMax: number
  readonly #waits = new Set<Wait>()
  #entered = 0
  #isAsking = false

  constructor(reader: EventOutcomes, options: { readonly requestsMax: number }) {
    this.#reader = reader
    this.#requestsMax = options.requestsMax
  }

  /**
   * Reserves a place, before anything is published. Throws `queue_full` if too many requests wait.
   * The caller calls what it returns, once, when it is done.
   */
  enter(): () => void {
    if (this.#entered >= this.#requestsMax) {
      const message =
        `Already ${this.#requestsMax} requests wait for results (gateway.waitingRequestsMax); ` +
        'try again later, or send the events without wait. Nothing was published'
      throw new WinnowError('queue_full', message)
    }
    this.#entered += 1
    return () => {
      this.#entered -= 1
    }
  }

  /**
   * Resolves when every event has an outcome, or after `msMax` with what there is, also while
   * ClickHouse does not answer. Rejects if the signal aborts because the caller left.
   */
  wait(
    ids: readonly string[],
    options: { readonly msMax: number; readonly signal: AbortSignal },
  ): Promise<Awaited> {
    const { signal, msMax } = options
    return new Promise((resolve, reject) => {
      const wait: Wait = {
        results: new Map(),
        letters: new Map(),
        pending: new Set(ids),
        sinceMs: performance.now(),
        settle: (reason?: Error) => {
          if (!this.#waits.delete(wait)) return
          clearTimeout(timer)
          signal.removeEventListener('abort', onAbort)
          if (reason === undefined) resolve(wait)
          else reject(reason)
        },
      }
      const timer = setTimeout(() => wait.settle(), msMax)
      // The deadline of the request ends the wait like its own time.
      const onAbort = () => {
        wait.settle(isDeadline(signal.reason) ? undefined : (signal.reason as Error))
      }
      this.#waits.add(wait)
      signal.addEventListener('abort', onAbort, { once: true })
      if (signal.aborted) onAbort()
      if (!this.#isAsking) void this.#ask()
    })
  }

  async #ask(): Promise<void> {
    this.#isAsking = true
    while (this.#waits.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, this.#pauseMs()))
      const ids = [...new Set([...this.#waits].flatMap(({ pending }) => [...pending]))]
      for (let from = 0; from < ids.length; from += idsMax) {
        await this.#askFor(ids.slice(from, from + idsMax))
      }
    }
    this.#isAsking = false
  }

  #pauseMs(): number {
    const nowMs = performance.now()
    const ages = [...this.#waits].map(({ sinceMs }) => nowMs - sinceMs)
    return Math.min(pauseMs.most, Math.max(pauseMs.least, Math.min(...ages) / 10))
  }

  /** A failed query is repeated with the next question; the waits end at their time. */
  async #askFor(ids: readonly string[]): Promise<void> {
    const [results, letters] = await Promise.allSettled([
      this.#reader.newestResults(ids),
      this.#reader.deadLetters(ids, Date.now() - lettersSinceMs),
    ])
    for (const wait of [...this.#waits]) {
      for (const result of results.status === 'fulfilled' ? results.value : []) {
        if (wait.pending.delete(result.eventId)) wait.results.set(result.eventId, result)
      }
      // Not while results are unknown: a repeated event has both, and its result counts.
      const isKnown = results.status === 'fulfilled' && letters.status === 'fulfilled'
      for (const letter of isKnown ? letters.value : []) {
        if (wait.pending.delete(letter.id)) wait.letters.set(letter.id, letter)
      }
      if (wait.pending.size === 0) wait.settle()
    }
  }
}

type Wait = {
  readonly results: Map<string, StoredResult>
  readonly letters: Map<string, EventLetter>
  readonly pending: Set<string>
  readonly sinceMs: number
  /** Ends the wait: with what there is, or with a reason. */
  readonly settle: (reason?: Error) => void
}

function isDeadline(reason: unknown): boolean {
  return reason instanceof WinnowError && reason.code === 'deadline_exceeded'
}
