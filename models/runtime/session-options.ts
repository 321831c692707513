// The options of ONNX Runtime sessions. They are a file of their own so that a thread can import
// them without becoming an inference worker.
import type { InferenceSession } from 'onnxruntime-node'

/** Entries of the runtime's own configuration that have no named option. */
export const sessionConfig = { intra_op: { allow_spinning: '0' } }

/**
 * One thread per session: parallelism comes from several workers. `basic` keeps the runtime's
 * SkipLayerNormalization fusion off, whose CPU kernel is slower than Add + LayerNormalization.
 * Memory patterns are planned per input shape and never dropped, so with varying lengths they
 * would only grow.
 */
export const sessionOptions: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  graphOptimizationLevel: 'basic',
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  enableMemPattern: false,
  enableCpuMemArena: true,
  // The pool reports failures; the runtime's own lines on stderr would repeat them.
  logSeverityLevel: 4,
  extra: { session: sessionConfig },
}
