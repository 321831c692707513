// Runs batches on a fixed number of inference threads. It starts, restarts and closes workers, and
// replaces one that does not answer; batcher.ts queues and groups texts.
import assert from 'node:assert/strict'
import type { Worker } from 'node:worker_threads'
import { WinnowError } from '../../schemas/errors.ts'
import { leaveTurn } from '../devices/device-turn.ts'
import { RunDeadlines } from './run-deadline.ts'
import { spawnThread, type SpawnThread } from './session-thread.ts'
import type {
  HeadColumns,
  HeadStart,
  PoolMessage,
  SessionShape,
  TokenBatch,
  WorkerMessage,
  WorkerStart,
} from './session-messages.ts'
import { raiseThread, type ThreadPriority } from '../runtime/thread-priority.ts'

export type PoolOptions = WorkerStart & {
  readonly workers: number
  /**
   * Batches a worker may hold: 1 keeps every other text free to join a better batch, 2 hides the
   * time this thread takes to answer a worker. Default 2.
   */
  readonly batchesPerWorkerMax?: number
  /** Restarts of one worker within `restartWindowMs` before it stays down. Default 3. */
  readonly restartsMax?: number
  /** Default 60,000. */
  readonly restartWindowMs?: number
  /**
   * Least time that a batch may run before its worker counts as hung; run-deadline.ts gives long
   * batches more. Default 60,000.
   */
  readonly hangMsMin?: number
  /** Called when a worker can take another batch. */
  readonly onRoom?: () => void
  /**
   * Time at the priority `loading`, after which threads that wait for an idle processor have waited
   * long enough. Default 700.
   */
  readonly loadingMsMax?: number
  /** Creates a thread; tests pass their own. */
  readonly spawn?: SpawnThread | undefined
  /** Takes each thread at closing, its model released; without it the threads end. */
  readonly keep?: ((thread: Worker) => void) | undefined
  /** Whether opening waits for all workers, or for one while the others follow. Default: all. */
  readonly readyWith?: 'all' | 'first' | undefined
}

/** The result of one run: rows float32 [batch, width] row-major. */
export type RunResult = {
  readonly rows: Float32Array
  readonly width: number
  /** Which columns belong to which head, if the pool has heads. */
  readonly columns?: readonly HeadColumns[] | undefined
  readonly runMs: number
  readonly worker: number
}

export type SessionPool = {
  readonly shape: SessionShape
  /** How many batches the workers can take now without waiting for each other. */
  readonly room: number
  /** False when every worker has crashed too often; `run` then always fails. */
  readonly alive: boolean
  /**
   * Runs one batch. Call only with `room`. Throws `session_failed` when the runtime refuses the
   * batch, `worker_crashed` when its thread ended under it, or when it hung on two threads. Other
   * batches are not touched by either.
   */
  run(batch: TokenBatch): Promise<RunResult>
  /**
   * Applies one more head in a pool that was opened with heads: to every batch that is run after
   * the call. Resolves when all workers have it; throws as opening does, and then no worker keeps
   * it.
   */
  attach(head: HeadStart): Promise<void>
  /** Drops a head from the batches that are run after the call. */
  detach(head: number): void
  /**
   * Ends the low priority of a pool that was opened as `loading`; it ends by itself after
   * `loadingMsMax`.
   */
  raisePriority(): void
  /**
   * Waits for the batches that run, then frees the model and ends the threads, or gives them back.
   */
  close(): Promise<void>
}

type PendingRun = {
  readonly batch: TokenBatch
  /** Whether a thread has hung with it. */
  hasHung: boolean
  readonly resolve: (result: RunResult) => void
  readonly reject: (error: WinnowError) => void
}

/** One worker and the runs it holds; `thread` is undefined while it is down. */
type Slot = {
  readonly index: number
  thread: Worker | undefined
  /** Settles when the thread has loaded the model, or cannot. */
  loading: Promise<unknown>
  /** Stops listening to the thread. */
  leave: () => void
  /** Called when the thread has freed its model, or has ended. */
  freed: () => void
  ready: boolean
  /** While the thread has a low priority: what raises it. */
  yielding: number | undefined
  /** In the order in which the thread runs them. */
  readonly pending: Map<number, PendingRun>
  /** Ends the watch over the first of them. */
  unwatch: () => void
  /** Heads that the thread is about to have; called with why not, if it cannot. */
  readonly attaching: Map<number, (error?: WinnowError) => void>
  readonly restartTimes: number[]
}

