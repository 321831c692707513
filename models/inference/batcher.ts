// The one owner of the queue in front of a session pool: texts in, rows out, batches in between.
// It dispatches as soon as a worker has room and never waits for a batch to fill while one is
// idle. Which texts share a batch is batch-queue.ts; threads are pool.ts.
import { counted } from '../../schemas/counted.ts'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { BatchQueue, type BatchLimits, type FormedBatch } from './batch-queue.ts'
import type { RunResult, SessionPool } from './pool.ts'
import type { HeadColumns, TokenBatch } from './session-messages.ts'

/** Figures of one batch; times in milliseconds. */
export type BatchRecord = {
  readonly id: number
  readonly size: number
  /** Tokens of the texts themselves. */
  readonly tokens: number
  /** Tokens computed: size times padded length. */
  readonly paddedTokens: number
  /** How long its oldest text had waited. */
  readonly waitMs: number
  /** Time inside the runtime. */
  readonly runMs: number
  readonly worker: number
}

export type BatcherOptions = BatchLimits & { readonly onBatch?: (batch: BatchRecord) => void }

/** The row of one text: float32 [width]. */
export type RowResult = {
  readonly row: Float32Array
  /** Which columns belong to which head, if the pool has heads. */
  readonly columns?: readonly HeadColumns[] | undefined
  /** From submission until its batch was formed. */
  readonly queueMs: number
  /** From then until its rows were there. */
  readonly inferMs: number
  readonly batchId: number
}

export type Batcher = {
  readonly queuedTexts: number
  readonly queuedTokens: number
  /**
   * Queues one text (ids int32 [tokens]) and gives its row. Throws `queue_full` at once when there
   * is no room, `cancelled` when `signal` aborts before the batch forms or the batcher is closed,
   * `session_failed` or `worker_crashed` with the rest of its batch.
   */
  readonly submit: (ids: Int32Array, options?: SubmitOptions) => Promise<RowResult>
  /**
   * As `submit`, for callers who would rather wait than be refused: resolves as soon as the text
   * is queued, in order of the calls, with the promise of its row.
   */
  readonly submitWhenRoom: (
    ids: Int32Array,
    options?: SubmitOptions,
  ) => Promise<{ readonly result: Promise<RowResult> }>
  /** Dispatches again; for a pool that has room after a restart, without a batch having ended. */
  readonly wake: () => void
  /** Answers everything queued, then refuses; does not close the pool. */
  readonly close: () => Promise<void>
}

export type SubmitOptions = {
  readonly signal?: AbortSignal | undefined
  /** Runs the text although an equal one was run before; for measuring. Default false. */
  readonly isFresh?: boolean
}

/** What the batcher needs of a pool. */
export type BatchPool = Pick<SessionPool, 'shape' | 'room' | 'alive' | 'run'>

type Ticket = {
  readonly ids: Int32Array
  readonly resolve: (result: RowResult) => void
  readonly reject: (error: WinnowError) => void
  readonly stopListening: () => void
}

/** A caller who waits for room. */
type Waiter = {
  readonly tokens: number
  readonly admit: () => void
  readonly reject: (error: WinnowError) => void
}

type BatcherState = {
  readonly pool: BatchPool
  readonly options: BatcherOptions
  readonly queue: BatchQueue<Ticket>
  readonly waiters: Set<Waiter>
  nextBatch: number
  running: number
  awake: boolean
  closed: boolean
  idle: (() => void) | undefined
}

/** A batcher in front of an open pool; the caller closes first the batcher, then the pool. */
export function createBatcher(pool: BatchPool, options: BatcherOptions): Batcher {
  const state: BatcherState = {
    pool,
    options,
    queue: new BatchQueue(options),
    waiters: new Set(),
    nextBatch: 0,
    running: 0,
    awake: false,
    closed: false,
    idle: undefined,
  }
  return {
    get queuedTexts() {
      return state.queue.texts
    },
    get queuedTokens() {
      return state.queue.tokens
    },
    submit: (ids, { signal } = {}) => submit(state, ids, signal),
    submitWhenRoom: (ids, { signal } = {}) => submitWhenRoom(state, ids, signal),
    wake: () => wake(state),
    close: () => close(state),
  }
}

function submit(
  state: BatcherState,
  ids: Int32Array,
  signal: AbortSignal | undefined,
): Promise<RowResult> {
  if (state.closed) return Promise.reject(closedError())
  if (signal?.aborted === true) return Promise.reject(callerLeft())
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      if (queued === undefined || !state.queue.remove(queued)) return
      reject(callerLeft())
      wake(state)
    }
    const stopListening = (): void => signal?.removeEventListener('abort', leave)
    const ticket: Ticket = { ids, resolve, reject, stopListening }
    const queued = state.queue.submit(ticket, ids.length, performance.now())
    if (queued === undefined) {
      const { texts, tokens } = state.queue
      const message =
        `${counted(texts, 'text')} with ${counted(tokens, 'token')} are waiting already; ` +
        'try again later.'
      reject(new WinnowError('queue_full', message, { details: { texts, tokens } }))
      return
    }
    signal?.addEventListener('abort', leave, { once: true })
    wake(state)
  })
}

