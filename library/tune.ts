// Searches the settings of a training method and trains the best ones on all training texts. The
// search is in trainers/tuning/; the command `tune` calls the same function.
import { dirname } from 'node:path'
import type { Base } from '../models/bases/base-store.ts'
import { WinnowError } from '../schemas/errors.ts'
import { closing } from '../serving/open-resources.ts'
import type { TrainingProgress } from '../trainers/cross-validation/fold-training.ts'
import type { Dataset } from '../trainers/data/dataset.ts'
import { checkedMaxTokens } from '../trainers/embeddings/training-limits.ts'
import { withTruncatedTexts } from '../trainers/embeddings/truncated-texts.ts'
import type { TrainedEncoder } from '../trainers/encoder/train-encoder.ts'
import type { TrainedModel } from '../trainers/head/train-head.ts'
import { writeRunReport } from '../trainers/run-reports/run-page.ts'
import {
  journalPath,
  readJournal,
  type StudyJournal,
  type StudyStart,
} from '../trainers/tuning/journal.ts'
import { runStudy } from '../trainers/tuning/run-study.ts'
import { trainWinner } from '../trainers/tuning/train-winner.ts'
import { tunedMethod } from '../trainers/tuning/tuned-method.ts'
import type { SearchSpace, TrialParameters } from '../trainers/tuning/space/space.ts'
import { bestTrial, type Trial } from '../trainers/tuning/study.ts'
import { studyDocument, type StudyDocument } from '../trainers/tuning/study-document.ts'
import { readSpace } from '../trainers/tuning/space/space-file.ts'
import { settingsOf } from '../trainers/tuning/space/train-space.ts'
import { knownBase } from '../models/bases/base-store.ts'
import { requireModelName } from '../models/store/version-store.ts'
import {
  checkMetrics,
  openStudy,
  requireTrial,
  tuneDefaults,
  type AskedStudy,
  type StudyOptions,
} from './asked-study.ts'
import { resolveContext, type Context, type LongWork, type WinnowOptions } from './context.ts'
import { championIn, readTrainingParts, type Trained, type TrainProgress } from './train.ts'
import { requestOf } from './training/training-request.ts'
import { checkMethod, methodDefaults } from './training/training-options.ts'
import type { RemoteTrials } from './remote-trials.ts'
import { trackRun, type RunTracker } from './track-run.ts'
import { recordTrainingRun, recordTuneRun } from './training-row.ts'

/** A study while it runs. */
export type LiveStudy = {
  /** The trials so far, those under way included. */
  readonly trials: () => readonly Trial[]
  readonly start: Pick<StudyStart, 'metric' | 'metrics'>
  readonly trialsMax: number
  readonly secondsMax?: number | undefined
}

/** How far a tune is. */
export type TuneProgress =
  | TrainProgress
  /** A study that was stopped goes on. */
  | { readonly kind: 'continuing'; readonly run: string }
  | { readonly kind: 'trial-began'; readonly trial: number; readonly study: LiveStudy }
  | { readonly kind: 'trial-ended'; readonly trial: Trial; readonly study: LiveStudy }
  /** The winner is trained, or the trial that is asked for. */
  | { readonly kind: 'winner-began'; readonly trial: number | undefined }
  /** A training within a trial, or of the winner. */
  | { readonly kind: 'training'; readonly training: TrainingProgress }

/** The options of {@link tune}. */
export type TuneOptions = WinnowOptions &
  Omit<StudyOptions, 'publishTrial'> &
  LongWork<TuneProgress> & {
    /** The search space as YAML (docs/tuning.md). Default: one for the method. */
    readonly space?: string | undefined
    /** The name of a study that was stopped, to continue it with the same options and texts. */
    readonly resume?: string | undefined
  }

/** The trained winner, and the study that found it. `run` is that of the study. */
export type Tuned = (
  Omit<TrainedModel, keyof StudyDocument> | Omit<TrainedEncoder, keyof StudyDocument>
) &
  StudyDocument & {
    /** The path of the study's report. */
    readonly report: string
  }

