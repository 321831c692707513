// Reads the folder of one run: which command made it, and what its files say. It checks what it
// reads, since a folder can be damaged or of another program. Whose run it is, and which versions
// name it, is run-store.ts.
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { readIfThere } from '../../models/runtime/whole-file.ts'
import { issueSentence } from '../../schemas/issue-text.ts'
import type { Interval } from '../evaluation/evaluation.ts'
import { readJournal } from '../tuning/journal.ts'
import { bestTrial, type MetricName, type Trial } from '../tuning/study.ts'
import { progressFile, readProgress, type ProgressStart, type RunProgress } from './progress-log.ts'
import { dataParts, nameIn, type RecordedRun, type RunData, type RunMetric } from './tracked-run.ts'

const anyRecord = z.record(z.string(), z.unknown())
const finite = z.number()

const manifestSchema = z.looseObject({
  source: z.string(),
  examples: finite,
  labels: anyRecord,
  sha256: z.string(),
  task: z.literal('multi-label').optional(),
})
const dataSchema = z.looseObject({
  train: manifestSchema,
  validation: manifestSchema.optional(),
  test: manifestSchema.optional(),
})

/** What every record has. */
const recordSchema = z.looseObject({
  formatVersion: z.literal(1),
  run: z.string(),
  method: z.string(),
  started: z.iso.datetime(),
  environment: anyRecord.optional(),
})

const trainSchema = recordSchema.extend({
  model: z.string(),
  base: z.string(),
  seconds: finite,
  parameters: anyRecord,
  dataManifest: dataSchema,
  evaluation: z.looseObject({ intervals: anyRecord }),
  measuredOn: z.string().optional(),
  details: anyRecord.default({}),
})

const foldSchema = z.looseObject({
  repeat: finite,
  fold: finite,
  seconds: finite,
  metrics: z.record(z.string(), finite),
  chosen: z.record(z.string(), finite),
})
const cvSchema = recordSchema.extend({
  seconds: finite,
  parameters: anyRecord,
  dataManifest: dataSchema,
  metrics: z.looseObject({ measuredOn: z.string() }),
  mean: z.record(z.string(), finite),
  intervals: anyRecord,
  folds: z.array(foldSchema).min(1),
  foldPlan: z.looseObject({ sha256: z.string() }),
})

const startSchema = z.looseObject({
  formatVersion: z.literal(1),
  run: z.string(),
  name: z.string(),
  started: z.iso.datetime(),
  request: anyRecord,
})
const studySchema = startSchema.extend({
  method: z.string(),
  metric: z.string(),
  sampler: z.string(),
  seed: finite,
  space: z.unknown(),
  environment: anyRecord.optional(),
})

const epochsSchema = z.array(z.record(z.string(), z.number()))
const intervalSchema = z.looseObject({ low: finite, high: finite })

/** A file that makes a folder a run, and how it is read. */
type Reader = {
  readonly file: string
  readonly read: (path: string, text: string) => RecordedRun | Promise<RecordedRun>
}

/** In this order, because a finished run also has the files that it was started with. */
const readers: readonly Reader[] = [
  { file: 'run.json', read: trainedRun },
  { file: 'cv.json', read: crossValidatedRun },
  { file: 'trials.jsonl', read: tunedRun },
  { file: 'start.json', read: startedRun },
  { file: progressFile, read: begunRun },
]

/** The files that say what a run's folder holds. */
export const recordFiles = readers.map(({ file }) => file)

/**
 * Reads the run in a folder.
 *
 * @throws Error that says what is missing, damaged, or of another run.
 */
export async function readRun(dir: string): Promise<RecordedRun> {
  for (const { file, read } of readers) {
    const path = join(dir, file)
    const text = await readIfThere(path)
    if (text === undefined) continue
    const run = await read(path, text)
    if (run.run === basename(dir)) return run
    throw new Error(`${file} is of the run ${run.run}: the folder was renamed or copied`)
  }
  throw new Error(`it has none of the files of a run: ${recordFiles.join(', ')}`)
}

function trainedRun(path: string, text: string): RecordedRun {
  const record = parsed(path, { text, schema: trainSchema })
  const { run, method, started, seconds, base, model, evaluation, details, measuredOn } = record
  return {
    run,
    dir: dirname(path),
    state: 'finished',
    kind: 'train',
    name: model.split('@')[0]!,
    method,
    started,
    seconds,
    parameters: { base, ...withoutKind(record.parameters) },
    ...dataOf(record.dataManifest),
    metrics: metricsOf(evaluation, evaluation.intervals),
    mainMetric: 'accuracy',
    measuredOn: measuredOn ?? null,
    steps: trainingSteps(details, record.parameters),
    foldsSha256: null,
    model,
    trainingRun: null,
    environment: record.environment ?? null,
  }
}

/** The method repeats the kind of fine-tuning. */
function withoutKind(parameters: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== 'kind'))
}

