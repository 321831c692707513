// Remembers completed requests with an Idempotency-Key, so that a repeated one does not run again.
// It covers this gateway only, in memory; across gateways, repeatable ids have the same effect.
import { WinnowError } from '../../schemas/errors.ts'

/** Most remembered keys; the oldest finished one is dropped first. Each takes about 300 bytes. */
const entriesMax = 10_000
const keptMsMax = 3_600_000

/** Runs work once per key. */
export class IdempotencyMemory {
  readonly #entries = new Map<string, Entry>()

  /**
   * Runs `work`, or waits for the run that this key already has. Failed work is forgotten, so that
   * it can be retried. A key is kept for an hour after its first request. Throws
   * `idempotency_conflict` if the key was used for another body.
   */
  once(
    request: { readonly key: string; readonly bodySha256: string; readonly nowMs: number },
    work: () => Promise<void>,
  ): Promise<void> {
    const entries = this.#entries
    const known = entries.get(request.key)
    if (known !== undefined && (!known.settled || known.forgetAtMs > request.nowMs)) {
      if (known.bodySha256 === request.bodySha256) return known.done
      throw new WinnowError(
        'idempotency_conflict',
        'This Idempotency-Key was used for another body; use a new key for a new request',
      )
    }
    entries.delete(request.key)
    const entry: Entry = {
      bodySha256: request.bodySha256,
      forgetAtMs: request.nowMs + keptMsMax,
      settled: false,
      done: work().then(
        () => {
          entry.settled = true
        },
        (error: unknown) => {
          if (entries.get(request.key) === entry) entries.delete(request.key)
          throw error
        },
      ),
    }
    entries.set(request.key, entry)
    this.#evict(request.nowMs)
    return entry.done
  }

  /**
   * Drops expired keys, which come first because keys are in the order of first use. Keys of
   * running requests stay; admission.ts limits them.
   */
  #evict(nowMs: number): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= entriesMax && entry.forgetAtMs > nowMs) return
      if (entry.settled) this.#entries.delete(key)
    }
  }
}

type Entry = {
  readonly bodySha256: string
  readonly forgetAtMs: number
  settled: boolean
  readonly done: Promise<void>
}