/**
 * Tries settings of a training method on held-out parts of the texts, and trains the best ones on
 * all of them as a new version of a model. The first trial has the default recipe, so the winner is
 * never worse by the metric. The same texts and seed give the same trials.
 *
 * @throws WinnowError `usage`, `dataset_invalid`, `base_not_found`, `resume_refused`, `cancelled`
 * (`details.run` can be resumed), `training_diverged` when every trial failed.
 *
 * @example
 * const tuned = await tune({ data: 'tickets.jsonl', name: 'tickets', trials: 20 })
 * console.log(tuned.model, tuned.best, tuned.trials.length)
 */
export async function tune(options: TuneOptions): Promise<Tuned> {
  const { signal, onProgress, resume } = options
  requireModelName(options.name)
  checkMetrics(options)
  const context = await resolveContext(options)
  const storeDir = context.paths.store
  await checkMethod(options, { storeDir })
  const { method = methodDefaults.method, base: name = methodDefaults.base } = options
  const settings = settingsOf(method, await knownBase({ name, storeDir }))
  const space =
    options.space === undefined
      ? undefined
      : readSpace(options.space, { settings, source: 'the option space' })
  const resumed =
    resume === undefined ? undefined : (await readJournal(journalPath(storeDir, resume))).start
  const asked = { options, space: resumed?.space ?? space, resumed }
  const { trained, study, report } = await tuneIn(context, asked, { signal, onProgress })
  await recordTrainingRun(context, trained)
  await recordTuneRun(context, { run: study.run, name: options.name, trained })
  return { ...trained, ...study, report }
}

/** What `tune` gives, in parts. */
export type TunedStudy = {
  readonly trained: Trained
  /** The path of the study's report. */
  readonly report: string
  readonly study: StudyDocument
  readonly space: SearchSpace
}

/** `tune` in a context, with options that are checked; it writes no row. */
export async function tuneIn(
  context: Context,
  asked: AskedStudy,
  watch: LongWork<TuneProgress>,
): Promise<TunedStudy> {
  const { options } = asked
  if (options.executor === 'kafka') await (await import('./remote-trials.ts')).checkRemote(context)
  const { parts, base } = await readTrainingParts(context, { ...options, ...watch })
  const texts = await withTruncatedTexts(parts.train, { base, maxTokens: options.maxTokens })
  const journal = await openStudy(asked, { base, train: texts, context })
  const { run } = journal.start
  try {
    // Before the study is tracked: a refusal is no failure of the run.
    requireTrial(journal, options.publishTrial)
    const study = { journal, options, base, train: texts, test: parts.test }
    return await trackRun(context, { kind: 'tune' }, async (tracker) => {
      const tuned = await runToWinner(context, study, trackedTune(tracker, study, watch))
      const { store } = context.paths
      return { ...tuned, report: await writeRunReport(store, dirname(journalPath(store, run))) }
    })
  } catch (error) {
    if (!(error instanceof WinnowError) || error.code !== 'cancelled') throw error
    const message = `Tuning was cancelled. Continue with: winnow tune --resume ${run}`
    throw new WinnowError('cancelled', message, { cause: error, details: { run } })
  } finally {
    await journal.close()
  }
}

/** A study with what it is run on. */
type Study = {
  readonly journal: StudyJournal
  readonly options: StudyOptions
  readonly base: Base
  readonly train: Dataset
  readonly test: Dataset | undefined
}