/** Epochs of fine-tuning, or the values of C that a head was tried with. */
function trainingSteps(
  details: Readonly<Record<string, unknown>>,
  parameters: Readonly<Record<string, unknown>>,
): RecordedRun['steps'] {
  const epochs = epochsSchema.safeParse(details['epochs'])
  const complete = { state: 'complete', seconds: null } as const
  if (epochs.success) {
    const rows = epochs.data.map(({ epoch, ...metrics }, at) => ({
      ...complete,
      step: String(epoch ?? at + 1),
      parameters: {},
      metrics,
    }))
    const { bestEpoch } = details
    return { of: 'epoch', rows, best: typeof bestEpoch === 'number' ? String(bestEpoch) : null }
  }
  const trials = epochsSchema.safeParse(details['trials'])
  const rows = (trials.data ?? []).map(({ inverseRegularisation, ...metrics }, at) => ({
    ...complete,
    step: String(at),
    parameters: { inverseRegularisation },
    metrics,
  }))
  const chosen = parameters['inverseRegularisation']
  const best = rows.find(({ parameters: tried }) => tried.inverseRegularisation === chosen)
  return { of: 'trial', rows, best: best?.step ?? null }
}

function crossValidatedRun(path: string, text: string): RecordedRun {
  const record = parsed(path, { text, schema: cvSchema })
  const { run, method, started, seconds, folds, mean, intervals } = record
  const { sha256, ...plan } = record.foldPlan
  const isRepeated = folds.some(({ repeat }) => repeat > 1)
  return {
    run,
    dir: dirname(path),
    state: 'finished',
    kind: 'cv',
    name: nameIn(run),
    method,
    started,
    seconds,
    parameters: { ...withoutKind(record.parameters), ...plan },
    ...dataOf(record.dataManifest),
    metrics: metricsOf(mean, intervals),
    mainMetric: 'accuracy',
    measuredOn: record.metrics.measuredOn,
    steps: {
      of: 'fold',
      rows: folds.map((one) => ({
        step: isRepeated ? `${one.repeat}/${one.fold}` : String(one.fold),
        state: 'complete',
        seconds: one.seconds,
        parameters: one.chosen,
        metrics: one.metrics,
      })),
      best: null,
    },
    foldsSha256: sha256,
    model: null,
    trainingRun: null,
    environment: record.environment ?? null,
  }
}

async function tunedRun(path: string): Promise<RecordedRun> {
  const journal = await readJournal(path)
  const begun = (await readProgress(dirname(path)))?.start
  const { run, name, method, metric, started, sampler, seed, space, request, environment } =
    checked(path, { value: journal.start, schema: studySchema })
  // `filter` also passes over the hole that a lost line leaves.
  const trials = journal.trials().filter(Boolean)
  const winner = journal.winner()
  const best = bestTrial(trials, metric as MetricName)
  const { trials: trialsMax, time: timeMs, base } = request
  return {
    run,
    dir: dirname(path),
    state: winner === undefined ? 'unfinished' : 'finished',
    kind: 'tune',
    name,
    method,
    started,
    seconds: trials.reduce((sum, { seconds }) => sum + seconds, 0),
    parameters: { base, sampler, seed, metric, trials: trialsMax, timeMs, space },
    ...(manifestsIn(begun) ?? { data: requestedData(request), task: 'single-label' }),
    metrics: metricsOf(scoresOf(best), {}),
    mainMetric: evaluationName(metric),
    measuredOn: best === undefined ? null : 'held-out parts of the training texts, best trial',
    steps: {
      of: 'trial',
      rows: trials.map((trial) => ({
        step: String(trial.number),
        state: trial.state,
        seconds: trial.seconds,
        parameters: trial.parameters,
        metrics: scoresOf(trial),
        error: trial.error,
      })),
      best: best === undefined ? null : String(best.number),
    },
    foldsSha256: null,
    model: winner?.model ?? null,
    trainingRun: winner?.trainingRun ?? null,
    environment: environment ?? begun?.environment ?? null,
  }
}

/** Options of `train` that are shown as something else, or say nothing about the model. */
const notParameters = new Set(['data', 'test', 'validation', 'method', 'name', 'publish'])

/** A fine-tuning that has begun and is not finished. */
async function startedRun(path: string, text: string): Promise<RecordedRun> {
  const { run, name, started, request } = parsed(path, { text, schema: startSchema })
  const progress = await readProgress(dirname(path))
  if (progress?.start !== undefined) return unfinishedRun(dirname(path), progress.start, progress)
  const { data, test, validation, method } = request
  return {
    run,
    dir: dirname(path),
    state: 'unfinished',
    kind: 'train',
    name,
    method: typeof method === 'string' ? method : 'full',
    started,
    seconds: null,
    parameters: Object.fromEntries(
      Object.entries(request).filter(([option]) => !notParameters.has(option)),
    ),
    data: requestedData({ data, test, validation }),
    task: 'single-label',
    metrics: {},
    mainMetric: 'accuracy',
    measuredOn: null,
    steps: { of: 'epoch', rows: [], best: null },
    foldsSha256: null,
    model: null,
    trainingRun: null,
    environment: null,
  }
}

