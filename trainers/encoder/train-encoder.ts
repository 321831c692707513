// The methods `partial` and `full`, top to bottom: fine-tunes a base encoder, or its top layers,
// with a head, and publishes the result as a model version. starting-head.ts fits the initial head,
// fine-tuning.ts takes the steps in its own thread, and unfinished-run.ts stores what a killed run
// needs to resume.
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { Base } from '../../models/bases/base-store.ts'
import { expectTfjsInstalled } from '../../models/graph/tfjs/tfjs-backend.ts'
import { withTrained } from '../../models/graph/trained-weights.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { WinnowError } from '../../schemas/errors.ts'
import {
  datasetPart,
  labelTruth,
  trainingLabels,
  type DataManifest,
  type Dataset,
} from '../data/dataset.ts'
import type { EpochReport } from '../evaluation/epoch-report.ts'
import type { TaskEvaluation } from '../evaluation/multi-label-evaluation.ts'
import type { SizeCurve } from '../evaluation/size-curve.ts'
import {
  type CheckpointPlan,
  type FineTuningProgress,
  type FineTuningResult,
  type Recipe,
  type TrainingEngine,
} from './fine-tuning-task.ts'
import { recipeFor, type GivenRecipe } from './few-examples.ts'
import {
  frozenLayersOf,
  PreparedTraining,
  type EncoderMethod,
  type PreparedTrainingOptions,
} from './prepared-training.ts'
import { measuredIn, type Measured } from '../evaluation/measured-on.ts'
import { evaluateClassifier, type EvaluatedClassifier } from '../evaluation/evaluate-classifier.ts'
import { compareWithChampion, type ModelComparison } from '../evaluation/evaluate-version.ts'
import { readSuspicious } from '../labels/suspicious-labels.ts'
import type { ReportContent } from '../report/report-html.ts'
import { publishClassifier, verificationSample } from '../runs/publish-classifier.ts'
import { writeReportContent } from '../runs/report-content.ts'
import { dataProfile } from '../data/data-profile.ts'
import { identityOf } from '../runs/run-identity.ts'
import { newRunName, writeRunRecord, type RunBegun } from '../runs/run-record.ts'
import { selectionFacts, type SelectionRecord } from '../runs/selection-record.ts'
import { stratifiedSplit } from '../data/split.ts'
import type { SizeCurveWanted } from '../head/head-size-curve.ts'
import { startingHead, untrainedHead, type StartingHeadProgress } from '../head/starting-head.ts'
import { checkedMaxTokens, checkedSeed } from '../embeddings/training-limits.ts'
import { requireSameInputs } from './training-position.ts'
import {
  checkpointPath,
  hasCheckpoint,
  removeCheckpoint,
  writeRunStart,
  type RunStart,
} from '../runs/unfinished-run.ts'

/** A progress report of training. */
export type TrainEncoderProgress =
  | StartingHeadProgress
  | FineTuningProgress
  | { readonly kind: 'reporting' }
  | { readonly kind: 'publishing' }

