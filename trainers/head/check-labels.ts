// Checks the labels of a data set without publishing a model: embeds the texts with the frozen
// encoder, fits a head per fold, and judges the labels by the held-out predictions.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Base } from '../../models/bases/base-store.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { labelTruth, trainingLabels, type Dataset } from '../data/dataset.ts'
import type { EmbeddingProgress } from '../embeddings/embed-texts.ts'
import type { PooledLayers } from '../../models/graph/encoder.ts'
import { openFrozenEncoder } from '../embeddings/frozen-encoder.ts'
import { heldOutByStrength } from './logistic-regression.ts'
import { duplicateKey, stratifiedFolds } from '../data/split.ts'
import { fitLabelNoise } from '../labels/label-noise.ts'
import { fitLabelSetNoise } from '../labels/label-set-noise.ts'
import { reportLabels, type LabelReport } from '../labels/suspicious-labels.ts'
import type { LabelledFeatures } from './logistic-problem.ts'
import { checkedMaxTokens, checkedSeed } from '../embeddings/training-limits.ts'

/** There are more folds than for choosing C, so that each head sees nearly all examples. */
const folds = 5
/**
 * The values of C to try. One that overfits explains every wrong label, and one that underfits
 * doubts every right one.
 */
const singleGrid = [0.3, 1, 3, 10] as const
/** One regression per label sees few examples of it, and needs less regularisation. */
const setGrid = [3, 10, 30] as const

/**
 * The layers that the heads see. Every layer tells the parts of a text with several labels better
 * apart: of wrong sets, 0.65 instead of 0.47 are found, at higher precision. For single labels, the
 * last one finds as many at a seventh of the memory (bench/RESULTS.md).
 */
export function judgedLayers(task: 'single-label' | 'multi-label'): PooledLayers {
  return task === 'multi-label' ? 'every' : 'last'
}

/** The options of `checkLabels`. */
export type CheckLabelsOptions = {
  readonly dataset: Dataset
  readonly base: Base
  readonly storeDir: string
  /** Default 1. */
  readonly seed?: number | undefined
  readonly maxTokens?: number | undefined
  /** The number of threads. Default: one per core. */
  readonly workers?: number | undefined
  readonly onProgress?: ((progress: EmbeddingProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Checks every label with heads that did not see the example.
 *
 * @throws WinnowError `dataset_invalid` if there is only one label or one distinct text;
 * `cancelled`; and the errors of the encoder.
 */
export async function checkLabels(options: CheckLabelsOptions): Promise<LabelReport> {
  const { dataset, base, storeDir, signal, onProgress } = options
  const labels = trainingLabels(dataset)
  const texts = dataset.examples.map(({ text }) => text)
  const distinctTexts = new Set(texts.map(duplicateKey)).size
  if (distinctTexts < 2) {
    throw new WinnowError(
      'dataset_invalid',
      `${dataset.manifest.source} has only one distinct text; checking labels takes at least two.`,
    )
  }
  const task = dataset.manifest.task ?? 'single-label'
  const encoder = await openFrozenEncoder({
    base,
    cacheDir: join(storeDir, 'embeddings'),
    maxTokens: checkedMaxTokens(base, options.maxTokens),
    workers: options.workers ?? availableParallelism(),
    pooledLayers: judgedLayers(task),
  })
  const { rows, width } = await encoder
    .embed(texts, { onProgress, signal })
    .finally(() => encoder.close())
  const seed = checkedSeed(options.seed)
  const probabilities = await judgingProbabilities(
    {
      features: { rows, count: texts.length, width },
      labels: labels.length,
      ...labelTruth(dataset, { labels, task }),
    },
    {
      foldOf: stratifiedFolds(dataset.examples, { folds: Math.min(folds, distinctTexts), seed }),
      signal,
    },
  )
  return reportLabels(dataset, { labels, probabilities })
}

/**
 * The probabilities by which labels are judged, float32 [examples, labels]: each row from a head
 * that was fitted without the row's fold. Of all values of C, the one is chosen with which the
 * given labels are the most likely under the model of their noise, since the labels themselves
 * cannot be trusted as a measure.
 *
 * @throws WinnowError `training_diverged`, `cancelled`, `session_failed`.
 */
export async function judgingProbabilities(
  training: LabelledFeatures,
  options: { foldOf: Int32Array; signal?: AbortSignal | undefined },
): Promise<Float32Array> {
  const { labels, truth, targets } = training
  const grid = truth === undefined ? setGrid : singleGrid
  let best: { probabilities: Float32Array; logLikelihood: number } | undefined
  for await (const probabilities of heldOutByStrength({ training, grid, ...options })) {
    const { logLikelihood } =
      truth === undefined
        ? fitLabelSetNoise({ targets, probabilities, labels })
        : fitLabelNoise({ truth, probabilities, labels })
    if (best !== undefined && logLikelihood <= best.logLikelihood) break
    best = { probabilities, logLikelihood }
  }
  return best!.probabilities
}
