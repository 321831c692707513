// Starts and keeps the threads of inference. One is started ahead of time, so that the runtime
// loads while the model is being found; threads of a freed model are kept warm for the next.
// session-worker.ts runs in them, pool.ts gives them batches.
import { Worker } from 'node:worker_threads'
import type { PoolMessage, WorkerStart } from './session-messages.ts'

/** Starts a thread for a model. */
export type SpawnThread = (start: WorkerStart) => Worker

// Compiled to JavaScript, the worker's script ends in .js as this file does.
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const script = new URL(`./session-worker.${extension}`, import.meta.url)

/** A thread that loads its model at once. */
export function spawnThread(start: WorkerStart): Worker {
  return loadOn(startThread(), start)
}

function startThread(): Worker {
  // The thread makes little garbage, since tensors are outside its heap. A small young generation
  // saves about 20 MB per thread.
  return new Worker(script, { resourceLimits: { maxYoungGenerationSizeMb: 4 } })
}

function loadOn(thread: Worker, start: WorkerStart): Worker {
  thread.postMessage({ kind: 'load', start } satisfies PoolMessage)
  return thread
}

/** Threads without a model. They do not keep the process alive; the caller closes them. */
export type SpareThreads = {
  /** Returns a spare thread, or a new one. */
  readonly spawn: SpawnThread
  /** Takes a thread whose model is released; ends it when enough are kept. */
  readonly keep: (thread: Worker) => void
  /** Ends the threads that nobody took. */
  close(): Promise<void>
}

/**
 * Starts one thread ahead of time. `keptMax` of those given back are kept (default none): starting
 * one takes 0.2 s of CPU time, which a swap of models under load need not spend.
 */
export function startSpareThreads({ keptMax = 0 } = {}): SpareThreads {
  const spares = new Map<Worker, () => void>()
  const ending = new Set<Promise<unknown>>()
  let isClosed = false
  const hold = (thread: Worker): void => {
    thread.unref()
    // A thread that fails before it is needed is replaced by one whose failure can be reported.
    const forget = (): void => void spares.delete(thread)
    thread.once('error', forget).once('exit', forget)
    spares.set(thread, forget)
  }
  const take = (): Worker | undefined => {
    const [next] = spares
    if (next === undefined) return undefined
    const [thread, forget] = next
    spares.delete(thread)
    thread.off('error', forget).off('exit', forget).ref()
    return thread
  }
  const end = (thread: Worker): void => {
    const ended = new Promise((resolve) => thread.once('exit', resolve))
    ending.add(ended)
    void ended.then(() => ending.delete(ended))
    // Not terminated, since a thread that loads the runtime may call abort() then: see pool.ts.
    thread.postMessage({ kind: 'close' } satisfies PoolMessage)
  }
  hold(startThread())
  return {
    spawn: (start) => loadOn(take() ?? startThread(), start),
    keep(thread) {
      if (isClosed || spares.size >= keptMax) end(thread)
      else hold(thread)
    },
    async close() {
      isClosed = true
      for (let thread = take(); thread !== undefined; thread = take()) end(thread)
      await Promise.all(ending)
    },
  }
}
