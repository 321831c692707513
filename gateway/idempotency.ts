// Remembers which requests with an Idempotency-Key were carried out, so that a repeated one is not
// carried out again. In memory, for this gateway: across gateways the repeatable ids do the same
// work.
import { WinnowError } from '../schemas/errors.ts'

/** Remembered keys; the oldest settled one goes first. Each takes about 300 bytes. */
const entriesMax = 10_000
const keptMsMax = 3_600_000

/** Runs work once for each key. */
export type IdempotencyMemory = {
  /**
   * Runs `work`, or waits for the run that this key already has, also while it is under way. Work
   * that fails is forgotten, so that it can be tried again. A key is kept for an hour after its
   * first request. Throws `idempotency_conflict` when the key was used for another body.
   */
  once(
    request: { readonly key: string; readonly bodySha256: string; readonly nowMs: number },
    work: () => Promise<void>,
  ): Promise<void>
}

/** An empty memory. */
export function createIdempotencyMemory(): IdempotencyMemory {
  const entries = new Map<string, Entry>()
  return {
    once: (request, work) => {
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
      evict(entries, request.nowMs)
      return entry.done
    },
  }
}

type Entry = {
  readonly bodySha256: string
  readonly forgetAtMs: number
  settled: boolean
  readonly done: Promise<void>
}

/**
 * Keys stand in the order of their first use, so the expired ones are in front. Those under way are
 * kept: admission.ts bounds them.
 */
function evict(entries: Map<string, Entry>, nowMs: number): void {
  for (const [key, entry] of entries) {
    if (entries.size <= entriesMax && entry.forgetAtMs > nowMs) return
    if (entry.settled) entries.delete(key)
  }
}
