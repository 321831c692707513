// `winnow tune`: searches the settings of a training method and trains the best ones on all
// training data. Options are tune-options.ts, the search is trainers/tuning/.
import type { Command } from 'commander'
import type { Base } from '../../models/bases/base-store.ts'
import { sha256OfBytes } from '../../models/runtime/file-hash.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { workersOf } from '../../serving/model.ts'
import { closing } from '../../serving/open-resources.ts'
import type { Dataset } from '../../trainers/data/dataset.ts'
import { ruleLines } from '../../trainers/data/rule-report.ts'
import { checkedMaxTokens } from '../../trainers/embeddings/training-limits.ts'
import { withTruncatedTexts } from '../../trainers/embeddings/truncated-texts.ts'
import { requireSameInputs } from '../../trainers/encoder/training-position.ts'
import type { TrainedEncoder } from '../../trainers/encoder/train-encoder.ts'
import type { TrainedModel } from '../../trainers/head/train-head.ts'
import { renderReportText } from '../../trainers/report/report-text.ts'
import { newRunName } from '../../trainers/runs/run-record.ts'
import { reductionFactorDefault } from '../../trainers/tuning/asha.ts'
import {
  createJournal,
  journalPath,
  reopenJournal,
  type StudyJournal,
  type StudyStart,
} from '../../trainers/tuning/journal.ts'
import { runStudy } from '../../trainers/tuning/run-study.ts'
import { trainWinner } from '../../trainers/tuning/train-winner.ts'
import { tunedMethod } from '../../trainers/tuning/tuned-method.ts'
import type { TrialParameters } from '../../trainers/tuning/space/space.ts'
import type { MetricName, Trial } from '../../trainers/tuning/study.ts'
import { defaultSpace } from '../../trainers/tuning/space/train-space.ts'
import { pullBase } from '../base-pull.ts'
import { openContext, type CommandContext } from '../command-context.ts'
import { readCleaned, ruledParts } from '../labelled-texts.ts'
import { requestOf } from './resumed-options.ts'
import { addCommand } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { durationText } from '../terminal.ts'
import { trainingProgressText } from './training-progress.ts'
import { recordTrainingRun } from './training-row.ts'
import { earlierVersion } from './train.ts'
import {
  addTuneOptions,
  askedStudy,
  requireUnfinished,
  type AskedStudy,
  type StudyOptions,
  type TuneOptions,
} from './tune-options.ts'
import { beganText, trialText } from './tune-progress.ts'

/** Adds `tune` to the program. */
export function addTuneCommand(program: Command): void {
  const command = addCommand(program, {
    name: 'tune',
    summary: 'search the best settings and train a model with them',
    description:
      'Tries settings of a training method on held-out parts of the training texts, and trains\n' +
      'the best ones on all of them as a new version of the model NAME. The first trial has the\n' +
      'default recipe, so the winner is never worse by the chosen metric. The same data and seed give\n' +
      'the same trials, also when the tune was killed and resumed.',
    examples: [
      'winnow tune --data tickets.jsonl --name tickets --trials 30',
      'winnow tune --data tickets.jsonl --name tickets --method partial --time 30m',
      'winnow tune --data tickets.jsonl --name tickets --time 10m --metric log_loss',
      'winnow tune --data tickets.jsonl --name tickets --space space.yaml --sampler random',
      'winnow tune --data tickets.jsonl --name tickets --method full --executor kafka',
      'winnow tune --resume 20260131T120501-tickets-1f9c2e',
    ],
  })
  addTuneOptions(command).action(async (given: TuneOptions) => {
    const context = await openContext(given)
    const { terminal } = context
    const asked = await askedStudy(command, given, context)
    const tuned = await untilStopped((signal) => tune(context, asked, signal))
    terminal.progressDone()
    const { trained, study } = tuned
    for (const line of ruleLines(trained.dataManifest.train)) terminal.say(line)
    terminal.say(renderReportText(trained.metrics, terminal.style))
    terminal.say()
    terminal.say(
      `${terminal.style('bold', trained.model)} from trial ${study.best.trial} of ` +
        `${study.trials.length} in ${durationText(study.seconds * 1_000)}: ${trained.modelDir}`,
    )
    terminal.say(`report: ${trained.modelDir}/report.html`)
    await recordTrainingRun(context, trained)
    terminal.document({ ...trained, ...study })
  })
}

type Trained = TrainedModel | TrainedEncoder

/** The study as the JSON of the command has it. `run` is that of the tune. */
type StudyDocument = {
  readonly run: string
  /** The run that made the model. */
  readonly trainingRun: string
  /** Of all trials and the training of the winner. */
  readonly seconds: number
  readonly metric: MetricName
  readonly best: {
    readonly trial: number
    readonly value: number
    readonly parameters: TrialParameters
  }
  readonly trials: readonly TrialDocument[]
}

type TrialDocument = Pick<
  Trial,
  'state' | 'value' | 'parameters' | 'epochs' | 'seconds' | 'scores' | 'error'
> & { readonly trial: number }

async function tune(
  context: CommandContext,
  asked: AskedStudy,
  signal: AbortSignal,
): Promise<{ trained: Trained; study: StudyDocument }> {
  const { options } = asked
  if (options.executor === 'kafka') await (await import('./tune-executor.ts')).checkRemote(context)
  const { train, test } = await readParts(context, asked, signal)
  const base = await pullBase(options.base, context, signal)
  const texts = await withTruncatedTexts(train, { base, maxTokens: options.maxTokens })
  const journal = await openStudy(asked, { base, train: texts, context })
  const { run } = journal.start
  try {
    return await runToWinner(context, { journal, options, base, train: texts, test, signal })
  } catch (error) {
    if (!(error instanceof WinnowError) || error.code !== 'cancelled') throw error
    const message = `Tuning was cancelled. Continue with: winnow tune --resume ${run}`
    throw new WinnowError('cancelled', message, { cause: error, details: { run } })
  } finally {
    await journal.close()
  }
}

