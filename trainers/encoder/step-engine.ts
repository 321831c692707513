// The port between the training method (fine-tuning.ts) and the runtime that runs its graphs. It
// owns the contract and the errors; onnx-step-engine.ts and tfjs-step-engine.ts implement it.
import type { Tensor } from 'onnxruntime-node'
import type { AdamSettings } from '../../models/graph/adamw/adamw.ts'
import type { TensorGraph } from '../../models/graph/tensors/tensor-graph.ts'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'

/** Tensors by the names of the graph's inputs or outputs. */
export type NamedTensors = Readonly<Record<string, Tensor>>

/**
 * `step` and `predict` read `feeds` and write the outputs named in `fetches` into the tensors
 * there. An output may overwrite an input: it is written only after everything has read that input.
 * Only one call may run at a time. `close` frees the graphs.
 */
export type StepEngine = {
  /** The backend and its features, for users. */
  readonly runtime: string
  /** Runs the graph of `buildTrainingStep`. */
  readonly step: (feeds: NamedTensors, fetches: NamedTensors) => Promise<void>
  /** Runs the graph of `buildEvaluation`. */
  readonly predict: (feeds: NamedTensors, fetches: NamedTensors) => Promise<void>
  /** Allocates zeroed elements in the memory that the engine updates fastest. */
  readonly floats?: (count: number) => Float32Array
  /** Frees the graphs and their memory. */
  readonly close: () => Promise<void>
}

/** The graphs of one training run. Weights are inputs, so engines store none. */
export type StepGraphs = {
  /** From `buildTrainingStep`. */
  readonly step: TensorGraph
  /** From `buildGradients`: the same without the update. */
  readonly gradients: TensorGraph
  /** The constants of the update. */
  readonly adam: AdamSettings
  /** From `buildEvaluation`. */
  readonly evaluation: TensorGraph
}

/** How steps are computed. An engine may ignore `products`; its `runtime` then does not name it. */
export type StepEngineOptions = {
  readonly threads: number
  /** The type of products with layer weights in training steps. */
  readonly products: 'int8' | 'float32'
}

/** Opens an engine for the graphs. */
export type OpenStepEngine = (graphs: StepGraphs, options: StepEngineOptions) => Promise<StepEngine>

/** The error for an engine that failed on a batch: `memory_exhausted` or `session_failed`. */
export function stepFailure(
  cause: unknown,
  at: { during: string; batch: number; tokens: number },
): WinnowError {
  const where = `${at.during} with ${at.batch} texts of ${at.tokens} tokens`
  if (!isAllocationFailure(cause)) {
    const message = `The runtime failed in ${where}: ${errorMessage(cause)}`
    return new WinnowError('session_failed', message, { cause, details: at })
  }
  const message = `There is not enough memory for ${where}. Lower --batch, --batch-tokens or --max-tokens.`
  return new WinnowError('memory_exhausted', message, { cause, details: at })
}

/**
 * Whether an allocation failed. Neither ONNX Runtime nor V8 gives such an error a type or a code,
 * so only the message shows it: "bad allocation", "std::bad_alloc", "Failed to allocate memory for
 * requested buffer", "Array buffer allocation failed".
 */
function isAllocationFailure(cause: unknown): boolean {
  return cause instanceof Error && /alloc|out of memory/i.test(cause.message)
}
