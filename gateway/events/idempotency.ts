// Remembers requests with an Idempotency-Key, so that a repeated one does not publish its events
// again: in memory, and in a journal across restarts. Across gateways, repeatable ids have the same
// effect within the duplicate window of the stream.
import { WinnowError } from '../../schemas/errors.ts'
import type { RequestJournal } from '../../schemas/ports/request-journal.ts'

/** Most remembered keys; the oldest finished one is dropped first. Each takes about 300 bytes. */
const entriesMax = 10_000
const keptMsMax = 3_600_000

/** A request with a key. */
export type KeyedRequest = {
  readonly key: string
  readonly bodySha256: string
  readonly nowMs: number
}

/** `uncertain`: an earlier run of this request may have published some events, or all. */
export type RunState = 'first' | 'uncertain'

/** Runs work once per key. */
export class IdempotencyMemory {
  readonly #entries = new Map<string, Entry>()
  readonly #journal: RequestJournal | undefined

  constructor(journal?: RequestJournal) {
    this.#journal = journal
    for (const { key, bodySha256, atMs, isDone } of journal?.entries ?? []) {
      const forgetAtMs = atMs + keptMsMax
      const state = isDone ? 'done' : 'uncertain'
      this.#entries.set(key, { bodySha256, forgetAtMs, state, done: Promise.resolve() })
    }
  }

  /**
   * Runs `work`, or waits for the run that this key already has. After failed work, or a gateway
   * that ended during it, the next request runs it again, with a state that says so. A key is kept
   * for an hour after its first request. Throws `idempotency_conflict` if the key was used for
   * another body.
   */
  once(request: KeyedRequest, work: (state: RunState) => Promise<void>): Promise<void> {
    const known = this.#entries.get(request.key)
    const isKnown =
      known !== undefined && (known.state === 'running' || known.forgetAtMs > request.nowMs)
    const isSame = known?.bodySha256 === request.bodySha256
    if (isKnown && known.state !== 'uncertain' && !isSame) {
      throw new WinnowError(
        'idempotency_conflict',
        'This Idempotency-Key was used for another body; use a new key for a new request',
      )
    }
    if (isKnown && known.state !== 'uncertain') return known.done
    return this.#run(request, isKnown && isSame ? 'uncertain' : 'first', work)
  }

  #run(
    request: KeyedRequest,
    state: RunState,
    work: (state: RunState) => Promise<void>,
  ): Promise<void> {
    const { key, bodySha256, nowMs } = request
    const entries = this.#entries
    const note = { key, bodySha256, atMs: nowMs }
    const run = async () => {
      // On disk before anything is published: a gateway that ends now leaves a trace.
      if (state === 'first') await this.#journal?.write({ ...note, isDone: false })
      await work(state)
      await this.#journal?.write({ ...note, isDone: true })
    }
    const entry: Entry = {
      bodySha256,
      forgetAtMs: nowMs + keptMsMax,
      state: 'running',
      done: run().then(
        () => {
          entry.state = 'done'
        },
        (error: unknown) => {
          entry.state = 'uncertain'
          throw error
        },
      ),
    }
    entries.delete(key)
    entries.set(key, entry)
    this.#evict(nowMs)
    return entry.done
  }

  /**
   * Drops expired keys, which come first because keys are in the order of first use. Keys of
   * running requests stay; admission.ts limits them.
   */
  #evict(nowMs: number): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= entriesMax && entry.forgetAtMs > nowMs) return
      if (entry.state !== 'running') this.#entries.delete(key)
    }
  }
}

type Entry = {
  readonly bodySha256: string
  readonly forgetAtMs: number
  state: 'running' | 'done' | 'uncertain'
  readonly done: Promise<void>
}
