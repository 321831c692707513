// Starts the threads of inference, also one ahead of time: it loads the runtime while its model is still being
// looked for and checked. What a thread does is session-worker.ts; which one gets a batch is pool.ts.
import { Worker } from 'node:worker_threads'
import type { PoolMessage, WorkerStart } from './session-messages.ts'

/** Starts a thread for a model. */
export type SpawnThread = (start: WorkerStart) => Worker

// Compiled to JavaScript, the worker's script ends in .js as this file does.
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const script = new URL(`./session-worker.${extension}`, import.meta.url)

/** A thread that loads its model at once; without `start`, when it is told which. */
export function spawnThread(start?: WorkerStart): Worker {
  // The thread makes little garbage: tensors are outside its heap. A small young generation keeps
  // some 20 MB a thread that a larger one would hold on to.
  return new Worker(script, { workerData: start, resourceLimits: { maxYoungGenerationSizeMb: 4 } })
}

export type SpareThread = {
  /** Gives the spare thread out once, then starts others. */
  readonly spawn: SpawnThread
  /** Ends the spare thread if nobody took it. */
  close(): Promise<void>
}

/** Starts a thread ahead of time. It does not keep the process alive; the caller closes it. */
export function startSpareThread(): SpareThread {
  let spare: Worker | undefined = spawnThread()
  spare.unref()
  // One that fails before it is needed is replaced by one that can say why.
  const forget = (): void => {
    spare = undefined
  }
  spare.once('error', forget).once('exit', forget)
  return {
    spawn(start) {
      const thread = spare
      if (thread === undefined) return spawnThread(start)
      thread.off('error', forget).off('exit', forget)
      spare = undefined
      thread.ref()
      thread.postMessage(start)
      return thread
    },
    async close() {
      const thread = spare
      spare = undefined
      if (thread === undefined) return
      const ended = new Promise((resolve) => thread.once('exit', resolve))
      // Not terminated, which a thread that loads the runtime may answer with abort(): see pool.ts.
      thread.ref()
      thread.postMessage({ kind: 'close' } satisfies PoolMessage)
      await ended
    },
  }
}
