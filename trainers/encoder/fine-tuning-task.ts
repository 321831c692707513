// The task of the training thread, its progress and its result. All of these types can be sent
// between threads. The only behaviour here is the defaults of the recipe.
import type { EncoderWeights } from '../../models/graph/weights/bert-weights.ts'
import type { Head } from '../../models/graph/encoder.ts'
import type { Pooling } from '../../models/graph/pooling.ts'
import type { LabelTruth } from '../data/dataset.ts'
import type { EncodedTexts } from '../embeddings/encoded-texts.ts'
import type { EpochReport, StepLoss } from '../evaluation/epoch-report.ts'
import type { ClassWeighting } from '../head/logistic-regression.ts'
import type { Snapshot } from './trained-state.ts'

/** The hyperparameters of fine-tuning. */
export type Recipe = {
  readonly epochs: number
  readonly batchTexts: number
  /** Padded tokens per batch; batches of long texts hold fewer texts. */
  readonly batchTokensMax: number
  /** The peak learning rate of AdamW for the encoder. */
  readonly encoderRate: number
  /** The peak learning rate of AdamW for the head. */
  readonly headRate: number
  /** What the rate of each layer is multiplied by to give the rate of the layer below. */
  readonly layerDecay: number
  readonly weightDecay: number
  /** The fraction of all steps in which rates rise from 0; afterwards they fall to 0. */
  readonly warmUpShare: number
  /**
   * How rates fall: linearly, or by a half cosine (Loshchilov and Hutter 2017, arXiv:1608.03983).
   */
  readonly schedule: 'linear' | 'cosine'
  readonly clipNorm: number
  readonly dropout: number
  readonly labelSmoothing: number
  readonly classWeighting: ClassWeighting
  /**
   * The weight of the supervised contrastive loss; the cross-entropy has weight 1. Above 0, batches
   * hold several texts of each label.
   */
  readonly contrastWeight: number
  /** The temperature of the contrastive loss, which divides cosine similarities. */
  readonly contrastTemperature: number
  /**
   * The type of the products with layer weights in forward passes and input gradients. Validation
   * and the written model are float32 in either case.
   */
  readonly products: 'int8' | 'float32'
  /** Training stops after this many epochs without a better validation macro-F1. */
  readonly patienceEpochs: number
}

/**
 * The recipe of the method full; it suits encoders of the size of MiniLM without tuning. Its
 * patience is as long as its epochs: rates fall until the last step, and a run that ends before has
 * not settled (bench/RESULTS.md, "Early stopping").
 */
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
  patienceEpochs: 5,
}

/**
 * The recipe of the method partial: fewer, larger steps than full training. They come within a
 * point of its result in less than half of its time (docs/training.md).
 */
export const partialRecipe: Recipe = { ...defaultRecipe, epochs: 2, encoderRate: 2e-4 }

/** What computes the steps: ONNX Runtime, or TensorFlow.js if it is installed. */
export const trainingEngines = ['onnx', 'tfjs'] as const
export type TrainingEngine = (typeof trainingEngines)[number]

/**
 * Texts with the label index of each, int32 [texts], or their label sets, uint8 [texts, labels].
 */
export type LabelledTexts = { readonly texts: EncodedTexts } & LabelTruth

/** What several trainings can share: encoder, texts and machine. */
export type TrainingMaterial = {
  /** The base encoder. */
  readonly weights: EncoderWeights
  readonly normalize: boolean
  /** Default `mean`. */
  readonly pooling?: Pooling | undefined
  /** The head to start from. */
  readonly head: Head
  readonly train: LabelledTexts
  readonly validation: LabelledTexts
  /** Texts that the best weights are applied to in the end. */
  readonly toPredict: EncodedTexts
  readonly seed: number
  /** Default `onnx`. */
  readonly engine?: TrainingEngine | undefined
  readonly threads: number
  /** The folder for cached hidden states of frozen layers, which later runs use too. */
  readonly statesDir: string
  /** Default: states of each of the three lists of texts are kept by themselves. */
  readonly sharedStates?: SharedStates | undefined
}

/** How one training differs from others on the same material. */
export type TrainingPlan = {
  readonly frozenLayers: number
  /** float32 [labels]: how much an example of each label counts; ignored for multi-label texts. */
  readonly classWeights: Float32Array
  readonly recipe: Recipe
  /** Without it, no checkpoints are written. */
  readonly checkpoint?: CheckpointPlan | undefined
}

/** Everything that a fine-tuning run depends on. */
export type FineTuningTask = TrainingMaterial & TrainingPlan

/**
 * All texts whose states of frozen layers are kept together, and the place among them of each text
 * of a task: folds of one data set compute the states once.
 */
export type SharedStates = {
  readonly texts: EncodedTexts
  /** Int32 [texts] each. */
  readonly train: Int32Array
  readonly validation: Int32Array
  readonly toPredict: Int32Array
}

/** Where a run's checkpoint is and when it is written. A run continues from an existing one. */
export type CheckpointPlan = {
  readonly path: string
  /** The hashes of the run's inputs, by the name that is shown if one differs. */
  readonly identity: Readonly<Record<string, string>>
  /** Steps between checkpoints, in place of a time. */
  readonly everySteps?: number | undefined
  /** Default 60 s, or longer if checkpoints would take more than 2 % of the time. */
  readonly betweenMs?: number | undefined
}

/** A progress report of training. */
export type FineTuningProgress =
  | { readonly kind: 'engine'; readonly engine: TrainingEngine; readonly runtime: string }
  | { readonly kind: 'freezing'; readonly done: number; readonly total: number }
  | {
      readonly kind: 'step'
      /** Counts from 1. `steps` is an upper bound, because training may stop early. */
      readonly step: number
      readonly steps: number
      readonly epoch: number
      readonly loss: number
      readonly tokensPerSecond: number
      readonly secondsLeft: number
    }
  | ({ readonly kind: 'epoch' } & EpochReport)

/** The best weights of a run, and what they predict. */
export type FineTuningResult = {
  /** What computed the steps, for users. */
  readonly runtime: string
  /** The weights of the best epoch. */
  readonly trained: Snapshot
  readonly bestEpoch: number
  readonly epochs: readonly EpochReport[]
  /** The training loss on the way, at most a few hundred entries. */
  readonly losses: readonly StepLoss[]
  /**
   * float32 [validation texts, labels] and float32 [predicted texts, labels], with the best
   * weights.
   */
  readonly validationProbabilities: Float32Array
  readonly predictedProbabilities: Float32Array
  readonly steps: number
  /** Tokens trained on, without padding, and the time of these steps. */
  readonly tokens: number
  readonly stepSeconds: number
}