/**
 * Starts the workers and waits until each has loaded the model and run once, or the first of them.
 * Throws `model_incompatible` when the graph's inputs or outputs are not as expected, and
 * `session_failed` when the runtime cannot load it. The caller closes the pool.
 */
export async function openPool(options: PoolOptions): Promise<SessionPool> {
  assert.ok(options.workers >= 1)
  const slots = Array.from({ length: options.workers }, (_, index): Slot => ({
    index,
    thread: undefined,
    loading: Promise.resolve(),
    leave: () => undefined,
    freed: () => undefined,
    ready: false,
    yielding: undefined,
    pending: new Map(),
    unwatch: () => undefined,
    attaching: new Map(),
    restartTimes: [],
  }))
  const state: PoolState = {
    options,
    slots,
    deadlines: new RunDeadlines(options.hangMsMin ?? 60_000),
    waiting: [],
    priority: options.priority ?? 'normal',
    heads: options.heads && new Map(options.heads.map((one) => [one.head, one])),
    nextRun: 0,
    closing: false,
    drained: undefined,
  }
  if (state.priority === 'loading') {
    const { loadingMsMax = 700 } = options
    setTimeout(() => raisePriority(state), loadingMsMax).unref()
  }
  let shape: SessionShape
  try {
    const [first, ...others] = slots
    shape = await startWorker(state, first!)
    const following = startInTurn(state, others)
    // A worker that cannot start leaves the work to the others, like one that crashed.
    if (options.readyWith === 'first') following.catch(() => undefined)
    else await following
  } catch (error) {
    state.closing = true
    await Promise.all(slots.map(async (slot) => slot.thread?.terminate()))
    throw error
  }
  return {
    shape,
    get room() {
      const free = slots.reduce((sum, slot) => sum + roomOf(state, slot), 0)
      return Math.max(0, free - state.waiting.length)
    },
    get alive() {
      return slots.some((slot) => slot.thread !== undefined)
    },
    run: (batch) => run(state, batch),
    attach: (head) => attach(state, head),
    detach: (head) => detach(state, head),
    raisePriority: () => raisePriority(state),
    close: () => close(state),
  }
}

type PoolState = {
  readonly options: PoolOptions
  readonly slots: readonly Slot[]
  readonly deadlines: RunDeadlines
  /** Runs of a thread that hung, until another has room. */
  readonly waiting: PendingRun[]
  /** Of threads started from now on. */
  priority: ThreadPriority
  /** What threads that start from now on apply, if the pool has heads. */
  readonly heads: Map<number, HeadStart> | undefined
  nextRun: number
  closing: boolean
  /** Called after each run while closing. */
  drained: (() => void) | undefined
}

function roomOf({ options, closing }: PoolState, slot: Slot): number {
  if (closing || !slot.ready) return 0
  return Math.max(0, (options.batchesPerWorkerMax ?? 2) - slot.pending.size)
}

function run(state: PoolState, batch: TokenBatch): Promise<RunResult> {
  if (!isAlive(state)) return Promise.reject(noWorker())
  const slot = freest(state)
  assert.ok(slot !== undefined, 'run was called without room')
  return new Promise<RunResult>((resolve, reject) => {
    send(state, slot, { batch, hasHung: false, resolve, reject })
  })
}

function isAlive({ slots }: PoolState): boolean {
  return slots.some(({ thread }) => thread !== undefined)
}

function noWorker(): WinnowError {
  return new WinnowError(
    'worker_crashed',
    'Every inference worker crashed several times. Restart the process; see the messages before ' +
      'this one.',
  )
}

/** The slot with the most room; undefined when none has any. */
function freest(state: PoolState): Slot | undefined {
  const best = state.slots.reduce((best, next) =>
    roomOf(state, next) > roomOf(state, best) ? next : best,
  )
  return roomOf(state, best) > 0 ? best : undefined
}

/** Gives a thread a batch: a copy, since another thread may need it. A batch of ids is 2 kB. */
function send(state: PoolState, slot: Slot, pending: PendingRun): void {
  const message: PoolMessage = { kind: 'run', id: state.nextRun++, batch: pending.batch }
  slot.pending.set(message.id, pending)
  slot.thread!.postMessage(message)
  if (slot.pending.size === 1) watch(state, slot)
}

