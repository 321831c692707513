// The options of `winnow tune`, and the study that they ask for: a new one, or one that was
// stopped. Running it is tune.ts.
import { readFile } from 'node:fs/promises'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { knownBase } from '../../models/bases/base-store.ts'
import { requireModelName } from '../../models/store/version-store.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { TrainingMethod } from '../../trainers/runs/run-record.ts'
import {
  journalPath,
  readJournal,
  type StudyHistory,
  type StudyStart,
} from '../../trainers/tuning/journal.ts'
import { samplerNames, type SamplerName } from '../../trainers/tuning/samplers/choose-sampler.ts'
import { readSpace } from '../../trainers/tuning/space/space-file.ts'
import type { SearchSpace } from '../../trainers/tuning/space/space.ts'
import { metricNames, type MetricName } from '../../trainers/tuning/study.ts'
import { settingsOf, type Setting } from '../../trainers/tuning/space/train-space.ts'
import type { CommandContext, SharedOptions } from '../command-context.ts'
import {
  addColumnOptions,
  addRuleOptions,
  checkTexts,
  sourceHelp,
  type ColumnOptions,
  type RuleOptions,
} from '../labelled-texts.ts'
import { checkMethod, trainingMethods } from './method-options.ts'
import { checkReadable, checkStore } from '../option-checks.ts'
import { refuseBesideResume } from './resumed-options.ts'
import { seedMax, wholeNumber } from '../shared-options.ts'

/** Where trials can run. */
const executorNames = ['local', 'kafka'] as const
export type ExecutorName = (typeof executorNames)[number]

/** The parsed options. */
export type TuneOptions = SharedOptions &
  ColumnOptions &
  RuleOptions & {
    data?: string
    test?: string
    name?: string
    base: string
    method: TrainingMethod
    trials: number
    time?: number
    sampler: SamplerName
    metric: MetricName
    /** False with --no-prune. */
    prune: boolean
    /** Absent in studies that began before there was a choice. */
    executor?: ExecutorName
    space?: string
    seed: number
    maxTokens?: number
    resume?: string
  }

/** Options with which a study can begin. */
export type StudyOptions = TuneOptions & { readonly data: string; readonly name: string }

/** What to run. */
export type AskedStudy = {
  readonly options: StudyOptions
  /** From --space; undefined for the default space. */
  readonly space: SearchSpace | undefined
  /** The study to go on with. */
  readonly resumed: StudyStart | undefined
}

/** Adds the options. */
export function addTuneOptions(command: Command): Command {
  command
    .option('--data <src>', `labelled texts: ${sourceHelp}`)
    .option('--name <name>', 'name of the model')
    .option('--test <src>', 'labelled texts to measure the winner on')
    .option('--base <name>', 'base encoder', 'minilm-l6')
    .addOption(
      new Option('--method <method>', 'what to train').choices(trainingMethods).default('head'),
    )
    .option('--trials <number>', 'trials in all, the default recipe included', wholeNumber(1), 30)
    .option('--time <duration>', 'time for all trials together, such as 90s, 10m or 2h', durationMs)
    .addOption(
      new Option('--sampler <name>', 'how trials are chosen').choices(samplerNames).default('auto'),
    )
    .addOption(
      new Option('--metric <name>', 'what a trial is judged by')
        .choices(metricNames)
        .default('macro_f1'),
    )
    .option('--no-prune', 'partial, full: train every trial to its end')
    .addOption(
      new Option('--executor <where>', 'where trials run: in this process, or on train-workers')
        .choices(executorNames)
        .default('local'),
    )
    .option('--space <file>', 'YAML file with the search space (default: one for the method)')
    .option('--seed <number>', 'seed of every random choice', wholeNumber(0, seedMax), 1)
    .option(
      '--max-tokens <tokens>',
      'longer texts are cut (default: as the base allows)',
      wholeNumber(3),
    )
    .option('--resume <run>', 'continue a tune that was stopped, with its own options')
  return addRuleOptions(addColumnOptions(command))
}

/**
 * The study that the options ask for. What can be wrong with them is found before anything is read
 * or trained.
 *
 * @throws WinnowError `usage`, `dataset_invalid`, `base_not_found`, `resume_refused`.
 */
export async function askedStudy(
  command: Command,
  given: TuneOptions,
  { paths }: CommandContext,
): Promise<AskedStudy> {
  if (given.resume !== undefined) {
    refuseBesideResume(command, ['resume'])
    return studyToResume(given.resume, paths.store)
  }
  const { data, name, method, prune } = given
  if (data === undefined || name === undefined) {
    const flag = data === undefined ? '--data <src>' : '--name <name>'
    throw new WinnowError('usage', `required option '${flag}' not specified`)
  }
  requireModelName(name)
  if (method === 'head' && !prune) {
    const message = '--no-prune has no meaning with --method head; leave it out.'
    throw new WinnowError('usage', message)
  }
  await checkMethod(given, { storeDir: paths.store })
  const base = await knownBase({ name: given.base, storeDir: paths.store })
  const settings = settingsOf(method, base)
  const space = given.space === undefined ? undefined : await spaceOf(given.space, settings)
  await checkTexts({ '--data': data, '--test': given.test }, given)
  await checkStore(paths.store)
  return { options: { ...given, data, name }, space, resumed: undefined }
}

async function spaceOf(file: string, settings: readonly Setting[]): Promise<SearchSpace> {
  await checkReadable(file, '--space')
  const text = await readFile(file, 'utf8')
  return readSpace(text, { settings, source: `--space ${file}` })
}

async function studyToResume(run: string, storeDir: string): Promise<AskedStudy> {
  const history = await readJournal(journalPath(storeDir, run))
  requireUnfinished(history)
  const { start } = history
  // Written by `winnow tune`, of this release or an earlier one.
  const options = start.request as StudyOptions
  return { options, space: start.space, resumed: start }
}

/** Throws `resume_refused` if the winner of a study is trained. */
export function requireUnfinished({ start, winner }: StudyHistory): void {
  const model = winner()?.model
  if (model === undefined) return
  const { run } = start
  const message = `The run ${run} is finished; its winner is ${model}.`
  throw new WinnowError('resume_refused', message, { details: { run } })
}

const unitsMs = { s: 1_000, m: 60_000, h: 3_600_000 } as const

/** Parses a duration such as 90s, 10m or 2h to milliseconds; throws as wrong usage. */
export function durationMs(text: string): number {
  const parts = /^(\d{1,6})([smh])$/.exec(text)
  const ms = parts === null ? 0 : Number(parts[1]) * unitsMs[parts[2] as keyof typeof unitsMs]
  if (ms > 0) return ms
  throw new InvalidArgumentError('Give a duration such as 90s, 10m or 2h.')
}
