// Cross-validation of a recipe, from the sources to the row in training_runs. Folds and measures
// are in trainers/cross-validation/; the command `cv` calls the same function.
import { requireModelName } from '../models/store/version-store.ts'
import { WinnowError } from '../schemas/errors.ts'
import { workersOf } from '../serving/model.ts'
import type { ComparedRun } from '../trainers/cross-validation/compare-recipes.ts'
import {
  crossValidate as runFolds,
  type CrossValidationProgress,
} from '../trainers/cross-validation/cross-validate.ts'
import { readCvRecord, type CrossValidated } from '../trainers/cross-validation/cv-record.ts'
import { encoderFolds } from '../trainers/cross-validation/encoder-folds.ts'
import type { FoldTrainer } from '../trainers/cross-validation/fold-training.ts'
import { checkFoldOptions } from '../trainers/cross-validation/folds.ts'
import { openHeadFolds, type HeadFoldsOptions } from '../trainers/cross-validation/head-folds.ts'
import {
  predictionLines,
  type PredictionLine,
} from '../trainers/cross-validation/predictions-file.ts'
import { trainingLabels } from '../trainers/data/dataset.ts'
import { withTruncatedTexts } from '../trainers/embeddings/truncated-texts.ts'
import { writeRunReport } from '../trainers/run-reports/run-page.ts'
import { resolveContext, type Context, type LongWork, type WinnowOptions } from './context.ts'
import { fetchBase, type DownloadProgress } from './fetch-base.ts'
import {
  readCleaned,
  ruledParts,
  type ColumnOptions,
  type ReadingProgress,
  type RuleOptions,
  type TextSource,
} from './read-texts.ts'
import {
  checkMethod,
  encoderMethodOf,
  methodDefaults,
  recipeOf,
  refuseUnusedOptions,
  type MethodOptions,
} from './training/training-options.ts'
import { trackRun, type RunTracker } from './track-run.ts'
import { recordCvRun } from './training-row.ts'

/** How far a cross-validation is. */
export type CvProgress =
  ReadingProgress | DownloadProgress | ({ readonly kind: 'fold' } & CrossValidationProgress)

/** What is measured, on which texts. */
export type CvOptions = ColumnOptions &
  RuleOptions &
  MethodOptions &
  LongWork<CvProgress> & {
    /** The labelled texts. */
    readonly data: TextSource
    /** The number of folds. Default 5. */
    readonly folds?: number | undefined
    /** Rounds of folds, each divided differently. Default 1. */
    readonly repeats?: number | undefined
    /** An attribute whose values stay in one fold, such as `customer`. */
    readonly group?: string | undefined
    /** Train on the past and test on the block of time that follows. Default false. */
    readonly byTime?: boolean | undefined
    /** The name in the list of runs. Default `cv`. */
    readonly name?: string | undefined
    /** An earlier run on the same folds: which recipe is better. */
    readonly compareWith?: string | undefined
  }

/** The options of {@link crossValidate}. */
export type CrossValidateOptions = WinnowOptions & CvOptions

/** The run, and what each text was predicted as by a model that had not seen it. */
export type CrossValidation = CrossValidated & {
  /** The path of the report. */
  readonly report: string
  readonly predictions: readonly PredictionLine[]
}

/** The defaults of the command and the function. */
export const cvDefaults = { folds: 5, repeats: 1, name: 'cv' } as const

/**
 * Measures how good a recipe is: divides the texts into folds, trains on all folds but one, and
 * tests on the one that was left out. It leaves no model. The same texts and seed give the same
 * folds.
 *
 * @throws WinnowError `usage`, `dataset_invalid`, `base_not_found`, `cancelled`, and what training
 * throws.
 *
 * @example
 * const { mean, intervals } = await crossValidate({ data: 'tickets.jsonl', folds: 5 })
 * console.log(mean.accuracy, intervals.accuracy)
 */