/** The options of a fine-tuning run. */
export type TrainEncoderOptions = {
  readonly train: Dataset
  /** Decides which epoch is best. Default: up to a tenth of the training examples is held out. */
  readonly validation?: Dataset | undefined
  /** Evaluated once, at the end. Without it, the validation texts are evaluated. */
  readonly test?: Dataset | undefined
  readonly base: Base
  readonly method: EncoderMethod
  /** The settings that replace those of the default recipe. */
  readonly recipe?: GivenRecipe | undefined
  readonly storeDir: string
  readonly name: string
  /** The folder of the embedding cache. Default: `embeddings` in the store. */
  readonly cacheDir?: string | undefined
  /** Default 1. */
  readonly seed?: number | undefined
  /** What computes the steps. Default `onnx`. */
  readonly engine?: TrainingEngine | undefined
  /** The tokens, special ones included, at which texts are truncated. Default: the base's limit. */
  readonly maxTokens?: number | undefined
  /** The champion that the report compares the model with on the test texts. */
  readonly champion?: ModelVersion | undefined
  /** Whether the report has a size curve, of heads on the frozen base. Default `cheap`. */
  readonly sizeCurve?: SizeCurveWanted | undefined
  /** The number of threads. Default: one per core. */
  readonly workers?: number | undefined
  /** Called once, when the run is in the store and before anything is computed. */
  readonly onBegin?: ((begun: RunBegun) => void) | undefined
  readonly onProgress?: ((progress: TrainEncoderProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
  /** Stored with the run, so that the caller can repeat the same request when it resumes. */
  readonly request?: Readonly<Record<string, unknown>> | undefined
  /** The run to resume, which must have been started with the same options and data. */
  readonly resume?: RunStart | undefined
  /** The name of the run, which continues if it was stopped. Default: a new name. */
  readonly run?: string | undefined
  /** Stored with the run: how method and base were chosen. */
  readonly selection?: SelectionRecord | undefined
  /** When checkpoints are written. Default: by time. */
  readonly checkpoints?: Pick<CheckpointPlan, 'everySteps' | 'betweenMs'> | undefined
}

/** The JSON output of the command `train` with the methods partial and full. */
export type TrainedEncoder = {
  readonly run: string
  /** `name@version`. */
  readonly model: string
  readonly method: EncoderMethod['kind']
  readonly labels: readonly string[]
  /** The number of training examples. */
  readonly examples: number
  readonly seconds: number
  /** The speed of the training steps alone, without padding. */
  readonly tokensPerSecond: number
  readonly metrics: TaskEvaluation & Measured
  readonly dataManifest: DataManifests
  /** What computed the steps; `runtime` names the backend. */
  readonly engine: TrainingEngine
  readonly runtime: string
  readonly recipe: Recipe
  readonly epochs: readonly EpochReport[]
  readonly bestEpoch: number
  /** How method and base were chosen, if `--method auto` chose them. */
  readonly selection?: SelectionRecord | undefined
  /** With the champion, on the test texts. */
  readonly comparison?: ModelComparison | undefined
  /** The folders of the model version and of the run. */
  readonly modelDir: string
  readonly runDir: string
}

type DataManifests = {
  readonly train: DataManifest
  readonly validation: DataManifest
  readonly test?: DataManifest | undefined
}

/**
 * How much is held out for validation: a tenth, but no more than 500 examples or 2 %, whichever is
 * more.
 */
const heldOut = { fraction: 0.1, enough: 500, fractionOfMany: 0.02 } as const

/**
 * Trains and publishes a model version. The same data, seed and machine type give the same
 * model.onnx to the byte, even if the run was killed and resumed.
 *
 * @throws WinnowError `dataset_invalid`, `usage`, `cancelled`, `training_diverged`, which names the
 * step, `model_incompatible` if the written model disagrees with the trainer, `session_failed`,
 * `engine_unavailable`, `memory_exhausted`, `resume_refused`, which names what changed since the
 * run was started.
 */
export async function trainEncoder(options: TrainEncoderOptions): Promise<TrainedEncoder> {
  const resolved = resolveOptions(options)
  if (resolved.engine === 'tfjs') expectTfjsInstalled()
  const labels = trainingLabels(resolved.train)
  checkOptions(resolved, labels)
  const start = await startRun(resolved)
  options.onBegin?.({
    run: start.run,
    name: start.name,
    method: resolved.method.kind,
    started: start.started,
    parameters: { base: resolved.base.name, ...parametersOf(resolved) },
    dataManifest: manifestsOf(resolved),
  })
  try {
    return await trainStarted(resolved, { labels, start, began: Date.now() })
  } catch (error) {
    if (!(error instanceof WinnowError) || error.code !== 'cancelled') throw error
    const message = `${error.message} Continue with: winnow train --resume ${start.run}`
    throw new WinnowError('cancelled', message, { cause: error, details: { run: start.run } })
  }
}

/**
 * Trains without a run in the store and without a version, and evaluates on `test`, or else on the
 * validation texts. The states of frozen layers are kept for all of `dataset`, which holds all
 * parts.
 */
export async function trainEncoderOnly(
  options: TrainEncoderOptions & {
    readonly dataset: Dataset
    readonly labels: readonly string[]
  },
): Promise<FittedEncoder> {
  const { labels, dataset } = options
  const resolved = resolveOptions(options)
  checkOptions(resolved, labels)
  return fitEncoder(resolved, { labels, dataset })
}

async function trainStarted(
  resolved: Resolved,
  { labels, start, began }: { labels: readonly string[]; start: RunStart; began: number },
): Promise<TrainedEncoder> {
  const { train, validation, test, seed } = resolved
  const { run } = start
  const sample = verificationSample(train.examples.length, seed)
  const verified = Array.from(sample, (index) => train.examples[index]!.text)
  const fitted = await fitEncoder(resolved, { labels, start, verified })
  const { result, trained, evaluated, verifiedProbabilities } = fitted
  const { evaluatedOn, measuredOn } = measuredIn(test, ['validation', validation])
  resolved.onProgress?.({ kind: 'reporting' })
  const report = await reportContent(resolved, { labels, measuredOn, fitted })
  resolved.onProgress?.({ kind: 'publishing' })
  const { version, confused } = await publishClassifier({
    ...resolved,
    method: resolved.method.kind,
    labels,
    run,
    evaluatedOn,
    measuredOn,
    encoder: trained.encoder,
    ...evaluated,
    pooledLayers: 'last',
    report: {
      ...report,
      trained: train.manifest,
      suspicious: await readSuspicious(join(resolved.storeDir, 'runs', run)),
    },
    trainedTexts: train.examples,
    verification: {
      texts: verified,
      probabilities: evaluated.calibrate(verifiedProbabilities),
    },
  })
  return record({
    version,
    start,
    began,
    result,
    evaluation: evaluated.evaluation,
    report: { ...report, confused },
    options: resolved,
  })
}

/** What the report shows besides the scores. */
async function reportContent(
  resolved: Resolved,
  run: { labels: readonly string[]; measuredOn: string; fitted: FittedEncoder },
): Promise<ReportContent> {
  const { train, test, recipe } = resolved
  const { labels, measuredOn, fitted } = run
  const { result, evaluated } = fitted
  return {
    measuredOn,
    facts: [...selectionFacts(resolved.selection), ...reportFacts(resolved, recipe, result)],
    training: { epochs: result.epochs, steps: result.steps, losses: result.losses },
    confused: evaluated.confused,
    sizeCurve: fitted.sizeCurve,
    profile: dataProfile(train.examples),
    comparison: await compareWithChampion({
      ...resolved,
      labels,
      // A temperature changes no predicted label.
      probabilities: test && fitted.testProbabilities,
    }),
  }
}

/** A fine-tuned encoder with its head, evaluated. */
export type FittedEncoder = {
  readonly result: FineTuningResult
  readonly trained: ReturnType<typeof withTrained>
  readonly evaluated: EvaluatedClassifier
  /** float32 [test texts, labels] and float32 [verified texts, labels], not calibrated. */
  readonly testProbabilities: Float32Array
  readonly verifiedProbabilities: Float32Array
  /** Of heads on the frozen base; of a run that began here. */
  readonly sizeCurve?: SizeCurve | undefined
}

/** Fine-tunes and evaluates; a run that was started keeps a checkpoint and its label report. */
async function fitEncoder(
  resolved: Resolved,
  work: {
    labels: readonly string[]
    start?: RunStart
    verified?: readonly string[]
    dataset?: Dataset
  },
): Promise<FittedEncoder> {
  const { base, train, validation, test, seed, storeDir } = resolved
  const { labels, start, dataset, verified = [] } = work
  const reportDir = start && join(storeDir, 'runs', start.run)
  const sizeCurve = start === undefined ? 'never' : (resolved.sizeCurve ?? 'cheap')
  const startsFrom: Awaited<ReturnType<typeof startingHead>> =
    start !== undefined && hasCheckpoint(storeDir, start.run)
      ? await untrainedHead(base, labels)
      : await startingHead({ ...resolved, reportDir, sizeCurve }, labels)
  const { encoder, head } = startsFrom
  const testTexts = test?.examples.map(({ text }) => text) ?? []
  const toPredict = [...testTexts, ...verified]
  const prepared = { ...resolved, labels, startsFrom, toPredict, dataset }
  const result = await fineTuneOnce(prepared, resolved, start)
  const testRows = testTexts.length * labels.length
  const testProbabilities = result.predictedProbabilities.subarray(0, testRows)
  const trained = withTrained(encoder, head, result.trained)
  const task = train.manifest.task ?? 'single-label'
  const predictionsOn = (set: Dataset, probabilities: Float32Array) => ({
    ...labelTruth(set, { labels, task }),
    examples: set.examples,
    probabilities,
  })
  const evaluated = evaluateClassifier({
    head: trained.head,
    labels,
    seed,
    heldOut: predictionsOn(validation, result.validationProbabilities),
    test: test && predictionsOn(test, testProbabilities),
  })
  const verifiedProbabilities = result.predictedProbabilities.subarray(testRows)
  return {
    result,
    trained,
    evaluated,
    testProbabilities,
    verifiedProbabilities,
    sizeCurve: startsFrom.sizeCurve,
  }
}

/** Checks the options before anything is computed. */
function checkOptions(
  { train, validation, test, method, base }: Resolved,
  labels: readonly string[],
): void {
  frozenLayersOf(method, base)
  const { task = 'single-label' } = train.manifest
  for (const set of [validation, test]) if (set !== undefined) labelTruth(set, { labels, task })
}

/**
 * Creates a run in the store, or checks that the run to resume was started with the same inputs.
 */
async function startRun(options: Resolved): Promise<RunStart> {
  const { name, storeDir, request = {}, resume } = options
  const identity = identityOf(options)
  if (resume !== undefined) {
    requireSameInputs(resume.identity, identity)
    return resume
  }
  const started = new Date()
  const start: RunStart = {
    formatVersion: 1,
    run: options.run ?? newRunName(name, started),
    name,
    started: started.toISOString(),
    identity,
    request,
  }
  await writeRunStart(storeDir, start)
  return start
}

type Resolved = TrainEncoderOptions & {
  readonly validation: Dataset
  readonly recipe: Recipe
  readonly seed: number
  readonly engine: TrainingEngine
  readonly maxTokens: number
  readonly workers: number
  readonly cacheDir: string
}

function resolveOptions(options: TrainEncoderOptions): Resolved {
  const seed = checkedSeed(options.seed)
  const parts = withValidation(options, seed)
  return {
    ...options,
    ...parts,
    recipe: recipeFor(parts.train, { method: options.method.kind, given: options.recipe }),
    seed,
    engine: options.engine ?? 'onnx',
    maxTokens: checkedMaxTokens(options.base, options.maxTokens),
    workers: options.workers ?? availableParallelism(),
    cacheDir: options.cacheDir ?? join(options.storeDir, 'embeddings'),
  }
}

/** Holds out training examples for validation if no validation set is given. */
export function withValidation(
  { train, validation }: Pick<TrainEncoderOptions, 'train' | 'validation'>,
  seed: number,
): { train: Dataset; validation: Dataset } {
  if (validation !== undefined) return { train, validation }
  const split = stratifiedSplit(train.examples, { fraction: heldOutFraction(train), seed })
  if (split.validation.length === 0) {
    const message =
      `${train.manifest.source} has too few examples of each label to hold out some for validation. ` +
      'Pass --validation, or use --method head.'
    throw new WinnowError('dataset_invalid', message)
  }
  return {
    train: datasetPart(train, split.train, 'train'),
    validation: datasetPart(train, split.validation, 'validation'),
  }
}

/** Hundreds of examples are enough to choose an epoch and a temperature. */
function heldOutFraction({ examples }: Dataset): number {
  const { fraction, enough, fractionOfMany } = heldOut
  return Math.min(fraction, Math.max(enough / examples.length, fractionOfMany))
}

/** Prepares one training and runs it; its thread has ended before the result is used. */
async function fineTuneOnce(
  prepared: PreparedTrainingOptions,
  { method, recipe, storeDir, checkpoints, onProgress, signal }: Resolved,
  start: RunStart | undefined,
): Promise<FineTuningResult> {
  const training = await PreparedTraining.open(prepared)
  const checkpoint = start && {
    path: checkpointPath(storeDir, start.run),
    identity: start.identity,
    ...checkpoints,
  }
  try {
    return await training.fineTune(
      { method, recipe, checkpoint },
      { onProgress: (progress) => onProgress?.(progress), signal },
    )
  } finally {
    await training.close()
  }
}

function reportFacts(
  options: Resolved,
  recipe: Recipe,
  { bestEpoch, epochs, runtime }: FineTuningResult,
): [string, string][] {
  const { base, train, validation, test, maxTokens, seed, engine, method } = options
  const named = ({ manifest }: Dataset): string =>
    `${manifest.source}, ${manifest.examples} examples, SHA-256 ${manifest.sha256}`
  const trained = describeTrained(method)
  return [
    ['Base encoder', `${base.name}, ${trained} trained, at most ${maxTokens} tokens`],
    ['Trained on', named(train)],
    ['Best epoch chosen on', named(validation)],
    ...measuredIn(test, ['validation', validation]).facts,
    [
      'Training',
      `AdamW, rate ${recipe.encoderRate}, head ${recipe.headRate}, epoch ${bestEpoch} of ` +
        `${epochs.length}, seed ${seed}`,
    ],
    ['Engine', `${engine}: ${runtime}`],
  ]
}

function describeTrained(method: EncoderMethod): string {
  if (method.kind === 'full') return 'all layers'
  if (method.layers === undefined) return 'all layers but the lowest'
  return `the top ${method.layers} layers`
}

function parametersOf({ seed, engine, maxTokens, method, recipe }: Resolved) {
  return { seed, engine, maxTokens, ...method, ...recipe }
}

function manifestsOf({ train, validation, test }: Resolved): DataManifests {
  return { train: train.manifest, validation: validation.manifest, test: test?.manifest }
}

/** Writes the run record, removes the checkpoint, and builds the result. */
async function record(work: {
  version: ModelVersion
  start: RunStart
  /** When this process started or resumed the run, in epoch milliseconds. */
  began: number
  result: FineTuningResult
  evaluation: TaskEvaluation
  report: ReportContent
  options: Resolved
}): Promise<TrainedEncoder> {
  const { version, result, evaluation, options } = work
  const { run, started } = work.start
  const { train, validation, test, recipe, base, engine, selection } = options
  const { epochs, bestEpoch, steps, tokens, stepSeconds, runtime } = result
  const { evaluatedOn, measuredOn } = measuredIn(test, ['validation', validation])
  const method = options.method.kind
  const seconds = (Date.now() - work.began) / 1_000
  const dataManifest = manifestsOf(options)
  const runDir = await writeRunRecord(options.storeDir, {
    formatVersion: 1,
    run,
    model: version.ref,
    method,
    base: base.name,
    started,
    seconds,
    dataManifest,
    evaluation,
    evaluatedOn,
    measuredOn,
    parameters: parametersOf(options),
    details: { epochs, bestEpoch, steps, tokens, stepSeconds, runtime },
    selection,
  })
  await writeReportContent(runDir, work.report)
  await removeCheckpoint(options.storeDir, run)
  return {
    run,
    model: version.ref,
    method,
    labels: version.manifest.labels,
    examples: train.examples.length,
    seconds,
    tokensPerSecond: tokens / stepSeconds,
    metrics: { evaluatedOn, measuredOn, ...evaluation },
    engine,
    runtime,
    dataManifest,
    recipe,
    epochs,
    bestEpoch,
    selection,
    comparison: work.report.comparison,
    modelDir: version.dir,
    runDir,
  }
}
