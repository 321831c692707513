// Opens the small graphs of matrix products that training a head runs thousands of times. What they
// compute is logistic-problem.ts and logistic-preconditioner.ts.
import * as ort from '../../models/runtime/onnx-runtime.ts'
import { WinnowError } from '../../schemas/errors.ts'

/**
 * Opens a graph of matrix products on `threads` threads (0: one a core). Throws WinnowError
 * `session_failed`.
 */
export async function openMatrixSession(
  bytes: Uint8Array,
  threads: number,
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, {
      intraOpNumThreads: threads,
      graphOptimizationLevel: 'basic',
      logSeverityLevel: 3,
      // Threads that spin between two short products starve whatever else runs on the machine.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    })
  } catch (cause) {
    throw new WinnowError('session_failed', 'The logistic regression graph did not load.', {
      cause,
    })
  }
}
