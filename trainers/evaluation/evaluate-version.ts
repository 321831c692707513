// Evaluates a model version on labelled texts by running it as it is served, alone or against
// another version on the same texts. evaluation.ts and mcnemar.ts compute the scores, and
// dataset.ts reads the texts.
import { availableParallelism } from 'node:os'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { openVersionModel } from '../../models/inference/version-model.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { labelIndices, labelTargets, type Dataset } from '../data/dataset.ts'
import { confusedTexts, type ConfusedTexts } from './confused-texts.ts'
import { evaluatePredictions } from './evaluation.ts'
import { measuredOnGiven, type RunData } from './measured-on.ts'
import { compareOnSameExamples, type PairedComparison } from './mcnemar.ts'
import { rowOutcomes } from './metrics.ts'
import { evaluateLabelSets, type TaskEvaluation } from './multi-label-evaluation.ts'
import { setOutcomes } from './multi-label-metrics.ts'

/** A version, and the texts to run it on. */
export type RunVersionOptions = {
  readonly version: ModelVersion
  readonly dataset: Dataset
  /** The number of threads. Default: one per core. */
  readonly workers?: number | undefined
  readonly onProgress?: ((progress: { done: number; total: number }) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** The options of `evaluateModel`. */
export type EvaluateModelOptions = RunVersionOptions & {
  /** Another version to compare with. */
  readonly compareWith?: ModelVersion | undefined
  /** The data of the run that made the version, if known. */
  readonly trainedOn?: RunData | undefined
  /** The seed of the bootstrap. Default 1. */
  readonly seed?: number | undefined
  /** Bootstrap resamples. Default 1,000. */
  readonly resamples?: number | undefined
}

/** A comparison of this model (the first) with another one (the second), named `with`. */
export type ModelComparison = PairedComparison & { readonly with: string }

/** The JSON output of the command `evaluate`. */
export type ModelEvaluation = {
  readonly model: string
  /** Which texts were evaluated, and whether the model was trained on them. */
  readonly measuredOn: string
  readonly comparison?: ModelComparison | undefined
} & TaskEvaluation

/**
 * Classifies every text and evaluates the probabilities.
 *
 * @throws WinnowError `dataset_invalid` for labels that the model does not have; `cancelled`; and
 * `model_incompatible` for a text whose result is not finite, or if the other version has other
 * labels.
 */
export async function evaluateModel(options: EvaluateModelOptions): Promise<ModelEvaluation> {
  return (await evaluateWithTexts(options)).evaluation
}

/**
 * `evaluateModel`, with texts of the most frequent mistakes; a multi-label version has none.
 *
 * @throws WinnowError as `evaluateModel`.
 */
export async function evaluateWithTexts(
  options: EvaluateModelOptions,
): Promise<{ evaluation: ModelEvaluation; confused?: readonly ConfusedTexts[] }> {
  const { version, dataset, compareWith, seed = 1, resamples } = options
  const measuredOn = measuredOnGiven(dataset.manifest, options.trainedOn)
  if (version.manifest.thresholds !== undefined) {
    return { evaluation: await evaluateMultiLabel(options, measuredOn) }
  }
  const { labels, calibration, abstain } = version.manifest
  const truth = labelIndices(dataset, labels)
  if (compareWith !== undefined) requireSameLabels(version, compareWith)
  const probabilities = await versionProbabilities(options)
  const evaluation = evaluatePredictions(
    { truth, probabilities },
    {
      labels,
      seed,
      resamples,
      abstain,
      examples: dataset.examples,
      temperature: calibration?.temperature,
    },
  )
  const predictions = { truth, probabilities }
  const texts = dataset.examples.map(({ text }) => text)
  const confused = confusedTexts(evaluation.mostConfused, { predictions, labels, texts })
  if (compareWith === undefined) {
    return { evaluation: { model: version.ref, measuredOn, ...evaluation }, confused }
  }
  const { predicted } = rowOutcomes({ ...predictions, labels: labels.length })
  const comparison = await compareVersions({ ...options, predicted, other: compareWith })
  return { evaluation: { model: version.ref, measuredOn, comparison, ...evaluation }, confused }
}

/** `evaluateModel` for a multi-label version. */
async function evaluateMultiLabel(
  options: EvaluateModelOptions,
  measuredOn: string,
): Promise<ModelEvaluation> {
  const { version, dataset, compareWith, seed = 1, resamples } = options
  const { labels, thresholds = [] } = version.manifest
  const targets = labelTargets(dataset, labels)
  if (compareWith !== undefined) requireSameLabels(version, compareWith)
  const probabilities = await versionProbabilities(options)
  const evaluation = evaluateLabelSets(
    { targets, probabilities },
    { labels, thresholds, seed, resamples },
  )
  if (compareWith === undefined) return { model: version.ref, measuredOn, ...evaluation }
  const other = compareWith.manifest
  const predictions = {
    targets: labelTargets(dataset, other.labels),
    probabilities: await versionProbabilities({ ...options, version: compareWith }),
    labels: other.labels.length,
  }
  // McNemar's test compares 0 and 1 predictions, where 1 means that the label set is exactly right.
  const first = exactSets(
    setOutcomes({ targets, probabilities, labels: labels.length }, thresholds),
  )
  const second = exactSets(setOutcomes(predictions, other.thresholds ?? []))
  const truth = new Int32Array(first.length).fill(1)
  const compared = compareOnSameExamples({ truth, first, second })
  const comparison = { with: compareWith.ref, ...compared }
  return { model: version.ref, measuredOn, comparison, ...evaluation }
}

/** For each row, 1 if its label set is exactly right, else 0. */
function exactSets({ extra, missed }: ReturnType<typeof setOutcomes>): Int32Array {
  return Int32Array.from(extra, (list, row) => Number(list.length + missed[row]!.length === 0))
}

/**
 * McNemar's test of predictions, as label indices of `version`, against the predictions of another
 * version on the same texts.
 *
 * @throws WinnowError `model_incompatible` when the two have different labels, and the errors of
 * `evaluateModel`.
 */
export async function compareVersions(
  options: RunVersionOptions & { predicted: Int32Array; other: ModelVersion },
): Promise<ModelComparison> {
  const { version, other } = options
  requireSameLabels(version, other)
  return comparePredictions({ ...options, labels: version.manifest.labels })
}

/** McNemar's test of predictions, as indices of `labels`, against those of another version. */
async function comparePredictions(
  options: Omit<RunVersionOptions, 'version'> & {
    labels: readonly string[]
    predicted: Int32Array
    other: ModelVersion
  },
): Promise<ModelComparison> {
  const { labels, dataset, predicted: first, other } = options
  const truth = labelIndices(dataset, labels)
  const otherLabels = other.manifest.labels
  const probabilities = await versionProbabilities({ ...options, version: other })
  const rows = { truth, probabilities, labels: otherLabels.length }
  const second = rowOutcomes(rows).predicted.map((index) => labels.indexOf(otherLabels[index]!))
  return { with: other.ref, ...compareOnSameExamples({ truth, first, second }) }
}

/** More test texts would make a training noticeably longer. */
const championTextsMax = 20_000

/**
 * Compares predictions, float32 [texts, labels], with those of the champion on the same test texts.
 * Undefined without a champion or test texts, with other labels, and with more than 20,000 texts.
 *
 * @throws WinnowError as `evaluateModel`.
 */
export async function compareWithChampion(options: {
  readonly champion?: ModelVersion | undefined
  readonly test?: Dataset | undefined
  readonly labels: readonly string[]
  readonly probabilities: Float32Array | undefined
  readonly workers?: number | undefined
  readonly signal?: AbortSignal | undefined
}): Promise<ModelComparison | undefined> {
  const { champion, test, labels, probabilities, workers, signal } = options
  if (champion === undefined || test === undefined || probabilities === undefined) return undefined
  const { manifest } = champion
  const isSame =
    manifest.task === test.manifest.task &&
    manifest.labels.length === labels.length &&
    labels.every((label) => manifest.labels.includes(label))
  const isSet = test.manifest.task === 'multi-label'
  if (!isSame || isSet || test.examples.length > championTextsMax) return undefined
  const truth = labelIndices(test, labels)
  const { predicted } = rowOutcomes({ truth, probabilities, labels: labels.length })
  return comparePredictions({ dataset: test, labels, predicted, other: champion, workers, signal })
}

/** Whether two versions have the same task and the same labels, in any order. */
export function sameLabels(one: ModelVersion, other: ModelVersion): boolean {
  if (one.manifest.task !== other.manifest.task) return false
  const known = new Set(one.manifest.labels)
  const { labels } = other.manifest
  return labels.length === known.size && labels.every((label) => known.has(label))
}

/** The served probabilities of every text: float32 [texts, labels]. */
export async function versionProbabilities(options: RunVersionOptions): Promise<Float32Array> {
  const { version, dataset, signal } = options
  const texts = dataset.examples.map(({ text }) => text)
  const width = version.manifest.labels.length
  const probabilities = new Float32Array(texts.length * width)
  const workers = options.workers ?? availableParallelism()
  const { classifier } = await openVersionModel({ version, workers })
  let done = 0
  try {
    for await (const { outcome } of classifier.classifyAll(texts)) {
      if (signal?.aborted === true) throw new WinnowError('cancelled', 'Evaluation was cancelled.')
      if (outcome.kind === 'rejected') {
        const message = `${version.ref} has no result for example ${done + 1}: ${outcome.error.message}`
        throw new WinnowError('model_incompatible', message)
      }
      probabilities.set(outcome.probabilities, done++ * width)
      options.onProgress?.({ done, total: texts.length })
    }
  } finally {
    await classifier.close()
  }
  return probabilities
}

function requireSameLabels(version: ModelVersion, other: ModelVersion): void {
  if (sameLabels(version, other)) return
  throw new WinnowError(
    'model_incompatible',
    `${version.ref} and ${other.ref} have different labels and cannot be compared; ` +
      'compare versions with the same labels.',
  )
}