async function submitWhenRoom(
  state: BatcherState,
  ids: Int32Array,
  signal: AbortSignal | undefined,
): Promise<{ readonly result: Promise<RowResult> }> {
  if (state.closed) throw closedError()
  if (signal?.aborted === true) throw callerLeft()
  if (state.waiters.size === 0 && state.queue.hasRoom(ids.length)) {
    return { result: submit(state, ids, signal) }
  }
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      state.waiters.delete(waiter)
      reject(callerLeft())
    }
    const waiter: Waiter = {
      tokens: ids.length,
      admit: () => {
        signal?.removeEventListener('abort', leave)
        resolve({ result: submit(state, ids, signal) })
      },
      reject,
    }
    state.waiters.add(waiter)
    signal?.addEventListener('abort', leave, { once: true })
  })
}

function closedError(): WinnowError {
  return new WinnowError('cancelled', 'The batcher is closed.')
}

/** The error for a caller whose signal aborted. */
export function callerLeft(): WinnowError {
  return new WinnowError(
    'cancelled',
    'The caller closed the connection before the text was in a batch.',
  )
}

/** Texts submitted in one turn of the event loop meet in the queue before a batch is formed. */
function wake(state: BatcherState): void {
  if (state.awake) return
  state.awake = true
  queueMicrotask(() => {
    state.awake = false
    dispatch(state)
  })
}

/** Gives the workers batches while they have room, then lets waiting callers submit. */
function dispatch(state: BatcherState): void {
  const { pool, queue } = state
  if (!pool.alive) {
    const error = new WinnowError(
      'worker_crashed',
      'No inference worker is running any more; restart the process.',
    )
    for (const { ticket } of queue.drain()) answer(ticket, { error })
  }
  for (;;) {
    admitWaiters(state)
    if (pool.room === 0) break
    const now = performance.now()
    const batch = queue.next(now)
    if (batch === undefined) break
    void runBatch(state, batch, now)
  }
  if (state.running === 0 && queue.texts === 0) state.idle?.()
}

function admitWaiters({ waiters, queue }: BatcherState): void {
  for (const waiter of waiters) {
    if (!queue.hasRoom(waiter.tokens)) return
    waiters.delete(waiter)
    waiter.admit()
  }
}

async function runBatch(
  state: BatcherState,
  batch: FormedBatch<Ticket>,
  formedAtMs: number,
): Promise<void> {
  const id = state.nextBatch++
  const padding = state.pool.shape.masksPadding
  state.running += 1
  try {
    const result = await state.pool.run(layOut(batch, padding))
    reportBatch(state, { id, batch, result, formedAtMs })
    const inferMs = performance.now() - formedAtMs
    for (const [index, { ticket, submittedAtMs }] of batch.texts.entries()) {
      const row = result.rows.subarray(index * result.width, (index + 1) * result.width)
      const queueMs = formedAtMs - submittedAtMs
      const { columns } = result
      answer(ticket, { result: { row, columns, queueMs, inferMs, batchId: id } })
    }
  } catch (cause) {
    const error =
      cause instanceof WinnowError
        ? cause
        : new WinnowError('session_failed', errorMessage(cause), { cause })
    for (const { ticket } of batch.texts) answer(ticket, { error })
  } finally {
    state.running -= 1
    wake(state)
  }
}

/** Copies the texts side by side: ids int32 [batch, tokens], padded at the end with id 0. */
function layOut({ texts, tokens }: FormedBatch<Ticket>, masksPadding: boolean): TokenBatch {
  const ids = new Int32Array(texts.length * tokens)
  for (const [index, { ticket }] of texts.entries()) ids.set(ticket.ids, index * tokens)
  const batch = { ids, batch: texts.length, tokens }
  if (!masksPadding) return batch
  return { ...batch, lengths: Int32Array.from(texts, ({ length }) => length) }
}

function reportBatch(
  state: BatcherState,
  run: { id: number; batch: FormedBatch<Ticket>; result: RunResult; formedAtMs: number },
): void {
  const { texts, tokens } = run.batch
  const oldest = texts[0]?.submittedAtMs ?? run.formedAtMs
  state.options.onBatch?.({
    id: run.id,
    size: texts.length,
    tokens: texts.reduce((sum, { length }) => sum + length, 0),
    paddedTokens: texts.length * tokens,
    waitMs: run.formedAtMs - oldest,
    runMs: run.result.runMs,
    worker: run.result.worker,
  })
}

function answer(ticket: Ticket, outcome: { result: RowResult } | { error: WinnowError }): void {
  ticket.stopListening()
  if ('result' in outcome) ticket.resolve(outcome.result)
  else ticket.reject(outcome.error)
}

async function close(state: BatcherState): Promise<void> {
  state.closed = true
  for (const waiter of state.waiters) waiter.reject(closedError())
  state.waiters.clear()
  if (state.running === 0 && state.queue.texts === 0) return
  await new Promise<void>((resolve) => {
    state.idle = resolve
  })
}
