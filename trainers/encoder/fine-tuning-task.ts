// What the training thread is given, what it says while it runs, and what comes back. All of it can
// be sent between threads. It owns no behaviour except the recipe's defaults.
import type { EncoderWeights } from '../../models/graph/weights/bert-weights.ts'
import type { Head } from '../../models/graph/encoder.ts'
import type { Pooling } from '../../models/graph/pooling.ts'
import type { LabelTruth } from '../data/dataset.ts'
import type { EncodedTexts } from '../embeddings/encoded-texts.ts'
import type { EpochReport } from '../evaluation/epoch-report.ts'
import type { ClassWeighting } from '../head/logistic-regression.ts'
import type { Snapshot } from './trained-state.ts'

/** The numbers of a training method. Rates are of AdamW, a step. */
export type Recipe = {
  readonly epochs: number
  readonly batchTexts: number
  /** Padded tokens a batch; batches of long texts hold fewer texts. */
  readonly batchTokensMax: number
  readonly encoderRate: number
  readonly headRate: number
  /** Factor on the rate for each layer further down. */
  readonly layerDecay: number
  readonly weightDecay: number
  /** Share of all steps in which rates rise from 0; afterwards they fall to 0. */
  readonly warmUpShare: number
  /** How they fall: evenly, or along half a cosine (Loshchilov and Hutter, arXiv:1608.03983). */
  readonly schedule: 'linear' | 'cosine'
  readonly clipNorm: number
  readonly dropout: number
  readonly labelSmoothing: number
  readonly classWeighting: ClassWeighting
  /**
   * How much the supervised contrastive loss counts beside the entropy, which counts 1. Above 0,
   * batches hold several texts of a label.
   */
  readonly contrastWeight: number
  /** Of the contrastive loss: what likenesses are divided by. */
  readonly contrastTemperature: number
  /**
   * Of products with weights of the layers: rounded to 8 bits in forward products and gradients of
   * their inputs, or float32. Validation and the written model are float32 with either.
   */
  readonly products: 'int8' | 'float32'
  /** Epochs without a better validation macro-F1 after which training stops. */
  readonly patienceEpochs: number
}

/** Good without tuning for encoders of the size of MiniLM. */
export const defaultRecipe: Recipe = {
  epochs: 5,
  batchTexts: 32,
  batchTokensMax: 4_096,
  encoderRate: 1.5e-4,
  headRate: 1e-3,
  layerDecay: 1,
  weightDecay: 0.01,
  warmUpShare: 0.1,
  schedule: 'linear',
  clipNorm: 1,
  dropout: 0.1,
  labelSmoothing: 0,
  classWeighting: 'none',
  contrastWeight: 0,
  contrastTemperature: 0.1,
  products: 'int8',
  patienceEpochs: 2,
}

/**
 * Of the method partial: fewer, larger steps than in full training, which come within a point of
 * its result in less than half of its time (docs/training.md).
 */
export const partialRecipe: Recipe = { ...defaultRecipe, epochs: 2, encoderRate: 2e-4 }

/** What computes the steps: ONNX Runtime, or TensorFlow.js where it is installed. */
export const trainingEngines = ['onnx', 'tfjs'] as const
export type TrainingEngine = (typeof trainingEngines)[number]

/**
 * Texts with the label index of each, int32 [texts], or their sets of labels, uint8 [texts,
 * labels].
 */
export type LabelledTexts = { readonly texts: EncodedTexts } & LabelTruth

export type FineTuningTask = {
  /** The base encoder. */
  readonly weights: EncoderWeights
  readonly normalize: boolean
  /** Default `mean`. */
  readonly pooling?: Pooling | undefined
  /** The head to start from. */
  readonly head: Head
  readonly frozenLayers: number
  readonly train: LabelledTexts
  readonly validation: LabelledTexts
  /** Texts of which the best weights' probabilities are wanted. */
  readonly asked: EncodedTexts
  /** float32 [labels]: how much an example of each label counts; not read with sets. */
  readonly classWeights: Float32Array
  readonly recipe: Recipe
  readonly seed: number
  /** Default `onnx`. */
  readonly engine?: TrainingEngine | undefined
  readonly threads: number
  /** Where states of frozen layers are kept, for later runs too. */
  readonly statesDir: string
  /** Default: states of each of the three lists of texts are kept by themselves. */
  readonly sharedStates?: SharedStates | undefined
  /** None are written without it. */
  readonly checkpoint?: CheckpointPlan | undefined
}

/**
 * All texts whose states of frozen layers are kept together, and the place among them of each text
 * of a task: folds of one data set compute the states once.
 */
export type SharedStates = {
  readonly texts: EncodedTexts
  /** Int32 [texts] each. */
  readonly train: Int32Array
  readonly validation: Int32Array
  readonly asked: Int32Array
}

/** Where a run's checkpoint is kept and when it is written; one that is there is taken up. */
export type CheckpointPlan = {
  readonly path: string
  /** Hashes of what the run depends on, by the name to show when one differs. */
  readonly identity: Readonly<Record<string, string>>
  /** Instead of by time. */
  readonly everySteps?: number | undefined
  /** Default 60 s, and longer where checkpoints would take over 2 % of the time. */
  readonly betweenMs?: number | undefined
}

/** What training says while it runs. */
export type FineTuningProgress =
  | { readonly kind: 'engine'; readonly engine: TrainingEngine; readonly runtime: string }
  | { readonly kind: 'freezing'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'step'
      /** From 1; `steps` can shrink when training stops early. */
      readonly step: number
      readonly steps: number
      readonly epoch: number
      readonly loss: number
      readonly tokensPerSecond: number
      readonly secondsLeft: number
    }
  | ({ readonly kind: 'epoch' } & EpochReport)

export type FineTuningResult = {
  /** What computed the steps, for people. */
  readonly runtime: string
  /** Of the best epoch. */
  readonly trained: Snapshot
  readonly bestEpoch: number
  readonly epochs: readonly EpochReport[]
  /**
   * float32 [validation texts, labels] and float32 [asked texts, labels], with the best weights.
   */
  readonly validationProbabilities: Float32Array
  readonly askedProbabilities: Float32Array
  readonly steps: number
  /** Tokens trained on, padding not counted, and the time that took. */
  readonly tokens: number
  readonly stepSeconds: number
}
