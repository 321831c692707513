// `winnow train`: trains a model version on labelled texts.
import type { Command } from 'commander'
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { Dataset } from '../../trainers/data/dataset.ts'
import type { EarlierVersion } from '../../trainers/data/label-origins.ts'
import { renderReportText } from '../../trainers/report/report-text.ts'
import { ruleLines } from '../../trainers/data/rule-report.ts'
import {
  trainEncoder,
  type TrainedEncoder,
  type TrainEncoderProgress,
} from '../../trainers/encoder/train-encoder.ts'
import type { RunStart } from '../../trainers/runs/unfinished-run.ts'
import {
  trainHead,
  type TrainedModel,
  type TrainHeadProgress,
} from '../../trainers/head/train-head.ts'
import { withTruncatedTexts } from '../../trainers/embeddings/truncated-texts.ts'
import { pullBase } from '../base-pull.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import {
  addColumnOptions,
  addRuleOptions,
  checkTexts,
  readCleaned,
  ruledParts,
  sourceHelp,
  type ColumnOptions,
  type RuleOptions,
} from '../labelled-texts.ts'
import { sayPublished } from '../models/models-release.ts'
import { workersOf } from '../../serving/model.ts'
import { checkStore } from '../option-checks.ts'
import { openRegistry, publishModel, whoAsks, type Published } from '../../serving/publishing.ts'
import {
  addMethodOptions,
  checkMethod,
  encoderMethodOf,
  refuseUnusedOptions,
  type MethodOptions,
} from './method-options.ts'
import { recipeOf } from './recipe-options.ts'
import { requestOf, runToResume } from './resumed-options.ts'
import { newestManifest } from '../../models/store/known-labels.ts'
import { openVersion, requireModelName } from '../../models/store/version-store.ts'
import { addCommand, numberIn } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { durationText, logLine, type Terminal } from '../terminal.ts'
import { trainingProgressText } from './training-progress.ts'
import { recordTrainingRun } from './training-row.ts'

type Options = SharedOptions &
  ColumnOptions &
  MethodOptions &
  RuleOptions & {
    data?: string
    test?: string
    name?: string
    validation?: string
    resume?: string | true
    checkpointEvery?: number
    publish?: boolean
  }

/** What the results of both kinds of training have in common. */
type Trained = TrainedModel | TrainedEncoder

/** Adds `train` to the program. */
export function addTrainCommand(program: Command): void {
  const command = addCommand(program, {
    name: 'train',
    summary: 'train a model on labelled texts',
    description:
      'Reads labelled texts and writes a new version of the model NAME with its report. With\n' +
      'the method head, the base encoder stays unchanged: its embeddings are computed once and cached,\n' +
      'and a regularised logistic regression is fitted on them. Starting there, the method full trains the\n' +
      'whole encoder and partial only its top layers; both keep the best epoch on validation data.\n' +
      'The same data and seed give the same model, byte for byte.',
    examples: [
      'winnow train --data tickets.jsonl --name tickets',
      'winnow train --data tickets.jsonl --name tickets --method full',
      'winnow train --data tickets.jsonl --name tickets --method partial --layers 3 --epochs 3',
      'winnow train --resume --name tickets',
      'winnow train --data train.jsonl.gz --test test.jsonl.gz --name intent --seed 7 --json',
    ],
  })
  addTrainOptions(command).action((given: Options) => train(command, given))
}

/** Declares the options in the order of the help page. */
function addTrainOptions(command: Command): Command {
  command
    .option('--data <src>', `labelled texts: ${sourceHelp}`)
    .option('--name <name>', 'name of the model')
    .option('--test <src>', 'labelled texts to measure on (default: held-out parts of the data)')
  addMethodOptions(command)
    .option(
      '--validation <src>',
      'partial, full: texts to choose the epoch by (default: a part of the data)',
    )
    .option(
      '--resume [run]',
      'partial, full: continue a run that was stopped (default: the latest of NAME)',
    )
    .option(
      '--checkpoint-every <seconds>',
      'partial, full: time between checkpoints (default: 60, more if they take over 2 % of the time)',
      numberIn({ above: 0 }),
    )
    .option(
      '--publish',
      'publish the version if it passes the gate (see `winnow models push --help`)',
    )
  return addRuleOptions(addColumnOptions(command))
}

async function train(command: Command, given: Options): Promise<void> {
  const context = await openContext(given)
  const { terminal } = context
  const asked = await askedFor(command, given, context)
  await checkAsked(asked, context)
  const trained = await untilStopped((signal) => runTraining(context, asked, signal))
  terminal.progressDone()
  sayTrained(terminal, trained)
  if (asked.options.publish !== true) {
    await recordTrainingRun(context, trained)
    terminal.document(trained)
    return
  }
  // Publishing writes the row as well, with the number that the version is published by.
  const published = await publishTrained(context, asked, trained).catch(async (error: unknown) => {
    await recordTrainingRun(context, trained)
    throw error
  })
  terminal.document({ ...trained, published })
}

/** Tells what came of the training: the data, the figures, and where the version lies. */
function sayTrained(terminal: Terminal, trained: Trained): void {
  for (const line of ruleLines(trained.dataManifest.train)) terminal.say(line)
  terminal.say(renderReportText(trained.metrics, terminal.style))
  terminal.say()
  terminal.say(
    `${terminal.style('bold', trained.model)} in ${durationText(trained.seconds * 1_000)}: ` +
      trained.modelDir,
  )
  terminal.say(`report: ${trained.modelDir}/report.html`)
  terminal.say(`suspicious labels: ${trained.runDir}/label-issues.jsonl`)
}

