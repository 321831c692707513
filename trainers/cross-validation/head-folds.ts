// The method head in cross-validation: all texts are embedded once, and each fold chooses C, fits
// and calibrates as `trainHead` does on its training examples alone.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Base } from '../../models/bases/base-store.ts'
import type { PooledLayers } from '../../models/graph/encoder.ts'
import { datasetPart, labelTruth, type Dataset } from '../data/dataset.ts'
import { openFrozenEncoder } from '../embeddings/frozen-encoder.ts'
import { checkedMaxTokens } from '../embeddings/training-limits.ts'
import { evaluateClassifier } from '../evaluation/evaluate-classifier.ts'
import { headProbabilities } from '../head/head-probabilities.ts'
import { trainLogisticRegression } from '../head/logistic-regression.ts'
import { innerFolds } from '../head/train-head.ts'
import type { FoldTrainer, TrainingProgress } from './fold-training.ts'

/** Folds inside of each fold on which C is chosen, as many as `trainHead` has. */
const folds = 3

export type HeadFoldsOptions = {
  readonly dataset: Dataset
  /** All labels of the data set, in the order of the probabilities. */
  readonly labels: readonly string[]
  readonly base: Base
  readonly storeDir: string
  readonly maxTokens?: number | undefined
  /** Default `every`. */
  readonly pooledLayers?: PooledLayers | undefined
  /** Threads. Default: one per core. */
  readonly workers?: number | undefined
  readonly onProgress?: ((progress: TrainingProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Embeds the data set and gives the trainer of its folds, which holds the embeddings.
 *
 * @throws WinnowError `cancelled`, and what the encoder throws.
 */
export async function openHeadFolds(options: HeadFoldsOptions): Promise<FoldTrainer> {
  const { dataset, labels, base, signal, pooledLayers = 'every' } = options
  const maxTokens = checkedMaxTokens(base, options.maxTokens)
  const encoder = await openFrozenEncoder({
    base,
    cacheDir: join(options.storeDir, 'embeddings'),
    maxTokens,
    workers: options.workers ?? availableParallelism(),
    pooledLayers,
  })
  const embedded = await encoder
    .embed(
      dataset.examples.map(({ text }) => text),
      {
        signal,
        onProgress: (progress) =>
          options.onProgress?.({ kind: 'embedding', part: 'train', ...progress }),
      },
    )
    .finally(() => encoder.close())
  const { rows, width } = embedded
  const task = dataset.manifest.task ?? 'single-label'
  return {
    method: 'head',
    parameters: { base: base.name, maxTokens, pooledLayers, searchFolds: folds },
    async trainFold(fold, { onProgress, signal: stop }) {
      const train = datasetPart(dataset, fold.train, 'train')
      const test = datasetPart(dataset, fold.test, 'test')
      const truth = labelTruth(train, { labels, task })
      const features = {
        rows: chosenRows(rows, width, fold.train),
        count: fold.train.length,
        width,
      }
      const foldOf = innerFolds(train, { folds, seed: fold.seed })
      const fit = await trainLogisticRegression({
        training: { features, labels: labels.length, ...truth },
        foldOf,
        signal: stop,
        onFit: (progress) => onProgress({ kind: 'fitting', ...progress }),
      })
      const link = task === 'multi-label' ? 'sigmoid' : 'softmax'
      const probabilities = headProbabilities(chosenRows(rows, width, fold.test), fit.head, link)
      const evaluated = evaluateClassifier({
        head: fit.head,
        labels,
        seed: fold.seed,
        heldOut: {
          examples: train.examples,
          ...truth,
          probabilities: fit.heldOutProbabilities,
          foldOf,
        },
        test: { examples: test.examples, ...labelTruth(test, { labels, task }), probabilities },
      })
      return {
        probabilities: evaluated.calibrate(probabilities),
        thresholds: evaluated.thresholds,
        evaluation: evaluated.evaluation,
        chosen: { inverseRegularisation: fit.inverseRegularisation },
        tokens: fold.train.reduce((sum, index) => sum + embedded.tokens[index]!, 0),
      }
    },
  }
}

/** Float32 [indices, width]: copies of some rows. */
function chosenRows(rows: Float32Array, width: number, indices: Int32Array): Float32Array {
  const chosen = new Float32Array(indices.length * width)
  for (const [place, index] of indices.entries()) {
    chosen.set(rows.subarray(index * width, (index + 1) * width), place * width)
  }
  return chosen
}