/** Runs the trials that are left, and trains the winner. */
async function runToWinner(
  context: CommandContext,
  study: {
    readonly journal: StudyJournal
    readonly options: StudyOptions
    readonly base: Base
    readonly train: Dataset
    readonly test: Dataset | undefined
    readonly signal: AbortSignal
  },
): Promise<{ trained: Trained; study: StudyDocument }> {
  const { terminal, paths } = context
  const { journal, options, base, signal } = study
  const { maxTokens } = options
  const { run, space, metric, seed, method, name } = journal.start
  const workers = workersIn(journal.start)
  requireUnfinished(journal)
  let running = ''
  const tuned = tunedMethod(method, {
    base,
    space,
    seed,
    name,
    workers,
    train: study.train,
    test: study.test,
    signal,
    storeDir: paths.store,
    maxTokens: checkedMaxTokens(base, maxTokens),
    onProgress: (progress) => terminal.progress(`${running}: ${trainingProgressText(progress)}`),
  })
  const { start } = journal
  const remote =
    options.executor === 'kafka'
      ? await (
          await import('./tune-executor.ts')
        ).openRemoteTrials(context, { ...study, start, workers, maxTokens })
      : undefined
  const budget = { trialsMax: options.trials, secondsMax: secondsOf(options.time) }
  if (journal.trials().length > 0) terminal.say(`continuing ${run}`)
  const trials = {
    ...budget,
    journal,
    evaluator: remote?.evaluator ?? tuned.evaluator,
    signal,
    onBegin: ({ number }: Trial) => {
      running = beganText(number, options.trials)
      terminal.progress(running)
    },
    onEnd: (trial: Trial) => {
      terminal.say(trialText(trial, { trials: journal.trials(), metric, ...budget }))
    },
  }
  const best = await closing(
    () => runStudy(trials),
    () => remote?.close() ?? Promise.resolve(),
  )
  running = 'training the winner'
  const parameters = best.number === 0 ? {} : best.parameters
  const request = { ...trainRequest(options, parameters), workers }
  const trained = await trainWinner(journal, best, (trainingRun) =>
    tuned.train(parameters, { run: trainingRun, request }),
  )
  return { trained, study: studyDocument(journal, { best, trained }) }
}

/** The options with which `winnow train` trains the winner. */
function trainRequest(
  options: StudyOptions,
  parameters: TrialParameters,
): Readonly<Record<string, unknown>> {
  const own = ['trials', 'time', 'sampler', 'metric', 'prune', 'space', 'executor', 'workers']
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

async function readParts(
  { config, terminal, paths }: CommandContext,
  { options }: AskedStudy,
  signal: AbortSignal,
): Promise<{ train: Dataset; test?: Dataset | undefined }> {
  const onProgress = (text: string): void => terminal.progress(text)
  const earlier = await earlierVersion({ storeDir: paths.store, name: options.name })
  const reading = { config, columns: options, earlier, signal, onProgress }
  const test = options.test === undefined ? undefined : await readCleaned(options.test, reading)
  return ruledParts({ train: await readCleaned(options.data, reading), test }, options)
}

/**
 * Begins the journal of a new study, or opens that of one to go on with, which must have the same
 * texts.
 */
async function openStudy(
  { options, space, resumed }: AskedStudy,
  { base, train, context }: { base: Base; train: Dataset; context: CommandContext },
): Promise<StudyJournal> {
  const storeDir = context.paths.store
  const identity = {
    'the training data': sha256OfBytes(
      Buffer.from(
        JSON.stringify(train.examples.map(({ text, label, labels }) => [text, label, labels])),
      ),
    ),
    'the base encoder': base.modelSha256,
    'the tokenizer': base.tokenizerSha256,
  }
  if (resumed !== undefined) {
    requireSameInputs(resumed.identity, identity)
    return reopenJournal(journalPath(storeDir, resumed.run))
  }
  const { name, method, metric, sampler, seed, prune } = options
  const started = new Date()
  const run = newRunName(name, started)
  const task = train.manifest.task ?? 'single-label'
  return createJournal(journalPath(storeDir, run), {
    formatVersion: 1,
    run,
    name,
    started: started.toISOString(),
    method,
    metric,
    sampler,
    seed,
    space: space ?? defaultSpace(method, { layers: base.layers, task }),
    reductionFactor: method !== 'head' && prune ? reductionFactorDefault : undefined,
    identity,
    request: { ...requestOf(options), workers: workersOf(context.config.inference) },
  })
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000
}

function studyDocument(
  journal: StudyJournal,
  { best, trained }: { best: Trial & { value: number }; trained: Trained },
): StudyDocument {
  const { run, metric } = journal.start
  const trials = journal.trials()
  return {
    run,
    trainingRun: trained.run,
    seconds: trials.reduce((sum, { seconds }) => sum + seconds, trained.seconds),
    metric,
    best: { trial: best.number, value: best.value, parameters: best.parameters },
    trials: trials.map(({ number, state, value, parameters, epochs, seconds, scores, error }) => ({
      trial: number,
      state,
      value,
      parameters,
      epochs,
      seconds,
      scores,
      error,
    })),
  }
}
