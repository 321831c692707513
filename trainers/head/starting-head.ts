// The encoder and the head that fine-tuning starts from: the base's weights, and a head that is
// fitted on their embeddings. train-encoder.ts fine-tunes them.
import type { Base } from '../../models/bases/base-store.ts'
import { readBaseWeights } from '../../models/bases/base-weights.ts'
import type { EncoderWeights } from '../../models/graph/weights/bert-weights.ts'
import type { Head } from '../../models/graph/encoder.ts'
import { labelTruth, type Dataset } from '../data/dataset.ts'
import type { EmbeddingProgress } from '../embeddings/embed-texts.ts'
import type { FitProgress } from './fit-progress.ts'
import { openFrozenEncoder, type FrozenEncoderOptions } from '../embeddings/frozen-encoder.ts'
import { wantedSizeCurve, type SizeCurveWanted } from './head-size-curve.ts'
import { trainLogisticRegression } from './logistic-regression.ts'
import { stratifiedFolds } from '../data/split.ts'
import type { SizeCurve } from '../evaluation/size-curve.ts'
import { reportLabels, writeLabelReport } from '../labels/suspicious-labels.ts'

/** A progress report of `startingHead`. */
export type StartingHeadProgress =
  | ({ readonly kind: 'embedding'; readonly part: 'train' } & EmbeddingProgress)
  | ({ readonly kind: 'fitting' } & FitProgress)

/**
 * Fits a head on the frozen encoder's embeddings, and returns it with the encoder's weights. It
 * also writes a report on suspicious labels into `reportDir`, if given.
 */
export async function startingHead(
  options: FrozenEncoderOptions & {
    readonly train: Dataset
    readonly seed: number
    readonly reportDir?: string | undefined
    /** Whether to compute the size curve of the texts. Default `never`. */
    readonly sizeCurve?: SizeCurveWanted | undefined
    readonly signal?: AbortSignal | undefined
    readonly onProgress?: ((progress: StartingHeadProgress) => void) | undefined
  },
  labels: readonly string[],
): Promise<{ encoder: EncoderWeights; head: Head; sizeCurve?: SizeCurve | undefined }> {
  const { train, seed, signal, onProgress, sizeCurve = 'never' } = options
  const frozen = await openFrozenEncoder(options)
  try {
    const texts = train.examples.map(({ text }) => text)
    const { rows } = await frozen.embed(texts, {
      onProgress: (progress) => onProgress?.({ kind: 'embedding', part: 'train', ...progress }),
      signal,
    })
    const task = train.manifest.task ?? 'single-label'
    const truth = labelTruth(train, { labels, task })
    const features = { rows, count: texts.length, width: frozen.hidden }
    const training = { features, ...truth, labels: labels.length }
    const foldOf = stratifiedFolds(train.examples, { folds: 3, seed })
    const fit = await trainLogisticRegression({
      training,
      foldOf,
      signal,
      onFit: (progress) => onProgress?.({ kind: 'fitting', ...progress }),
    })
    if (options.reportDir !== undefined) {
      const report = reportLabels(train, { labels, probabilities: fit.heldOutProbabilities })
      await writeLabelReport(options.reportDir, report)
    }
    const curve = await wantedSizeCurve(sizeCurve, { ...fit, training, foldOf, seed, signal })
    return { encoder: frozen.weights, head: fit.head, sizeCurve: curve }
  } finally {
    await frozen.close()
  }
}

/** The base's weights, and a zero head, for a run whose weights come from a checkpoint. */
export async function untrainedHead(
  base: Base,
  labels: readonly string[],
): Promise<{ encoder: EncoderWeights; head: Head }> {
  const encoder = await readBaseWeights(base)
  const [from, to] = [encoder.hidden, labels.length]
  const head = { from, to, weight: new Float32Array(from * to), bias: new Float32Array(to) }
  return { encoder, head }
}