/** Runs the trials that are left, and trains the winner. */
async function runToWinner(
  context: Context,
  study: Study,
  { signal, onProgress }: LongWork<TuneProgress>,
): Promise<Omit<TunedStudy, 'report'>> {
  const { paths } = context
  const { journal, options, base } = study
  const { run, space, seed, method, name } = journal.start
  const workers = workersIn(journal.start)
  const { trials = tuneDefaults.trials } = options
  const budget = { trialsMax: trials, secondsMax: secondsOf(options.time) }
  const live = { trials: journal.trials, start: journal.start, ...budget }
  /** Takes the progress of the winner; that of a trial is tracked with the study. */
  let training: RunTracker['training'] = () => undefined
  const tuned = tunedMethod(method, {
    base,
    space,
    seed,
    name,
    workers,
    train: study.train,
    test: study.test,
    champion: study.test && (await championIn({ storeDir: paths.store, name })),
    signal,
    storeDir: paths.store,
    maxTokens: checkedMaxTokens(base, options.maxTokens),
    isTimed: journal.start.metrics?.includes('ms_per_text'),
    onProgress: (progress) => {
      training(progress)
      onProgress?.({ kind: 'training', training: progress })
    },
  })
  if (journal.trials().length > 0) onProgress?.({ kind: 'continuing', run })
  const { publishTrial } = options
  const isPublishing = publishTrial !== undefined
  const remote = isPublishing ? undefined : await remoteTrialsOf(context, study, signal)
  const best = isPublishing
    ? bestTrial(journal.trials(), journal.start.metric)!
    : await runStudyOn(remote, {
        ...budget,
        journal,
        evaluator: remote?.evaluator ?? tuned.evaluator,
        signal,
        onBegin: ({ number }) => onProgress?.({ kind: 'trial-began', trial: number, study: live }),
        onEnd: (trial) => onProgress?.({ kind: 'trial-ended', trial, study: live }),
      })
  const chosen = isPublishing ? journal.trials()[publishTrial]! : best
  onProgress?.({ kind: 'winner-began', trial: publishTrial })
  const parameters = chosen.number === 0 ? {} : chosen.parameters
  const request = { ...trainRequest(options, parameters), workers }
  const trained = await trainWinner(journal, chosen, (trainingRun) =>
    trackRun(context, { kind: 'train', tune: run }, (winner) => {
      training = (progress) => winner.training(progress)
      return tuned.train(parameters, { run: trainingRun, request, onBegin: winner.begin })
    }),
  )
  const published = chosen.number
  return { trained, space, study: studyDocument(journal, { best, published, trained }) }
}

/** Where trials run if not in this process; loaded only then. */
async function remoteTrialsOf(
  context: Context,
  study: Study,
  signal: AbortSignal | undefined,
): Promise<RemoteTrials | undefined> {
  const { executor, maxTokens } = study.options
  if (executor !== 'kafka') return undefined
  const { openRemoteTrials } = await import('./remote-trials.ts')
  return openRemoteTrials(context, { ...study, start: study.journal.start, maxTokens, signal })
}

/** Runs the study, and lets go of its workers. */
function runStudyOn(
  remote: RemoteTrials | undefined,
  study: Parameters<typeof runStudy>[0],
): ReturnType<typeof runStudy> {
  return closing(
    () => runStudy(study),
    () => remote?.close() ?? Promise.resolve(),
  )
}

/** The watch over a study that also tells the tracker of it. */
function trackedTune(
  tracker: RunTracker,
  { journal, base, train, test }: Study,
  { signal, onProgress }: LongWork<TuneProgress>,
): LongWork<TuneProgress> {
  const { run, name, method, metric, sampler, seed, started } = journal.start
  tracker.begin({
    run,
    name,
    method,
    started,
    parameters: { base: base.name, sampler, seed, metric },
    dataManifest: { train: train.manifest, test: test?.manifest },
  })
  let step: string | undefined
  return {
    signal,
    onProgress(progress) {
      if (progress.kind === 'trial-began') tracker.beginStep((step = String(progress.trial)))
      if (progress.kind === 'trial-ended') tracker.endStep(String(progress.trial.number))
      if (progress.kind === 'winner-began') step = undefined
      if (progress.kind === 'training' && step !== undefined) {
        tracker.training(progress.training, step)
      }
      onProgress?.(progress)
    },
  }
}

/** The options with which `winnow train` trains the winner. */
function trainRequest(
  options: StudyOptions,
  parameters: TrialParameters,
): Readonly<Record<string, unknown>> {
  const own = [
    'executor',
    'trials',
    'time',
    'sampler',
    'metric',
    'pruner',
    'space',
    'publishTrial',
    'workers',
  ]
  const kept = Object.entries(requestOf(options)).filter(([name]) => !own.includes(name))
  const settings = Object.entries(parameters).map(([name, value]) => [
    name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ])
  return Object.fromEntries([...kept, ...settings]) as Readonly<Record<string, unknown>>
}

/** Threads as when the study began, because their number changes the last bits of a training. */
function workersIn({ request }: StudyStart): number {
  return request['workers'] as number
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000
}