/** Watches over the batch that the thread of a slot runs now. */
function watch(state: PoolState, slot: Slot): void {
  slot.unwatch()
  const [first] = slot.pending.values()
  if (first === undefined) return
  const { batch, tokens } = first.batch
  slot.unwatch = state.deadlines.watch(batch * tokens, () => replaceHung(state, slot))
}

/**
 * Replaces a thread that does not answer. Its batches run again elsewhere, but the one that it ran
 * only once more. A thread that hangs inside the runtime cannot be ended and is left behind.
 */
function replaceHung(state: PoolState, slot: Slot): void {
  const { thread, pending } = slot
  const [first, ...behind] = pending.values()
  if (thread === undefined || first === undefined) return
  pending.clear()
  slot.leave()
  thread.on('error', () => undefined).unref()
  void thread.terminate()
  const error = new WinnowError('worker_crashed', 'An inference worker did not answer in time.')
  if (first.hasHung || state.closing) first.reject(error)
  else state.waiting.push({ ...first, hasHung: true })
  state.waiting.push(...behind)
  loseWorker(state, slot, error)
}

/** Gives waiting runs to threads with room; rejects them if no thread will come. */
function placeWaiting(state: PoolState): void {
  const { waiting, closing } = state
  if (closing || !isAlive(state)) {
    for (const { reject } of waiting.splice(0)) reject(noWorker())
  }
  for (let slot = freest(state); slot !== undefined; slot = freest(state)) {
    const next = waiting.shift()
    if (next === undefined) return
    send(state, slot, next)
  }
}

async function attach(state: PoolState, start: HeadStart): Promise<void> {
  const { heads, slots } = state
  assert.ok(heads !== undefined && !heads.has(start.head))
  heads.set(start.head, start)
  // A thread answers in the order of its messages, so it has the head before its next batch. One
  // that starts later gets it with its model.
  const answers = slots.flatMap((slot) => {
    const { thread } = slot
    if (thread === undefined) return []
    const answered = new Promise<void>((resolve, reject) => {
      slot.attaching.set(start.head, (error) => (error === undefined ? resolve() : reject(error)))
    })
    thread.postMessage({ kind: 'attach', start } satisfies PoolMessage)
    return [answered]
  })
  const failed = (await Promise.allSettled(answers)).find(({ status }) => status === 'rejected')
  if (failed?.status !== 'rejected') return
  detach(state, start.head)
  throw failed.reason
}

function detach({ heads, slots }: PoolState, head: number): void {
  heads?.delete(head)
  for (const { thread } of slots) {
    thread?.postMessage({ kind: 'detach', head } satisfies PoolMessage)
  }
}

function raisePriority(state: PoolState): void {
  if (state.priority === 'loading') state.priority = 'normal'
  for (const slot of state.slots) {
    if (slot.yielding !== undefined) raiseThread(slot.yielding)
    slot.yielding = undefined
  }
}

async function close(state: PoolState): Promise<void> {
  const busy = (): boolean =>
    state.waiting.length > 0 || state.slots.some((slot) => slot.pending.size > 0)
  state.closing = true
  if (busy()) {
    await new Promise<void>((resolve) => {
      state.drained = () => {
        if (!busy()) resolve()
      }
    })
  }
  await Promise.all(state.slots.map((slot) => endWorker(state, slot)))
}

async function endWorker({ options, priority }: PoolState, slot: Slot): Promise<void> {
  const { thread, loading } = slot
  if (thread === undefined) return
  // Terminated while the runtime loads a model, a thread takes the process with it: the runtime
  // throws a C++ exception (Napi::Error) that nothing catches, and abort() follows.
  await loading.catch(() => undefined)
  if (slot.thread !== thread) return
  // A background thread stays one, and one without a model is about to end.
  const isKept = options.keep !== undefined && priority !== 'background' && slot.ready
  const freed = new Promise<void>((resolve) => {
    slot.freed = resolve
  })
  thread.postMessage({ kind: isKept ? 'release' : 'close' } satisfies PoolMessage)
  await freed
  slot.yielding = undefined
  if (!isKept || slot.thread !== thread) return
  slot.thread = undefined
  slot.leave()
  options.keep(thread)
}

