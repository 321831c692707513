// Runs each text once: in front of a batcher, it answers a text that was run before from a cache,
// and one that is under way with the same run. The same ids give the same row whatever the batch,
// so an answer from here has the bits that a run would give. A failed or cancelled run leaves
// nothing behind.
import { WinnowError } from '../../schemas/errors.ts'
import { callerLeft, type Batcher, type RowResult, type SubmitOptions } from './batcher.ts'
import { keyOf, RowCache } from './row-cache.ts'

/** How a text was answered: from the cache, by the run of an equal one, or by a run of its own. */
export type Lookup = 'hit' | 'shared' | 'miss'

export type CacheOptions = {
  /** Most memory of the rows that are kept. */
  readonly bytesMax: number
  readonly onLookup?: ((lookup: Lookup) => void) | undefined
}

type Submitter = Pick<Batcher, 'submit' | 'submitWhenRoom'>

/** A batcher that keeps rows. */
export type CachedBatcher = Submitter & {
  /** Forgets all rows, because texts give other rows from now on. */
  readonly clear: () => void
}

/** The run of a text, and the callers who wait for it. */
type Run = {
  readonly result: Promise<RowResult>
  /** Settles when the text is in the queue. */
  readonly queued: Promise<unknown>
  isQueued: boolean
  callers: number
  /** Takes the text out of the queue, if it is in no batch yet. */
  readonly leave: AbortController
}

type CacheState = {
  readonly batcher: Submitter
  readonly rows: RowCache
  readonly runs: Map<string, Run>
  readonly onLookup: (lookup: Lookup) => void
}

/**
 * A batcher whose equal texts share a run. Each caller gets a row of its own, and one who leaves
 * takes nothing from the others. The cache lives as long as the batcher, so it belongs to one
 * graph.
 */
export function cacheBatches(batcher: Submitter, options: CacheOptions): CachedBatcher {
  const { bytesMax, onLookup = () => undefined } = options
  const state = { batcher, rows: new RowCache({ bytesMax }), runs: new Map(), onLookup }
  return {
    submit: (ids, { signal, isFresh = false } = {}) =>
      isFresh ? batcher.submit(ids, { signal }) : submit(state, ids, signal),
    submitWhenRoom: (ids, { signal, isFresh = false } = {}) =>
      isFresh ? batcher.submitWhenRoom(ids, { signal }) : submitWhenRoom(state, ids, signal),
    clear: () => state.rows.clear(),
  }
}

async function submit(
  state: CacheState,
  ids: Int32Array,
  signal: SubmitOptions['signal'],
): Promise<RowResult> {
  if (signal?.aborted === true) throw callerLeft()
  const { batcher, runs, onLookup } = state
  const key = keyOf(ids)
  const row = known(state, key)
  if (row !== undefined) return row
  const shared = runs.get(key)
  // A run that waits for room is not for a caller who would rather be refused.
  if (shared !== undefined && !shared.isQueued) return batcher.submit(ids, { signal })
  onLookup(shared === undefined ? 'miss' : 'shared')
  const run =
    shared ??
    start(state, key, (leave) => ({
      queued: undefined,
      result: batcher.submit(ids, { signal: leave }),
    }))
  return join(state, { key, run, signal })
}

async function submitWhenRoom(
  state: CacheState,
  ids: Int32Array,
  signal: SubmitOptions['signal'],
): Promise<{ readonly result: Promise<RowResult> }> {
  if (signal?.aborted === true) throw callerLeft()
  const { batcher, runs, onLookup } = state
  const key = keyOf(ids)
  const row = known(state, key)
  if (row !== undefined) return { result: Promise.resolve(row) }
  const shared = runs.get(key)
  onLookup(shared === undefined ? 'miss' : 'shared')
  if (shared === undefined) {
    const run = start(state, key, (leave) => {
      const queued = batcher.submitWhenRoom(ids, { signal: leave })
      return { queued, result: queued.then(({ result }) => result) }
    })
    const result = join(state, { key, run, signal })
    result.catch(() => undefined) // The caller awaits it, or gets what kept the text out.
    await run.queued
    return { result }
  }
  const result = join(state, { key, run: shared, signal }).catch(async (error: unknown) => {
    // There was no room for a caller who does not wait, as this one does.
    if (!(error instanceof WinnowError) || error.code !== 'queue_full') throw error
    const own = await batcher.submitWhenRoom(ids, { signal })
    return own.result
  })
  result.catch(() => undefined)
  await Promise.race([shared.queued, result])
  return { result }
}

function known({ rows, onLookup }: CacheState, key: string): RowResult | undefined {
  const found = rows.get(key)
  if (found === undefined) return undefined
  onLookup('hit')
  const { columns, batchId } = found
  return { row: found.row.slice(), columns, queueMs: 0, inferMs: 0, batchId }
}

/** Starts a run that others may join until it ends; without `queued` it is in the queue at once. */
function start(
  { runs, rows }: CacheState,
  key: string,
  submitting: (leave: AbortSignal) => {
    readonly queued: Promise<unknown> | undefined
    readonly result: Promise<RowResult>
  },
): Run {
  const leave = new AbortController()
  const { queued, result } = submitting(leave.signal)
  const run: Run = {
    result,
    queued: queued ?? Promise.resolve(),
    isQueued: queued === undefined,
    callers: 0,
    leave,
  }
  runs.set(key, run)
  queued?.then(
    () => (run.isQueued = true),
    () => undefined,
  )
  result.then(
    (found) => {
      forget(runs, key, run)
      rows.set(key, found)
    },
    () => forget(runs, key, run),
  )
  return run
}

function forget(runs: Map<string, Run>, key: string, run: Run): void {
  if (runs.get(key) === run) runs.delete(key)
}

/** Waits for a run on behalf of one caller. */
async function join(
  { runs }: CacheState,
  { key, run, signal }: { key: string; run: Run; signal: SubmitOptions['signal'] },
): Promise<RowResult> {
  const joinedMs = performance.now()
  run.callers += 1
  const { row, columns, queueMs, inferMs, batchId } = await (signal === undefined
    ? run.result
    : untilLeft(run.result, signal, () => {
        run.callers -= 1
        if (run.callers > 0) return true
        // Nobody may join a run that is being taken back.
        forget(runs, key, run)
        run.leave.abort()
        return false
      }))
  // Who joined later has waited for a part of the run only.
  const waitedMs = performance.now() - joinedMs
  const ownInferMs = Math.min(inferMs, waitedMs)
  const ownQueueMs = Math.min(queueMs, waitedMs - ownInferMs)
  return { row: row.slice(), columns, queueMs: ownQueueMs, inferMs: ownInferMs, batchId }
}

/**
 * The result, or `cancelled` when the signal aborts and `leave` says that others wait for the run;
 * else the run itself decides whether it can still be taken back.
 */
async function untilLeft(
  result: Promise<RowResult>,
  signal: AbortSignal,
  leave: () => boolean,
): Promise<RowResult> {
  const left = Promise.withResolvers<never>()
  const onAbort = (): void => {
    if (leave()) left.reject(callerLeft())
  }
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([result, left.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
