// `winnow tune`: searches the settings of a training method and trains the best ones on all
// training data. Options are tune-options.ts, the search is trainers/tuning/.
import { dirname } from 'node:path'
import type { Command } from 'commander'
import { readCleaned, ruledParts, type ReadingProgress } from '../../library/read-texts.ts'
import { championIn, earlierVersion } from '../../library/train.ts'
import { requestOf } from '../../library/training-request.ts'
import { trackRun, type RunTracker } from '../../library/track-run.ts'
import { recordTrainingRun, recordTuneRun } from '../../library/training-row.ts'
import type { Base } from '../../models/bases/base-store.ts'
import { sha256OfBytes } from '../../models/runtime/file-hash.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { workersOf } from '../../serving/model.ts'
import { closing } from '../../serving/open-resources.ts'
import type { TrainingProgress } from '../../trainers/cross-validation/fold-training.ts'
import type { Dataset } from '../../trainers/data/dataset.ts'
import { ruleLines } from '../../trainers/data/rule-report.ts'
import { checkedMaxTokens } from '../../trainers/embeddings/training-limits.ts'
import { withTruncatedTexts } from '../../trainers/embeddings/truncated-texts.ts'
import { recipeFor } from '../../trainers/encoder/few-examples.ts'
import { requireSameInputs } from '../../trainers/encoder/training-position.ts'
import type { TrainedEncoder } from '../../trainers/encoder/train-encoder.ts'
import type { TrainedModel } from '../../trainers/head/train-head.ts'
import { renderReportText } from '../../trainers/report/report-text.ts'
import { writeRunReport } from '../../trainers/run-reports/run-page.ts'
import { newRunName, type RunBegun } from '../../trainers/runs/run-record.ts'
import { reductionFactorDefault } from '../../trainers/tuning/asha.ts'
import { bracketsFor } from '../../trainers/tuning/hyperband.ts'
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
import type { SearchSpace, TrialParameters } from '../../trainers/tuning/space/space.ts'
import { bestTrial } from '../../trainers/tuning/study.ts'
import { defaultSpace } from '../../trainers/tuning/space/train-space.ts'
import { pullBase } from '../base-pull.ts'
import { openContext, type CommandContext } from '../command-context.ts'
import { readingText } from '../labelled-texts.ts'
import { addCommand } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { durationText, type Terminal } from '../terminal.ts'
import { trainingProgressText } from './training-progress.ts'
import type { RemoteTrials } from './tune-executor.ts'
import {
  addTuneOptions,
  askedStudy,
  objectivesOf,
  requireTrial,
  type AskedStudy,
  type StudyOptions,
  type TuneOptions,
} from './tune-options.ts'
import { frontText, studyDocument, type BestTrial, type StudyDocument } from './tune-document.ts'
import { runningText, trialText } from './tune-progress.ts'

/** Adds `tune` to the program. */
export function addTuneCommand(program: Command): void {
  const command = addCommand(program, {
    name: 'tune',
    summary: 'search the best settings and train a model with them',
    description:
      'Tries settings of a training method on held-out parts of the training texts, and trains\n' +
      'the best ones on all of them as a new version of the model NAME. The first trial has the\n' +
      'default recipe, so the winner is never worse by the chosen metric. The same data and seed give\n' +
      'the same trials, also when the tune was killed and resumed. With two metrics, the winner is\n' +
      'the best by the first one; publish another trial of the front with --publish-trial.',
    examples: [
      'winnow tune --data tickets.jsonl --name tickets --trials 30',
      'winnow tune --data tickets.jsonl --name tickets --method partial --time 30m',
      'winnow tune --data tickets.jsonl --name tickets --time 10m --metric log_loss',
      'winnow tune --data tickets.jsonl --name tickets --space space.yaml --sampler random',
      'winnow tune --data tickets.jsonl --name tickets --method full --pruner hyperband',
      'winnow tune --data tickets.jsonl --name tickets --metric macro_f1 --metric ms_per_text',
      'winnow tune --data tickets.jsonl --name tickets --method full --executor kafka',
      'winnow tune --resume 20260131T120501-tickets-1f9c2e',
      'winnow tune --resume 20260131T120501-tickets-1f9c2e --publish-trial 7',
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
    sayFront(terminal, tuned)
    terminal.say(
      `${terminal.style('bold', trained.model)} from trial ${study.publishedTrial} of ` +
        `${study.trials.length} in ${durationText(study.seconds * 1_000)}: ${trained.modelDir}`,
    )
    terminal.say(`report: ${tuned.report}`)
    terminal.say(`report of the model: ${trained.modelDir}/report.html`)
    await recordTrainingRun(context, trained)
    await recordTuneRun(context, { run: study.run, name: asked.options.name, trained })
    terminal.document({ ...trained, ...study, report: tuned.report })
  })
}

type Trained = TrainedModel | TrainedEncoder

type Tuned = {
  readonly trained: Trained
  readonly study: StudyDocument
  readonly space: SearchSpace
}

/** The trials to choose from, if there are two objectives. */
function sayFront(terminal: Terminal, { study, space }: Tuned): void {
  const { best, objectives } = study
  if (objectives === undefined || !Array.isArray(best)) return
  terminal.say()
  terminal.say(`No trial is better in both ${objectives.join(' and ')} than one of these:`)
  terminal.say(frontText(best as readonly BestTrial[], { objectives, space }))
  terminal.say(`To publish another one: winnow tune --resume ${study.run} --publish-trial NUMBER`)
}

async function tune(
  context: CommandContext,
  asked: AskedStudy,
  signal: AbortSignal,
): Promise<Tuned & { readonly report: string }> {
  const { options } = asked
  if (options.executor === 'kafka') await (await import('./tune-executor.ts')).checkRemote(context)
  const { train, test } = await readParts(context, asked, signal)
  const base = await pullBase(options.base, context, signal)
  const texts = await withTruncatedTexts(train, { base, maxTokens: options.maxTokens })
  const journal = await openStudy(asked, { base, train: texts, context })
  const { run } = journal.start
  const study = { journal, options, base, train: texts, test, signal }
  try {
    return await trackRun(context, { kind: 'tune' }, async (tracker) => {
      const tuned = await runToWinner(context, { ...study, tracker })
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
    readonly tracker: RunTracker
  },
): Promise<Tuned> {
  const { terminal, paths } = context
  const { journal, options, base, signal, tracker } = study
  const { run, space, seed, method, name } = journal.start
  const workers = workersIn(journal.start)
  requireTrial(journal, options.publishTrial)
  const budget = { trialsMax: options.trials, secondsMax: secondsOf(options.time) }
  const live = { trials: journal.trials, start: journal.start, ...budget }
  let running = ''
  let training: (progress: TrainingProgress) => void = () => undefined
  tracker.begin(begunStudy(journal.start, study))
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
      terminal.progress(`${running}: ${trainingProgressText(progress)}`)
    },
  })
  if (journal.trials().length > 0) terminal.say(`continuing ${run}`)
  const { publishTrial } = options
  const isPublishing = publishTrial !== undefined
  const remote = isPublishing ? undefined : await remoteTrialsOf(context, study)
  const best = isPublishing
    ? bestTrial(journal.trials(), journal.start.metric)!
    : await runStudyOn(remote, {
        ...budget,
        journal,
        evaluator: remote?.evaluator ?? tuned.evaluator,
        signal,
        onBegin: ({ number }) => {
          running = runningText(number, live)
          tracker.beginStep(String(number))
          training = (progress) => tracker.training(progress, String(number))
          terminal.progress(running)
        },
        onEnd: (trial) => {
          tracker.endStep(String(trial.number))
          terminal.say(trialText(trial, live))
        },
      })
  const chosen = isPublishing ? journal.trials()[publishTrial]! : best
  running = isPublishing ? `training trial ${chosen.number}` : 'training the winner'
  const parameters = chosen.number === 0 ? {} : chosen.parameters
  const request = { ...trainRequest(options, parameters), workers }
  const trained = await trainWinner(journal, chosen, (trainingRun) =>
    trackRun(context, { kind: 'train', tune: run }, (winner) => {
      training = winner.training
      return tuned.train(parameters, { run: trainingRun, request, onBegin: winner.begin })
    }),
  )
  const published = chosen.number
  return { trained, space, study: studyDocument(journal, { best, published, trained }) }
}

