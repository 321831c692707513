// Trains a model version on labelled texts, from the sources to the row in training_runs. The
// methods are in trainers/; the command `train` calls the same function.
import { WinnowError } from '../schemas/errors.ts'
import { newestManifest } from '../models/store/known-labels.ts'
import { championOf } from '../models/store/champion.ts'
import type { ModelVersion } from '../models/store/version-files.ts'
import { openVersion, requireModelName } from '../models/store/version-store.ts'
import { workersOf } from '../serving/model.ts'
import type { DataParts } from '../trainers/data/data-rules.ts'
import type { Dataset } from '../trainers/data/dataset.ts'
import type { EarlierVersion } from '../trainers/data/label-origins.ts'
import { withTruncatedTexts } from '../trainers/embeddings/truncated-texts.ts'
import {
  trainEncoder,
  type TrainedEncoder,
  type TrainEncoderProgress,
} from '../trainers/encoder/train-encoder.ts'
import {
  trainHead,
  type TrainedModel,
  type TrainHeadProgress,
} from '../trainers/head/train-head.ts'
import type { TrainingMethod } from '../trainers/runs/run-record.ts'
import type { SelectionRecord } from '../trainers/runs/selection-record.ts'
import type { SizeCurveWanted } from '../trainers/head/head-size-curve.ts'
import type { QuantiseProgress } from '../trainers/quantisation/quantise-version.ts'
import { findUnfinishedRun, type RunStart } from '../trainers/runs/unfinished-run.ts'
import { autoMsDefault, chooseMethod, type ChoiceProgress } from './choose-method.ts'
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
import { requestOf } from './training/training-request.ts'
import {
  checkMethod,
  encoderMethodOf,
  methodDefaults,
  recipeOf,
  refuseUnusedOptions,
  type MethodOptions,
} from './training/training-options.ts'
import {
  checkPrecision,
  inPrecision,
  type Quantisation,
  type TrainingPrecision,
} from './trained-precision.ts'
import { trackRun, type RunTracker } from './track-run.ts'
import { recordTrainingRun } from './training-row.ts'

/** How far a training is. */
export type TrainProgress =
  | ReadingProgress
  | DownloadProgress
  | ChoiceProgress
  | TrainHeadProgress
  | TrainEncoderProgress
  | QuantiseProgress

/** What a training gives; `method` tells the two apart. */
export type Trained = (TrainedModel | TrainedEncoder) & {
  /** With `precision` int8 or auto: how the int8 version compares. */
  readonly quantised?: Quantisation
}

/** What is trained, on which texts. */
export type TrainingOptions = ColumnOptions &
  RuleOptions &
  MethodOptions<TrainingMethod | 'auto'> &
  LongWork<TrainProgress> & {
    /** The texts to train on. */
    readonly data: TextSource
    /** The name of the model. */
    readonly name: string
    /** Texts to measure on. Default: held-out parts of the data. */
    readonly test?: TextSource | undefined
    /** partial, full: texts to choose the epoch by. Default: a part of the data. */
    readonly validation?: TextSource | undefined
    /** partial, full: seconds between checkpoints. Default 60, more if they would take long. */
    readonly checkpointEvery?: number | undefined
    /**
     * auto: milliseconds for everything. Without `base`, every known base is tried. Default: 30
     * minutes.
     */
    readonly time?: number | undefined
    /**
     * Whether the report shows accuracy by number of texts. Default: if it takes seconds. A resumed
     * run has none.
     */
    readonly sizeCurve?: boolean | undefined
    /**
     * `int8` makes a further version, which takes about a third of the time per text. `auto` keeps
     * it only if labels and accuracy on the test texts stay. Default `fp32`.
     */
    readonly precision?: TrainingPrecision | undefined
  }

/** The options of {@link train}. */
export type TrainOptions = WinnowOptions &
  TrainingOptions & {
    /**
     * partial, full: the name of a run that was stopped, to continue it with the same options and
     * texts.
     */
    readonly resume?: string | undefined
  }

/**
 * Trains a model and writes a new version of it to the store. The same texts, options and seed give
 * the same model, byte for byte.
 *
 * @throws WinnowError `usage`, `dataset_invalid`, `base_not_found`, `download_failed`, `cancelled`,
 * `training_diverged`, `memory_exhausted`, `engine_unavailable`, `resume_refused`.
 *
 * @example
 * const { model, metrics } = await train({ data: 'tickets.jsonl', name: 'tickets' })
 * console.log(`${model}: ${metrics.accuracy}`) // tickets@1: 0.912
 */
export async function train(options: TrainOptions): Promise<Trained> {
  const { resume: run } = options
  requireModelName(options.name)
  refuseUnusedTrainOptions(options)
  checkPrecision(options)
  const context = await resolveContext(options)
  await checkMethod(options, { storeDir: context.paths.store })
  const resume =
    run === undefined ? undefined : await findUnfinishedRun(context.paths.store, { run })
  return trackRun(context, { kind: 'train' }, async (tracker) => {
    const trained = await trainIn(context, options, { resume, tracker })
    await recordTrainingRun(context, trained)
    return trained
  })
}

/** How a training begins: as a new run, or where a stopped one stands. */
export type TrainingStart = {
  /** Threads. Default: those of the run to resume, or as configured. */
  readonly workers?: number | undefined
  readonly resume?: RunStart | undefined
  /** Follows the course of the run. */
  readonly tracker?: RunTracker | undefined
}

/** `train` in a context, with options that are checked; it writes no row. */
export async function trainIn(
  context: Context,
  options: TrainingOptions,
  start: TrainingStart = {},
): Promise<Trained> {
  const { trained, parts, workers } = await trainFloat(context, options, start)
  const { precision, signal, onProgress } = options
  const storeDir = context.paths.store
  return inPrecision(trained, { precision, parts, storeDir, workers, signal, onProgress })
}

