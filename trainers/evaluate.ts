// Measures a model version on labelled texts by running it as it is served. The measures are
// metrics.ts and evaluation.ts; reading the texts is dataset.ts.
import { availableParallelism } from 'node:os'
import type { ModelVersion } from '../models/version-files.ts'
import { WinnowError } from '../schemas/errors.ts'
import { labelIndices, type Dataset } from './dataset.ts'
import { evaluatePredictions, type Evaluation } from './evaluation.ts'
import { openVersionClassifier } from './version-classifier.ts'

export type EvaluateModelOptions = {
  readonly version: ModelVersion
  readonly dataset: Dataset
  /** Of the bootstrap. Default 1. */
  readonly seed?: number | undefined
  /** Bootstrap resamples. Default 1,000. */
  readonly resamples?: number | undefined
  /** Threads. Default: one a core. */
  readonly workers?: number | undefined
  readonly onProgress?: ((progress: { done: number; total: number }) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** The JSON of the command `evaluate`. */
export type ModelEvaluation = { readonly model: string } & Evaluation

/**
 * Classifies every text and judges the probabilities.
 *
 * @throws WinnowError `dataset_invalid` for labels that the model does not know, `cancelled`,
 * `model_incompatible` for a text whose result is not finite.
 */
export async function evaluateModel(options: EvaluateModelOptions): Promise<ModelEvaluation> {
  const { version, dataset, signal } = options
  const { labels } = version.manifest
  const truth = labelIndices(dataset, labels)
  const probabilities = new Float32Array(truth.length * labels.length)
  const workers = options.workers ?? availableParallelism()
  const classifier = await openVersionClassifier({ version, workers })
  let done = 0
  try {
    const texts = dataset.examples.map(({ text }) => text)
    for await (const { outcome } of classifier.classifyAll(texts)) {
      if (signal?.aborted === true) throw new WinnowError('cancelled', 'Evaluation was cancelled.')
      if (outcome.kind === 'rejected') {
        const message = `${version.ref} gives no result for example ${done + 1}: ${outcome.error.message}`
        throw new WinnowError('model_incompatible', message)
      }
      probabilities.set(outcome.probabilities, done++ * labels.length)
      options.onProgress?.({ done, total: truth.length })
    }
  } finally {
    await classifier.close()
  }
  const { seed = 1, resamples } = options
  const evaluation = evaluatePredictions({ truth, probabilities }, { labels, seed, resamples })
  return { model: version.ref, ...evaluation }
}
