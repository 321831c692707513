// The options of `winnow tune`, and the study that they ask for: a new one, or one that was
// stopped. Running it is library/tune.ts.
import { readFile } from 'node:fs/promises'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { knownBase } from '../../models/bases/base-store.ts'
import { requireModelName } from '../../models/store/version-store.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { SourceAddress } from '../../trainers/files/dataset-source.ts'
import type { TrainingMethod } from '../../trainers/runs/run-record.ts'
import { prunerNames, type PrunerName } from '../../trainers/tuning/hyperband.ts'
import { journalPath, readJournal } from '../../trainers/tuning/journal.ts'
import { samplerNames, type SamplerName } from '../../trainers/tuning/samplers/choose-sampler.ts'
import { readSpace } from '../../trainers/tuning/space/space-file.ts'
import type { SearchSpace } from '../../trainers/tuning/space/space.ts'
import { metricNames, type MetricName } from '../../trainers/tuning/study.ts'
import { settingsOf, type Setting } from '../../trainers/tuning/space/train-space.ts'
import type { CommandContext, SharedOptions } from '../command-context.ts'
import { collectSources } from '../file-options.ts'
import {
  addColumnOptions,
  addRuleOptions,
  checkTexts,
  sourceHelp,
  type ColumnOptions,
  type RuleOptions,
} from '../labelled-texts.ts'
import { checkMethod, methodDefaults } from '../../library/training/training-options.ts'
import {
  checkMetrics,
  executorNames,
  requireTrial,
  tuneDefaults,
  type AskedStudy,
  type ExecutorName,
} from '../../library/asked-study.ts'
import { trainingMethods } from './method-options.ts'
import { checkReadable, checkStore } from '../option-checks.ts'
import { refuseBesideResume } from './resumed-options.ts'
import { durationMs, seedMax, wholeNumber } from '../shared-options.ts'

/** The parsed options. */
export type TuneOptions = SharedOptions &
  ColumnOptions &
  RuleOptions & {
    data?: SourceAddress
    test?: SourceAddress
    name?: string
    base: string
    method: TrainingMethod
    trials: number
    time?: number
    sampler: SamplerName
    /** One objective or two. */
    metric: readonly MetricName[]
    /** Undefined: `asha` for the methods that have epochs. */
    pruner?: PrunerName
    /** Absent in studies that began before there was a choice. */
    executor?: ExecutorName
    space?: string
    seed: number
    maxTokens?: number
    resume?: string
    publishTrial?: number
  }

/** Options with which a study can begin. */
export type StudyOptions = TuneOptions & { readonly data: SourceAddress; readonly name: string }

/** Adds the options. */
export function addTuneOptions(command: Command): Command {
  command
    .option('--data <src...>', `labelled texts: ${sourceHelp}`, collectSources)
    .option('--name <name>', 'name of the model')
    .option('--test <src...>', 'labelled texts to measure the winner on', collectSources)
    .option('--base <name>', 'base encoder', methodDefaults.base)
    .addOption(
      new Option('--method <method>', 'what to train')
        .choices(trainingMethods)
        .default(methodDefaults.method),
    )
    .option(
      '--trials <number>',
      'trials in all, the default recipe included',
      wholeNumber(1),
      tuneDefaults.trials,
    )
    .option('--time <duration>', 'time for all trials together, such as 90s, 10m or 2h', durationMs)
    .addOption(
      new Option('--sampler <name>', 'how trials are chosen')
        .choices(samplerNames)
        .default(tuneDefaults.sampler),
    )
    .option(
      '--metric <name>',
      `what a trial is judged by: ${metricNames.join(', ')}; given twice, both count`,
      addedMetric,
      defaultMetrics,
    )
    .addOption(
      new Option(
        '--pruner <name>',
        'partial, full: how trials are stopped early (default: asha)',
      ).choices(prunerNames),
    )
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
    .option(
      '--publish-trial <number>',
      'with --resume: train this trial instead of the best one',
      wholeNumber(0),
    )
  return addRuleOptions(addColumnOptions(command))
}

const defaultMetrics: readonly MetricName[] = tuneDefaults.metric

/** Names as in the JSON output count, too: macroF1 is macro_f1. */
function addedMetric(text: string, before: readonly MetricName[]): readonly MetricName[] {
  const plain = (name: string): string => name.replaceAll('_', '').toLowerCase()
  const metric = metricNames.find((name) => plain(name) === plain(text))
  if (metric === undefined) {
    throw new InvalidArgumentError(`Allowed choices are ${metricNames.join(', ')}.`)
  }
  return before === defaultMetrics ? [metric] : [...before, metric]
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
    refuseBesideResume(command, ['publishTrial'])
    return studyToResume(given, paths.store)
  }
  const { data, name, method } = given
  if (data === undefined || name === undefined) {
    const flag = data === undefined ? '--data <src>' : '--name <name>'
    throw new WinnowError('usage', `required option '${flag}' not specified`)
  }
  requireModelName(name)
  checkMetrics(given)
  if (given.publishTrial !== undefined) {
    const message = '--publish-trial needs --resume RUN, the run whose trial it is.'
    throw new WinnowError('usage', message)
  }
  if (method === 'head' && given.pruner !== undefined) {
    const message = '--pruner has no meaning with --method head; leave it out.'
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

async function studyToResume(
  { resume, publishTrial }: TuneOptions,
  storeDir: string,
): Promise<AskedStudy> {
  const history = await readJournal(journalPath(storeDir, resume!))
  requireTrial(history, publishTrial)
  const { start } = history
  // Written by `winnow tune`, of this release or an earlier one.
  const options = { ...(start.request as StudyOptions), publishTrial }
  return { options, space: start.space, resumed: start }
}
