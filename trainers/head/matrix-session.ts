// Opens sessions for the small graphs that training a head runs thousands of times.
// logistic-problem.ts and logistic-preconditioner.ts build the graphs.
import * as ort from '../../models/runtime/onnx-runtime.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** Opens a session with `threads` threads, where 0 means one per core. Throws `session_failed`. */
export async function openMatrixSession(
  bytes: Uint8Array,
  threads: number,
): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, {
      intraOpNumThreads: threads,
      graphOptimizationLevel: 'basic',
      logSeverityLevel: 3,
      // Threads that spin between two short products take the CPU from everything else.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    })
  } catch (cause) {
    throw new WinnowError(
      'session_failed',
      'The graph of the logistic regression could not be loaded.',
      {
        cause,
      },
    )
  }
}
