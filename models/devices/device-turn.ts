// Lets one thread of the process at a time use WebGPU. Two sessions that run at once crash the
// process, because ONNX Runtime 1.30 gives all of them one command encoder (measured: a
// segmentation fault in the first seconds; onnxruntime issues 27592 and 32561).
import { threadId } from 'node:worker_threads'
import { WinnowError } from '../../schemas/errors.ts'

/**
 * Who uses WebGPU: 0 for nobody, or one more than the thread's id. All pools of the process share
 * it, as they share the runtime's context.
 */
const turn = new SharedArrayBuffer(4)

/** The turn of this process, for threads that get it with their model. */
export function deviceTurn(): SharedArrayBuffer {
  return turn
}

/** A batch takes less; who waits longer waits for a thread that hangs. */
const waitMsMax = 120_000

/**
 * Runs `work` while no other thread does so; waiting blocks this thread. Throws `session_failed`
 * after two minutes.
 */
export async function inTurn<Result>(
  shared: SharedArrayBuffer,
  work: () => Promise<Result>,
): Promise<Result> {
  const holder = new Int32Array(shared)
  const deadlineMs = performance.now() + waitMsMax
  for (;;) {
    const other = Atomics.compareExchange(holder, 0, 0, threadId + 1)
    if (other === 0) break
    const waited = Atomics.wait(holder, 0, other, deadlineMs - performance.now())
    if (waited === 'timed-out') {
      throw new WinnowError('session_failed', 'Another batch has used the GPU for two minutes.')
    }
  }
  try {
    return await work()
  } finally {
    leaveTurn(threadId, shared)
  }
}

/** Frees the turn if the thread has it; also for a thread that ended in the middle of its work. */
export function leaveTurn(thread: number, shared = turn): void {
  const holder = new Int32Array(shared)
  const held = Atomics.compareExchange(holder, 0, thread + 1, 0)
  if (held === thread + 1) Atomics.notify(holder, 0)
}
