// The methods partial and full in cross-validation: each fold is fine-tuned as `trainEncoder` does,
// with its own starting head, validation and best epoch. Embeddings and states of frozen layers are
// computed once for all folds.
import type { Base } from '../../models/bases/base-store.ts'
import { checkedMaxTokens } from '../embeddings/training-limits.ts'
import { datasetPart, type Dataset } from '../data/dataset.ts'
import type { GivenRecipe } from '../encoder/few-examples.ts'
import type { TrainingEngine } from '../encoder/fine-tuning-task.ts'
import type { EncoderMethod } from '../encoder/prepared-training.ts'
import { trainEncoderOnly } from '../encoder/train-encoder.ts'
import type { FoldTrainer } from './fold-training.ts'

export type EncoderFoldsOptions = {
  readonly dataset: Dataset
  /** All labels of the data set, in the order of the probabilities. */
  readonly labels: readonly string[]
  readonly base: Base
  readonly method: EncoderMethod
  /** What is other than the default. */
  readonly recipe?: GivenRecipe | undefined
  readonly engine?: TrainingEngine | undefined
  readonly storeDir: string
  readonly maxTokens?: number | undefined
  /** Threads. Default: one per core. */
  readonly workers?: number | undefined
}

/** The trainer of the folds; nothing is computed before the first. */
export function encoderFolds(options: EncoderFoldsOptions): FoldTrainer {
  const { dataset, labels, base, method, recipe, engine = 'onnx', storeDir, workers } = options
  const maxTokens = checkedMaxTokens(base, options.maxTokens)
  return {
    method: method.kind,
    parameters: { base: base.name, maxTokens, engine, ...method, ...recipe },
    async trainFold(fold, { onProgress, signal }) {
      const { evaluated, result, testProbabilities } = await trainEncoderOnly({
        train: datasetPart(dataset, fold.train, 'train'),
        test: datasetPart(dataset, fold.test, 'test'),
        dataset,
        labels,
        base,
        method,
        recipe,
        engine,
        storeDir,
        maxTokens,
        workers,
        seed: fold.seed,
        name: 'cv',
        onProgress,
        signal,
      })
      return {
        probabilities: evaluated.calibrate(testProbabilities),
        thresholds: evaluated.thresholds,
        evaluation: evaluated.evaluation,
        chosen: { bestEpoch: result.bestEpoch },
        tokens: result.tokens,
      }
    },
  }
}
