// The study that a tune is asked for: its options, what is refused, and its journal, which is a new
// one or that of a study to resume.
import type { Base } from '../models/bases/base-store.ts'
import { sha256OfBytes } from '../models/runtime/file-hash.ts'
import { WinnowError } from '../schemas/errors.ts'
import { workersOf } from '../serving/model.ts'
import type { Dataset } from '../trainers/data/dataset.ts'
import { checkedMaxTokens } from '../trainers/embeddings/training-limits.ts'
import { recipeFor } from '../trainers/encoder/few-examples.ts'
import { requireSameInputs } from '../trainers/encoder/training-position.ts'
import { newRunName, type TrainingMethod } from '../trainers/runs/run-record.ts'
import { reductionFactorDefault } from '../trainers/tuning/asha.ts'
import { bracketsFor, type PrunerName } from '../trainers/tuning/hyperband.ts'
import {
  createJournal,
  journalPath,
  reopenJournal,
  type StudyHistory,
  type StudyJournal,
  type StudyStart,
} from '../trainers/tuning/journal.ts'
import type { SamplerName } from '../trainers/tuning/samplers/choose-sampler.ts'
import type { SearchSpace } from '../trainers/tuning/space/space.ts'
import { defaultSpace } from '../trainers/tuning/space/train-space.ts'
import { metricNames, type MetricName, type Objectives } from '../trainers/tuning/study.ts'
import type { Context } from './context.ts'
import type { ColumnOptions, RuleOptions, TextSource } from './read-texts.ts'
import { requestOf } from './training/training-request.ts'
import { methodDefaults } from './training/training-options.ts'

/** Where trials can run. */
export const executorNames = ['local', 'kafka'] as const
export type ExecutorName = (typeof executorNames)[number]

/** What is tuned, on which texts, and how long. */
export type StudyOptions = ColumnOptions &
  RuleOptions & {
    /** The texts to train on. */
    readonly data: TextSource
    /** The name of the model. */
    readonly name: string
    /** Texts to measure the winner on. Default: held-out parts of the data. */
    readonly test?: TextSource | undefined
    /** The base encoder. Default `minilm-l6`. */
    readonly base?: string | undefined
    /** What is trained. Default `head`. */
    readonly method?: TrainingMethod | undefined
    /** Trials in all, the default recipe included. Default 30. */
    readonly trials?: number | undefined
    /** Milliseconds for all trials together. Default: no limit. */
    readonly time?: number | undefined
    /** How trials are chosen. Default `auto`. */
    readonly sampler?: SamplerName | undefined
    /** What a trial is judged by: one metric, or two objectives. Default `['macro_f1']`. */
    readonly metric?: readonly MetricName[] | undefined
    /** partial, full: how trials are stopped early. Default `asha`, with two metrics `none`. */
    readonly pruner?: PrunerName | undefined
    /** Where trials run: in this process, or on train-workers through Kafka. Default `local`. */
    readonly executor?: ExecutorName | undefined
    /** The seed of every random choice. Default 1. */
    readonly seed?: number | undefined
    /** The tokens at which texts are truncated. Default: the base's limit. */
    readonly maxTokens?: number | undefined
    /** Of a study to resume: train this trial instead of the best one. */
    readonly publishTrial?: number | undefined
  }

/** The defaults of the command and the function. */
export const tuneDefaults = { trials: 30, sampler: 'auto', metric: ['macro_f1'] } as const

/** What the metrics make of a study. */
export function objectivesOf([first, second]: readonly MetricName[]): Objectives {
  return { metric: first!, metrics: second && [first!, second] }
}

/** @throws WinnowError `usage` for metrics that do not make one or two objectives. */
export function checkMetrics({
  metric = tuneDefaults.metric,
  pruner,
}: Pick<StudyOptions, 'metric' | 'pruner'>): void {
  const [first, second] = metric
  const isPruned = pruner !== undefined && pruner !== 'none'
  const rules = [
    [first === undefined, `Give one metric or two of ${metricNames.join(', ')}.`],
    [metric.length > 2, 'Give --metric once or twice; a tune has at most two objectives.'],
    [
      first === 'ms_per_text',
      'The time alone would choose the shortest texts. ' +
        'Give the quality first: --metric macro_f1 --metric ms_per_text.',
    ],
    [first === second, `--metric ${first} is given twice; give two different ones.`],
    [
      second !== undefined && isPruned,
      `--pruner ${pruner} compares trials by one metric; leave it out, or give --metric once.`,
    ],
  ] as const
  const broken = rules.find(([isBroken]) => isBroken)
  if (broken !== undefined) throw new WinnowError('usage', broken[1])
}

/** What to run. */
export type AskedStudy = {
  readonly options: StudyOptions
  /** Undefined for the default space. */
  readonly space: SearchSpace | undefined
  /** The study to go on with. */
  readonly resumed: StudyStart | undefined
}

/**
 * Begins the journal of a new study, or opens that of one to go on with, which must have the same
 * texts.
 */
export async function openStudy(
  { options, space, resumed }: AskedStudy,
  { base, train, context }: { base: Base; train: Dataset; context: Context },
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
  const { name, method = methodDefaults.method, sampler = tuneDefaults.sampler } = options
  const { seed = methodDefaults.seed, metric = tuneDefaults.metric } = options
  const started = new Date()
  const run = newRunName(name, started)
  const task = train.manifest.task ?? 'single-label'
  const objectives = objectivesOf(metric)
  const tokensMax = objectives.metrics?.includes('ms_per_text')
    ? checkedMaxTokens(base, options.maxTokens)
    : undefined
  const recipe = method === 'head' ? undefined : recipeFor(train, { method })
  const searched = space ?? defaultSpace(method, { layers: base.layers, task, recipe, tokensMax })
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
  options: StudyOptions,
  { train, space }: { train: Dataset; space: SearchSpace },
): Pick<StudyStart, 'reductionFactor' | 'brackets'> {
  const { method = methodDefaults.method, metric = tuneDefaults.metric } = options
  const { pruner = metric.length > 1 ? 'none' : 'asha' } = options
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

/**
 * Checks that there is something to do with a study: it is not finished, or another of its trials
 * is asked for.
 *
 * @throws WinnowError `resume_refused`.
 */
export function requireTrial(history: StudyHistory, publishTrial: number | undefined): void {
  const { start, trials, winner } = history
  const { run } = start
  const done = winner()
  const refused = (message: string): WinnowError =>
    new WinnowError('resume_refused', message, { details: { run } })
  if (publishTrial === undefined) {
    if (done === undefined) return
    throw refused(
      `The run ${run} is finished; its winner is ${done.model}. ` +
        'To publish another of its trials, add --publish-trial NUMBER.',
    )
  }
  if (done?.trial === publishTrial) {
    throw refused(`Trial ${publishTrial} of the run ${run} is published as ${done.model}.`)
  }
  const state = trials()[publishTrial]?.state
  if (state === 'complete') return
  throw refused(
    state === undefined
      ? `The run ${run} has no trial ${publishTrial}.`
      : `Trial ${publishTrial} of the run ${run} is ${state}; choose a complete one.`,
  )
}