/** Where trials run if not in this process; loaded only then. */
async function remoteTrialsOf(
  context: CommandContext,
  study: {
    readonly journal: StudyJournal
    readonly options: StudyOptions
    readonly base: Base
    readonly train: Dataset
    readonly signal: AbortSignal
  },
): Promise<RemoteTrials | undefined> {
  const { executor, maxTokens } = study.options
  if (executor !== 'kafka') return undefined
  const { openRemoteTrials } = await import('./tune-executor.ts')
  return openRemoteTrials(context, { ...study, start: study.journal.start, maxTokens })
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

/** What the study is begun with, as it is tracked. */
function begunStudy(
  { run, name, method, metric, sampler, seed, started }: StudyStart,
  { base, train, test }: { base: Base; train: Dataset; test: Dataset | undefined },
): RunBegun {
  return {
    run,
    name,
    method,
    started,
    parameters: { base: base.name, sampler, seed, metric },
    dataManifest: { train: train.manifest, test: test?.manifest },
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

async function readParts(
  context: CommandContext,
  { options }: AskedStudy,
  signal: AbortSignal,
): Promise<{ train: Dataset; test?: Dataset | undefined }> {
  const { terminal, paths } = context
  const earlier = await earlierVersion({ storeDir: paths.store, name: options.name })
  const onProgress = (progress: ReadingProgress): void => terminal.progress(readingText(progress))
  const reading = { ...options, context, earlier, signal, onProgress }
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
  const { name, method, sampler, seed } = options
  const started = new Date()
  const run = newRunName(name, started)
  const task = train.manifest.task ?? 'single-label'
  const objectives = objectivesOf(options.metric)
  const tokensMax = objectives.metrics?.includes('ms_per_text')
    ? checkedMaxTokens(base, options.maxTokens)
    : undefined
  const searched = space ?? defaultSpace(method, { layers: base.layers, task, tokensMax })
  return createJournal(journalPath(storeDir, run), {
    formatVersion: 1,
    run,
    name,
    started: started.toISOString(),
    method,
    ...objectives,
    sampler,
    seed,
    space: searched,
    ...pruningOf(options, { train, space: searched }),
    identity,
    request: { ...requestOf(options), workers: workersOf(context.config.inference) },
  })
}

/** The pruning of a study: brackets of Hyperband reach up to the most epochs of a trial. */
function pruningOf(
  { method, metric, pruner = metric.length > 1 ? 'none' : 'asha' }: StudyOptions,
  { train, space }: { train: Dataset; space: SearchSpace },
): Pick<StudyStart, 'reductionFactor' | 'brackets'> {
  if (method === 'head' || pruner === 'none') return {}
  const reductionFactor = reductionFactorDefault
  if (pruner === 'asha') return { reductionFactor }
  const domain = space.find(({ name }) => name === 'epochs')?.domain
  const epochsMax =
    domain === undefined
      ? recipeFor(train, { method }).epochs
      : domain.kind === 'categorical'
        ? Math.max(...domain.choices.map(Number))
        : domain.high
  return { reductionFactor, brackets: bracketsFor(epochsMax, reductionFactor) }
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000
}
