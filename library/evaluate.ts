// Measures a model version on labelled texts, alone or against another version. The measures are in
// trainers/evaluation/; the command `evaluate` calls the same function.
import type { ModelVersion } from '../models/store/version-files.ts'
import { openVersion } from '../models/store/version-store.ts'
import { WinnowError } from '../schemas/errors.ts'
import { workersOf } from '../serving/model.ts'
import type { Dataset } from '../trainers/data/dataset.ts'
import type { ConfusedTexts } from '../trainers/evaluation/confused-texts.ts'
import { evaluateWithTexts, type ModelEvaluation } from '../trainers/evaluation/evaluate-version.ts'
import { readRunRecord } from '../trainers/runs/run-record.ts'
import { resolveContext, type Context, type LongWork, type WinnowOptions } from './context.ts'
import {
  readCleaned,
  type ColumnOptions,
  type ReadingProgress,
  type TextSource,
} from './read-texts.ts'

/** How far an evaluation is. With a comparison, the texts are classified twice. */
export type EvaluateProgress =
  ReadingProgress | { readonly kind: 'classifying'; readonly done: number; readonly total: number }

/** What is measured, on which texts. */
export type EvaluationOptions = ColumnOptions &
  LongWork<EvaluateProgress> & {
    /** NAME, NAME@VERSION or NAME@champion. */
    readonly model: string
    /** The texts to measure on. */
    readonly data: TextSource
    /** Another version to compare with; `champion` is that of the same model. */
    readonly compareWith?: string | undefined
    /** The seed of the bootstrap. Default 1. */
    readonly seed?: number | undefined
  }

/** The options of {@link evaluate}. */
export type EvaluateOptions = WinnowOptions & EvaluationOptions

/**
 * Classifies labelled texts and measures how good the labels are: accuracy, F1, figures per label,
 * calibration, the confusion matrix, each with bootstrap intervals. With `compareWith`, McNemar's
 * test says whether two versions differ by more than chance.
 *
 * @throws WinnowError `model_not_found`, `dataset_invalid` for labels that the model does not have,
 * `model_incompatible`, `cancelled`, `usage`.
 *
 * @example
 * const { accuracy, macroF1 } = await evaluate({ model: 'tickets', data: 'test.jsonl' })
 */
export async function evaluate(options: EvaluateOptions): Promise<ModelEvaluation> {
  const { evaluation } = await evaluateIn(await resolveContext(options), options)
  return evaluation
}

/** `evaluate` in a context, with the version and the texts for a report, and the mistakes. */
export async function evaluateIn(
  context: Pick<Context, 'config' | 'paths' | 'note'>,
  options: EvaluationOptions,
): Promise<{
  evaluation: ModelEvaluation
  version: ModelVersion
  dataset: Dataset
  confused?: readonly ConfusedTexts[] | undefined
}> {
  const { config, paths } = context
  const { seed, signal, onProgress } = options
  const open = (ref: string): Promise<ModelVersion> => openVersion({ ref, storeDir: paths.store })
  const version = await open(options.model)
  const rival =
    options.compareWith === 'champion' ? `${version.name}@champion` : options.compareWith
  const compareWith = rival === undefined ? undefined : await open(rival)
  if (compareWith?.ref === version.ref) {
    const message = `${rival} is ${version.ref} itself; name another version to compare with.`
    throw new WinnowError('usage', message)
  }
  const dataset = await readCleaned(options.data, { ...options, context })
  const { trainingRun } = version.manifest
  const run = trainingRun === null ? undefined : await readRunRecord(paths.store, trainingRun)
  const { evaluation, confused } = await evaluateWithTexts({
    version,
    compareWith,
    dataset,
    seed,
    signal,
    trainedOn: run?.dataManifest,
    workers: workersOf(config.inference),
    onProgress: (count) => onProgress?.({ kind: 'classifying', ...count }),
  })
  return { evaluation, version, dataset, confused }
}
