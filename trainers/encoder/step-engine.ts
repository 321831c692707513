// What runs the graphs of training: the port between the method (fine-tuning.ts) and a runtime. It
// owns the contract and what failures are called; onnx-step-engine.ts and tfjs-step-engine.ts are
// its implementations.
import type { Tensor } from 'onnxruntime-node'
import type { AdamSettings } from '../../models/graph/adamw/adamw.ts'
import type { TensorGraph } from '../../models/graph/tensors/tensor-graph.ts'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'

/** Tensors by the names of a graph's inputs or outputs. */
export type NamedTensors = Readonly<Record<string, Tensor>>

/**
 * Both calls read `feeds` and write the outputs named in `fetches` over the elements of its
 * tensors, which may be those of a feed: an output that overwrites an input is complete only when
 * nothing reads that input any more. One call at a time.
 */
export type StepEngine = {
  /** What computes, for people: a backend and what it makes use of. */
  readonly runtime: string
  /** Runs the graph of `buildTrainingStep`. */
  readonly step: (feeds: NamedTensors, fetches: NamedTensors) => Promise<void>
  /** Runs the graph of `buildMeasuring`. */
  readonly predict: (feeds: NamedTensors, fetches: NamedTensors) => Promise<void>
  /** Zeroed elements in memory where the engine changes weights and moments fastest. */
  readonly floats?: (count: number) => Float32Array
  /** Frees what the graphs hold. */
  readonly close: () => Promise<void>
}

/** The graphs of one training run; their weights are inputs, so engines keep none. */
export type StepGraphs = {
  /**
   * Of `buildTrainingStep`; `gradients` is the same up to the update, whose constants are `adam`.
   */
  readonly step: TensorGraph
  readonly gradients: TensorGraph
  readonly adam: AdamSettings
  readonly measuring: TensorGraph
}

/** How steps are computed; engines may ignore `products`, which they then do not name. */
export type StepEngineOptions = {
  readonly threads: number
  /** Of products with weights of the layers, in steps: rounded to 8 bits, or as they are. */
  readonly products: 'int8' | 'float32'
}

/** Opens an engine for the graphs. */
export type OpenStepEngine = (graphs: StepGraphs, options: StepEngineOptions) => Promise<StepEngine>

/** What to say when an engine fails on a batch: `memory_exhausted` or `session_failed`. */
export function stepFailure(
  cause: unknown,
  at: { during: string; batch: number; tokens: number },
): WinnowError {
  const where = `${at.during} with ${at.batch} texts of ${at.tokens} tokens`
  if (!isAllocationFailure(cause)) {
    const message = `The runtime failed in ${where}: ${errorMessage(cause)}`
    return new WinnowError('session_failed', message, { cause, details: at })
  }
  const message = `There is too little memory for ${where}. Lower --batch, --batch-tokens or --max-tokens.`
  return new WinnowError('memory_exhausted', message, { cause, details: at })
}

/**
 * Neither ONNX Runtime nor V8 gives a failure of memory a type or a code, so the words are all
 * there is: "bad allocation", "std::bad_alloc", "Failed to allocate memory for requested buffer",
 * "Array buffer allocation failed".
 */
function isAllocationFailure(cause: unknown): boolean {
  return cause instanceof Error && /alloc|out of memory/i.test(cause.message)
}