/** Loading needs about twice the memory that serving does, so workers load one after the other. */
async function startInTurn(state: PoolState, slots: readonly Slot[]): Promise<void> {
  for (const slot of slots) if (!state.closing) await startWorker(state, slot)
}

/** Starts a thread for the slot and resolves when its session is ready. */
function startWorker(state: PoolState, slot: Slot): Promise<SessionShape> {
  const { output, device, spawn = spawnThread } = state.options
  const { priority } = state
  const heads = state.heads && [...state.heads.values()]
  // All heads have the same encoder. The version that the pool was opened with may be deleted.
  const modelPath = heads?.[0]?.modelPath ?? state.options.modelPath
  const thread = spawn({ modelPath, output, device, priority, heads })
  const { threadId } = thread
  slot.thread = thread
  let crash: unknown
  const loading = new Promise<SessionShape>((resolve, reject) => {
    const onMessage = (message: WorkerMessage): void => {
      if (message.kind === 'ready') {
        slot.ready = true
        resolve(message.shape)
        placeWaiting(state)
        state.options.onRoom?.()
      } else if (message.kind === 'refused') {
        reject(new WinnowError(message.code, message.message, { details: { modelPath } }))
      } else if (message.kind === 'yielding') {
        slot.yielding = message.thread
        if (state.priority === 'normal') raisePriority(state)
      } else if (message.kind === 'released') slot.freed()
      else if (message.kind === 'attached' || message.kind === 'unattached') {
        settleHead(slot, message)
      } else settleRun(state, slot, message)
    }
    const onError = (error: unknown): void => {
      crash = error
    }
    const onExit = (exitCode: number): void => {
      const message = `An inference worker ended unexpectedly (exit ${exitCode}).`
      const error = new WinnowError('worker_crashed', message, { cause: crash })
      slot.yielding = undefined
      leaveTurn(threadId)
      reject(error)
      if (slot.thread === thread) loseWorker(state, slot, error)
      // The thread that takes its place starts with the head.
      for (const answered of slot.attaching.values()) answered()
      slot.attaching.clear()
      slot.freed()
    }
    thread.on('message', onMessage).on('error', onError).on('exit', onExit)
    slot.leave = () => {
      thread.off('message', onMessage).off('error', onError).off('exit', onExit)
    }
  })
  slot.loading = loading
  return loading
}

function settleRun(
  state: PoolState,
  slot: Slot,
  message: Extract<WorkerMessage, { kind: 'done' | 'failed' }>,
): void {
  const pending = slot.pending.get(message.id)
  assert.ok(pending !== undefined, 'a worker answered a run that nobody asked for')
  slot.pending.delete(message.id)
  watch(state, slot)
  if (message.kind === 'done') {
    const { rows, width, columns, runMs } = message
    state.deadlines.ended(pending.batch.batch * pending.batch.tokens, runMs)
    pending.resolve({ rows, width, columns, runMs, worker: slot.index })
  } else pending.reject(new WinnowError('session_failed', message.message))
  placeWaiting(state)
  state.drained?.()
  state.options.onRoom?.()
}

function settleHead(
  slot: Slot,
  message: Extract<WorkerMessage, { kind: 'attached' | 'unattached' }>,
): void {
  const answered = slot.attaching.get(message.head)
  slot.attaching.delete(message.head)
  if (message.kind === 'attached') answered?.()
  else answered?.(new WinnowError(message.code, message.message))
}

/** Fails the runs that a dead thread held, and starts another unless it dies too often. */
function loseWorker(state: PoolState, slot: Slot, error: WinnowError): void {
  const { restartsMax = 3, restartWindowMs = 60_000 } = state.options
  const wasReady = slot.ready
  slot.thread = undefined
  slot.ready = false
  slot.unwatch()
  for (const { reject } of slot.pending.values()) reject(error)
  slot.pending.clear()
  const now = performance.now()
  slot.restartTimes.push(now)
  while (slot.restartTimes.length > 0 && slot.restartTimes[0]! < now - restartWindowMs) {
    slot.restartTimes.shift()
  }
  const again = !state.closing && wasReady && slot.restartTimes.length <= restartsMax
  // A restart that fails ends its thread, which leads here again with `wasReady` false.
  if (again) startWorker(state, slot).catch(() => undefined)
  placeWaiting(state)
  state.drained?.()
  // The next `run` fails if no worker is left.
  state.options.onRoom?.()
}