/** A training or cross-validation whose folder has only its course. */
async function begunRun(path: string): Promise<RecordedRun> {
  const progress = await readProgress(dirname(path))
  if (progress?.start === undefined) throw new Error(`${progressFile} lacks its first line`)
  return unfinishedRun(dirname(path), progress.start, progress)
}

/** A run as far as it has come; of a tune, its journal says more. */
function unfinishedRun(dir: string, start: ProgressStart, progress: RunProgress): RecordedRun {
  const { run, kind, name, method, started, parameters, environment } = start
  return {
    run,
    dir,
    state: 'unfinished',
    kind,
    name,
    method,
    started,
    seconds: null,
    parameters: withoutKind(parameters),
    ...(manifestsIn(start) ?? { data: {}, task: 'single-label' }),
    metrics: {},
    mainMetric: 'accuracy',
    measuredOn: null,
    steps: kind === 'cv' ? foldsSoFar(progress) : epochsSoFar(progress),
    foldsSha256: null,
    model: null,
    trainingRun: null,
    environment,
  }
}

function foldsSoFar({ begun, ended }: RunProgress): RecordedRun['steps'] {
  const rows = [...begun.keys()].map((step) => {
    const { seconds = null, parameters = {}, metrics = {} } = ended.get(step) ?? {}
    const state = ended.has(step) ? ('complete' as const) : ('running' as const)
    return { step, state, seconds, parameters, metrics }
  })
  return { of: 'fold', rows, best: null }
}

function epochsSoFar({ points }: RunProgress): RecordedRun['steps'] {
  const rows = points
    .filter(({ series, within }) => series === 'epoch' && within === undefined)
    .map(({ step, metrics }) => ({
      step: String(step),
      state: 'complete' as const,
      seconds: null,
      parameters: {},
      metrics,
    }))
  return { of: 'epoch', rows, best: null }
}

function parsed<Schema extends z.ZodType>(
  path: string,
  { text, schema }: { text: string; schema: Schema },
): z.output<Schema> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`${basename(path)} is not valid JSON`)
  }
  return checked(path, { value, schema })
}

function checked<Schema extends z.ZodType>(
  path: string,
  { value, schema }: { value: unknown; schema: Schema },
): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new Error(`${basename(path)}: ${issueSentence(issue!, value)}`)
}

function dataOf(manifests: z.output<typeof dataSchema>): Pick<RecordedRun, 'data' | 'task'> {
  const data = dataParts.flatMap((part): [string, RunData][] => {
    const manifest = manifests[part]
    if (manifest === undefined) return []
    const { source, examples, labels, sha256 } = manifest
    return [[part, { source, examples, labels: Object.keys(labels).length, sha256 }]]
  })
  return { data: Object.fromEntries(data), task: manifests.train.task ?? 'single-label' }
}

/** The data that a run was begun with. */
function manifestsIn(
  start: ProgressStart | undefined,
): Pick<RecordedRun, 'data' | 'task'> | undefined {
  const manifests = dataSchema.safeParse(start?.dataManifest)
  return manifests.success ? dataOf(manifests.data) : undefined
}

/** The sources that the options name: of a run without manifests, nothing more is known. */
function requestedData(request: Readonly<Record<string, unknown>>): RecordedRun['data'] {
  const data = dataParts.flatMap((part): [string, RunData][] => {
    const source = request[part === 'train' ? 'data' : part]
    if (typeof source !== 'string') return []
    const name = source.startsWith('/') ? basename(source) : source
    return [[part, { source: name, examples: null, labels: null, sha256: null }]]
  })
  return Object.fromEntries(data)
}

/** Every number among the values, with its interval where there is one. */
function metricsOf(
  values: Readonly<Record<string, unknown>>,
  intervals: Readonly<Record<string, unknown>>,
): Record<string, RunMetric> {
  const metrics = Object.entries(values).flatMap(([name, value]): [string, RunMetric][] =>
    typeof value === 'number' && name !== 'examples'
      ? [[name, { value, interval: intervalIn(intervals[name]) }]]
      : [],
  )
  return Object.fromEntries(metrics)
}

function intervalIn(value: unknown): Interval | null {
  const { data } = intervalSchema.safeParse(value)
  return data === undefined ? null : { low: data.low, high: data.high }
}

function scoresOf(trial: Trial | undefined): Record<string, number> {
  const scores = Object.entries(trial?.scores ?? {})
  return Object.fromEntries(scores.map(([name, value]) => [evaluationName(name), value]))
}

/** The name in an evaluation of a metric of `tune`: `macro_f1` is `macroF1` there. */
function evaluationName(metric: string): string {
  return metric.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}