export async function crossValidate(options: CrossValidateOptions): Promise<CrossValidation> {
  refuseUnusedOptions(options)
  const { name = cvDefaults.name } = options
  checkFoldOptions(options)
  requireModelName(name)
  const context = await resolveContext(options)
  await checkMethod(options, { storeDir: context.paths.store })
  return trackRun(context, { kind: 'cv' }, async (tracker) => {
    const { result, report, predictions } = await crossValidateIn(context, options, tracker)
    await recordCvRun(context, { ...result, name })
    return { ...result, report, predictions: [...predictions] }
  })
}

/** `crossValidate` in a context, with options that are checked; it writes no row. */
export async function crossValidateIn(
  context: Context,
  options: CvOptions,
  tracker?: RunTracker,
): Promise<{ result: CrossValidated; report: string; predictions: Iterable<PredictionLine> }> {
  const { folds = cvDefaults.folds, repeats, name = cvDefaults.name } = options
  const { seed = methodDefaults.seed, base: baseName = methodDefaults.base } = options
  const { group, byTime, maxTokens, signal, onProgress } = options
  const { config, paths } = context
  const compareWith =
    options.compareWith === undefined
      ? undefined
      : await comparedRun(options.compareWith, paths.store)
  const read = await readCleaned(options.data, { ...options, context })
  const { train: ruled } = await ruledParts({ train: read }, options)
  const base = await fetchBase(baseName, { signal, onProgress, context })
  const dataset = await withTruncatedTexts(ruled, { base, maxTokens })
  const labels = trainingLabels(dataset)
  const workers = workersOf(config.inference)
  const shared = { dataset, labels, base, storeDir: paths.store, workers, signal }
  const follower = tracker && followFolds(tracker, { folds, repeats })
  const { result, predictions } = await runFolds({
    ...shared,
    compareWith,
    folds,
    repeats,
    seed,
    group,
    byTime,
    name,
    openTrainer: (onTraining) => openTrainer(options, { ...shared, onProgress: onTraining }),
    onBegin: tracker?.begin,
    onProgress: (progress) => {
      follower?.onProgress(progress)
      onProgress?.({ kind: 'fold', ...progress })
    },
  })
  follower?.endFolds(result.folds)
  const report = await writeRunReport(paths.store, result.runDir)
  return { result, report, predictions: predictionLines(predictions, shared) }
}

async function comparedRun(run: string, storeDir: string): Promise<ComparedRun> {
  const record = await readCvRecord(storeDir, run)
  if (record !== undefined) return record
  const message = `${storeDir}/runs has no run ${run} of winnow cv to compare with.`
  throw new WinnowError('usage', message)
}

/** Tells the tracker which folds begin and end, as progress shows them. */
function followFolds(
  tracker: RunTracker,
  { folds, repeats = 1 }: { readonly folds: number; readonly repeats?: number | undefined },
): {
  readonly onProgress: (progress: CrossValidationProgress) => void
  readonly endFolds: (judged: CrossValidationProgress['judged']) => void
} {
  const stepOf = (repeat: number, fold: number): string =>
    repeats > 1 ? `${repeat}/${fold}` : String(fold)
  let ended = 0
  let current: string | undefined
  const endFolds = (judged: CrossValidationProgress['judged']): void => {
    for (const { repeat, fold, seconds, metrics, chosen } of judged.slice(ended)) {
      tracker.endStep(stepOf(repeat, fold), { seconds, metrics, parameters: chosen })
    }
    ended = judged.length
  }
  return {
    endFolds,
    onProgress({ fold, judged, training }) {
      endFolds(judged)
      if (fold === undefined) return
      const step = stepOf(Math.ceil(fold / folds), ((fold - 1) % folds) + 1)
      if (step !== current) tracker.beginStep(step)
      current = step
      tracker.training(training, step)
    },
  }
}

/** The trainer of the folds by the method that is asked for. */
async function openTrainer(options: CvOptions, shared: HeadFoldsOptions): Promise<FoldTrainer> {
  const { method = methodDefaults.method, maxTokens, engine } = options
  if (method === 'head') {
    const pooledLayers = options.pooledLayers === 'last' ? 'last' : 'every'
    return openHeadFolds({ ...shared, maxTokens, pooledLayers })
  }
  return encoderFolds({
    ...shared,
    maxTokens,
    engine,
    method: encoderMethodOf({ ...options, method }),
    recipe: recipeOf(options),
  })
}