/** Takes the new version through the gate, on the test texts if there are any. */
async function publishTrained(
  context: CommandContext,
  { options }: Asked,
  { model }: Trained,
): Promise<Published> {
  const { config, terminal, paths } = context
  const registry = await openRegistry({ config, storeDir: paths.store, log: logLine })
  try {
    const version = await openVersion({ ref: model, storeDir: paths.store })
    const done = await untilStopped(async (signal) => {
      const dataset =
        options.test === undefined
          ? undefined
          : await readCleaned(options.test, { config, columns: options, signal })
      return publishModel(registry, { version, dataset, by: whoAsks(), signal })
    })
    sayPublished(terminal, done)
    return done
  } finally {
    await registry.close()
  }
}

/** The options, from the command line or from the folder of a run to resume. */
type Asked = {
  readonly options: Options & { readonly data: string; readonly name: string }
  readonly workers: number
  readonly resume: RunStart | undefined
}

async function askedFor(
  command: Command,
  given: Options,
  { config, paths }: CommandContext,
): Promise<Asked> {
  const { resume, name } = given
  if (resume !== undefined) {
    const start = await runToResume(command, { resume, name, storeDir: paths.store })
    // Stored by requestOf below, in this or an earlier version of this command.
    const { workers, ...options } = start.request as Asked['options'] & { workers: number }
    return { options, workers, resume: start }
  }
  refuseUnusedOptions(given, ['validation', 'checkpointEvery'])
  const { data } = given
  if (data === undefined || name === undefined) {
    const flag = data === undefined ? '--data <src>' : '--name <name>'
    throw new WinnowError('usage', `required option '${flag}' not specified`)
  }
  const options = { ...given, data, name }
  return { options, workers: workersOf(config.inference), resume: undefined }
}

/** Finds mistakes in the options before anything is read, fetched or trained. */
async function checkAsked({ options }: Asked, { config, paths }: CommandContext): Promise<void> {
  const { data, validation, test } = options
  requireModelName(options.name)
  await checkTexts({ '--data': data, '--validation': validation, '--test': test }, options)
  await checkMethod(options, { storeDir: paths.store })
  await checkStore(paths.store)
  if (options.publish === true) await checkPublishing(options, { config, storeDir: paths.store })
}

/** Checks that everything for publishing is there before training, which may take hours. */
async function checkPublishing(
  { name, test }: Asked['options'],
  { config, storeDir }: { config: Config; storeDir: string },
): Promise<void> {
  const registry = await openRegistry({ config, storeDir, log: logLine })
  try {
    const champion = (await registry.announcements.states()).get(name)?.champion
    if (typeof champion !== 'string' || test !== undefined) return
    if (config.publish.comparison !== 'required') return
    const message =
      `--publish needs --test here: ${name}@${champion} is the champion, and the gate compares with it ` +
      'on test texts (publish.comparison is required).'
    throw new WinnowError('usage', message)
  } finally {
    await registry.close()
  }
}

async function runTraining(
  context: CommandContext,
  { options, workers, resume }: Asked,
  signal: AbortSignal,
): Promise<Trained> {
  const { config, terminal, paths } = context
  const onProgress = (text: string): void => terminal.progress(text)
  const earlier = await earlierVersion({ storeDir: paths.store, name: options.name })
  const reading = { config, columns: options, earlier, signal, onProgress }
  const read = (source: string | undefined): Promise<Dataset | undefined> =>
    source === undefined ? Promise.resolve(undefined) : readCleaned(source, reading)
  const parts = await ruledParts(
    {
      train: await readCleaned(options.data, reading),
      validation: await read(options.validation),
      test: await read(options.test),
    },
    options,
  )
  const base = await pullBase(options.base, context, signal)
  const train = await withTruncatedTexts(parts.train, { base, maxTokens: options.maxTokens })
  const { validation, test } = parts
  const shared = {
    train,
    test,
    base,
    storeDir: paths.store,
    name: options.name,
    seed: options.seed,
    signal,
    maxTokens: options.maxTokens,
    workers,
    onProgress: (progress: TrainHeadProgress | TrainEncoderProgress): void =>
      terminal.progress(trainingProgressText(progress)),
  }
  if (options.method === 'head') {
    const pooledLayers = options.pooledLayers === 'last' ? 'last' : 'every'
    return trainHead({ ...shared, pooledLayers })
  }
  const { checkpointEvery } = options
  return trainEncoder({
    ...shared,
    validation,
    engine: options.engine,
    method: encoderMethodOf(options),
    recipe: recipeOf(options),
    checkpoints: { betweenMs: checkpointEvery && checkpointEvery * 1_000 },
    request: { ...requestOf(options), workers },
    resume,
  })
}

/** The version that the new one follows; undefined for the first of its name. */
export async function earlierVersion(model: {
  storeDir: string
  name: string
}): Promise<EarlierVersion | undefined> {
  const manifest = await newestManifest(model)
  return manifest && { ref: `${manifest.name}@${manifest.version}`, labels: manifest.labels }
}