/** Trains the version in fp32. */
async function trainFloat(
  context: Context,
  options: TrainingOptions,
  { resume, workers: given, tracker }: TrainingStart,
): Promise<{ trained: Trained; parts: DataParts; workers: number }> {
  const began = performance.now()
  const { maxTokens, signal, onProgress, checkpointEvery } = options
  const { config, paths } = context
  const { parts } = await readTrainingParts(context, options)
  const { validation, test } = parts
  const resumed = resume?.request['workers'] as number | undefined
  const workers = given ?? resumed ?? workersOf(config.inference)
  const work = { train: parts.train, workers, resume, began }
  const { selection, ...chosen } = await chosenMethod(context, options, work)
  const base = await fetchBase(chosen.base, { ...options, context })
  const train = await withTruncatedTexts(parts.train, { base, maxTokens })
  const shared = {
    train,
    test,
    base,
    storeDir: paths.store,
    name: options.name,
    seed: options.seed ?? methodDefaults.seed,
    signal,
    maxTokens,
    workers,
    selection,
    champion: test && (await championIn({ storeDir: paths.store, name: options.name })),
    sizeCurve: sizeCurveWanted(options.sizeCurve),
    onBegin: tracker?.begin,
    onProgress: (progress: TrainHeadProgress | TrainEncoderProgress): void => {
      tracker?.training(progress)
      onProgress?.(progress)
    },
  }
  if (chosen.method === 'head') {
    const pooledLayers = options.pooledLayers === 'last' ? 'last' : 'every'
    return { trained: await trainHead({ ...shared, pooledLayers }), parts, workers }
  }
  const trained = await trainEncoder({
    ...shared,
    validation,
    engine: options.engine,
    method: encoderMethodOf({ ...options, ...chosen }),
    recipe: recipeOf(options),
    checkpoints: { betweenMs: checkpointEvery && checkpointEvery * 1_000 },
    request: { ...requestOf({ ...options, ...chosen, time: undefined }), workers, selection },
    resume,
  })
  return { trained, parts, workers }
}

/** The method and the base to train, which `auto` compares first. */
async function chosenMethod(
  context: Context,
  options: TrainingOptions,
  work: {
    readonly train: Dataset
    readonly workers: number
    readonly resume: RunStart | undefined
    /** When the whole began, in the milliseconds of this process. */
    readonly began: number
  },
): Promise<{ method: TrainingMethod; base: string; selection: SelectionRecord | undefined }> {
  const { method = methodDefaults.method, base, time = autoMsDefault } = options
  if (method !== 'auto') {
    // Stored below, by a training that compared before it was stopped.
    const selection = work.resume?.request['selection'] as SelectionRecord | undefined
    return { method, base: base ?? methodDefaults.base, selection }
  }
  const { seed = methodDefaults.seed } = options
  const selection = await chooseMethod(context, {
    ...options,
    train: work.train,
    workers: work.workers,
    seed,
    secondsMax: time / 1_000,
    secondsSpent: (performance.now() - work.began) / 1_000,
  })
  const { chosen } = selection
  // candidate.ts makes candidates of these methods only.
  return { method: chosen.method as TrainingMethod, base: chosen.base, selection }
}

/**
 * Refuses options that the method of a training does not read.
 *
 * @throws WinnowError `usage`.
 */
export function refuseUnusedTrainOptions(
  options: MethodOptions<string> & Pick<TrainingOptions, 'checkpointEvery' | 'time' | 'validation'>,
): void {
  refuseUnusedOptions(options, ['validation', 'checkpointEvery'])
  const { method = methodDefaults.method, time } = options
  if (time === undefined || method === 'auto') return
  const message = `--time has no meaning with --method ${method}; leave it out.`
  throw new WinnowError('usage', message)
}

/** The texts of a training as the data rules leave them, and its base encoder. */
export async function readTrainingParts(
  context: Context,
  options: ColumnOptions &
    RuleOptions &
    Pick<MethodOptions, 'base'> &
    LongWork<ReadingProgress | DownloadProgress> & {
      readonly name: string
      readonly data: TextSource
      readonly test?: TextSource | undefined
      readonly validation?: TextSource | undefined
    },
): Promise<{ parts: DataParts; base: Awaited<ReturnType<typeof fetchBase>> }> {
  const { data, validation, test, name, base = methodDefaults.base } = options
  const earlier = await earlierVersion({ storeDir: context.paths.store, name })
  const read = (source: TextSource): Promise<Dataset> =>
    readCleaned(source, { ...options, context, earlier })
  const parts = await ruledParts(
    {
      train: await read(data),
      validation: validation === undefined ? undefined : await read(validation),
      test: test === undefined ? undefined : await read(test),
    },
    options,
  )
  return { parts, base: await fetchBase(base, { ...options, context }) }
}

function sizeCurveWanted(asked: boolean | undefined): SizeCurveWanted {
  if (asked === undefined) return 'cheap'
  return asked ? 'always' : 'never'
}

/** The champion of a model in this store; undefined if it has none. */
export async function championIn(model: {
  storeDir: string
  name: string
}): Promise<ModelVersion | undefined> {
  const champion = await championOf(model)
  if (champion === undefined) return undefined
  return openVersion({ ref: `${model.name}@${champion}`, storeDir: model.storeDir })
}

/** The version that the new one follows; undefined for the first of its name. */
export async function earlierVersion(model: {
  storeDir: string
  name: string
}): Promise<EarlierVersion | undefined> {
  const manifest = await newestManifest(model)
  return manifest && { ref: `${manifest.name}@${manifest.version}`, labels: manifest.labels }
}
