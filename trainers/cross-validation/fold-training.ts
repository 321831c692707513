// The contract between cross-validation and the training methods: what a fold is given, and what
// comes back. The methods are head-folds.ts and encoder-folds.ts.
import type { TrainEncoderProgress } from '../encoder/train-encoder.ts'
import type { TaskEvaluation } from '../evaluation/multi-label-evaluation.ts'
import type { TrainHeadProgress } from '../head/train-head.ts'
import type { TrainingMethod } from '../runs/run-record.ts'
import type { Fold } from './folds.ts'

/** Progress of a training inside of a fold, or of what all folds share. */
export type TrainingProgress = TrainHeadProgress | TrainEncoderProgress

/** A trained fold, judged on its test. */
export type FoldOutcome = {
  /** Float32 [tested, labels], as the published model would give them. */
  readonly probabilities: Float32Array
  /** From which probability on each label applies; of sets only. */
  readonly thresholds: readonly number[] | undefined
  readonly evaluation: TaskEvaluation
  /** What the training chose by itself, such as C or the best epoch. */
  readonly chosen: Readonly<Record<string, number>>
  /** Tokens that were trained on, special ones included, each as often as it was. */
  readonly tokens: number
}

/** One method with its options, ready to train fold after fold on one data set. */
export type FoldTrainer = {
  readonly method: TrainingMethod
  /** What is kept about the recipe. */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly trainFold: (
    fold: Fold,
    watch: {
      readonly onProgress: (progress: TrainingProgress) => void
      readonly signal?: AbortSignal | undefined
    },
  ) => Promise<FoldOutcome>
}
