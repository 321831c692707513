// `winnow train`: trains a model version on labelled texts.
import type { SourceAddress } from '../../trainers/files/dataset-source.ts'
import { Option, type Command } from 'commander'
import type { Config } from '../../configs/schema.ts'
import { refuseUnusedTrainOptions, trainIn, type Trained } from '../../library/train.ts'
import { checkMethod, type MethodOptions } from '../../library/training/training-options.ts'
import {
  checkPrecision,
  trainingPrecisions,
  type TrainingPrecision,
} from '../../library/trained-precision.ts'
import { trackRun, type RunTracker } from '../../library/track-run.ts'
import { recordTrainingRun } from '../../library/training-row.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { renderReportText } from '../../trainers/report/report-text.ts'
import { ruleLines } from '../../trainers/data/rule-report.ts'
import { agreementText } from '../../trainers/quantisation/quantise-version.ts'
import type { TrainingMethod } from '../../trainers/runs/run-record.ts'
import type { SelectionRecord } from '../../trainers/runs/selection-record.ts'
import { selectionText } from '../../trainers/selection/selection-text.ts'
import type { RunStart } from '../../trainers/runs/unfinished-run.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import { collectSources } from '../file-options.ts'
import {
  addColumnOptions,
  addRuleOptions,
  checkTexts,
  readCleaned,
  sourceHelp,
  type ColumnOptions,
  type RuleOptions,
} from '../labelled-texts.ts'
import { sayPublished } from '../models/models-release.ts'
import { workersOf } from '../../serving/model.ts'
import { checkStore } from '../option-checks.ts'
import { openRegistry, publishModel, whoAsks, type Published } from '../../serving/publishing.ts'
import { addMethodOptions, trainingMethods } from './method-options.ts'
import { runToResume } from './resumed-options.ts'
import { openVersion, requireModelName } from '../../models/store/version-store.ts'
import { addCommand, durationMs, numberIn } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { durationText, logLine, type Terminal } from '../terminal.ts'
import { trainProgressText } from './training-progress.ts'

type Options = SharedOptions &
  ColumnOptions &
  MethodOptions<TrainingMethod | 'auto'> &
  RuleOptions & {
    data?: SourceAddress
    test?: SourceAddress
    name?: string
    validation?: SourceAddress
    resume?: string | true
    checkpointEvery?: number
    time?: number
    /** False with --no-size-curve. */
    sizeCurve?: boolean
    publish?: boolean
    precision: TrainingPrecision
  }

/** Adds `train` to the program. */
export function addTrainCommand(program: Command): void {
  const command = addCommand(program, {
    name: 'train',
    summary: 'train a model on labelled texts',
    description:
      'Reads labelled texts and writes a new version of the model NAME with its report. With\n' +
      'the method head, the base encoder stays unchanged: its embeddings are computed once and cached,\n' +
      'and a regularised logistic regression is fitted on them. Starting there, the method full trains the\n' +
      'whole encoder and partial only its top layers; both keep a late epoch that does well on validation data.\n' +
      'The method auto compares the others, and base encoders, by cross-validation within --time, and\n' +
      'trains the best one, or a cheaper one that does as well.\n' +
      'The same data and seed give the same model, byte for byte.',
    examples: [
      'winnow train --data tickets.jsonl --name tickets',
      'winnow train --data tickets.jsonl --name tickets --method full',
      'winnow train --data tickets.jsonl --name tickets --method partial --layers 3 --epochs 3',
      'winnow train --data tickets.jsonl --name tickets --method auto --time 30m',
      'winnow train --resume --name tickets',
      'winnow train --data train.jsonl.gz --test test.jsonl.gz --name intent --seed 7 --json',
    ],
  })
  addTrainOptions(command).action((given: Options) => train(command, given))
}

/** Declares the options in the order of the help page. */
function addTrainOptions(command: Command): Command {
  command
    .option('--data <src...>', `labelled texts: ${sourceHelp}`, collectSources)
    .option('--name <name>', 'name of the model')
    .option(
      '--test <src...>',
      'labelled texts to measure on (default: held-out parts of the data)',
      collectSources,
    )
  addMethodOptions(command, [...trainingMethods, 'auto'])
    .option(
      '--time <duration>',
      'auto: time for everything, such as 90s, 10m or 2h (default: 30m)',
      durationMs,
    )
    .option(
      '--validation <src...>',
      'partial, full: texts to choose the epoch by (default: a part of the data)',
      collectSources,
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
      '--size-curve',
      'report accuracy by number of texts (default: if it takes seconds; not after --resume)',
    )
    .option('--no-size-curve', 'leave it out of the report')
    .addOption(
      new Option(
        '--precision <precision>',
        'int8 also makes a faster version in int8; auto, if it keeps labels and accuracy on --test',
      )
        .choices(trainingPrecisions)
        .default('fp32'),
    )
    .option(
      '--publish',
      'publish the version if it passes the gate (see `winnow models push --help`)',
    )
  return addRuleOptions(addColumnOptions(command))
}

async function train(command: Command, given: Options): Promise<void> {
  const context = await openContext(given)
  const asked = await askedFor(command, given, context)
  await checkAsked(asked, context)
  const done = await trackRun(context, { kind: 'train' }, (tracker) =>
    trainTracked(context, asked, tracker),
  )
  context.terminal.document(done)
}

/** Trains, tells what came of it and publishes if asked to; gives the command's document. */
async function trainTracked(
  context: CommandContext,
  asked: Asked,
  tracker: RunTracker,
): Promise<Trained & { readonly published?: Published }> {
  const { terminal } = context
  const { options, workers, resume } = asked
  const progressText = trainProgressText()
  const trained = await untilStopped((signal) =>
    trainIn(
      context,
      {
        ...options,
        signal,
        onProgress: (progress) =>
          progress.kind === 'chosen'
            ? sayChosen(terminal, progress.selection)
            : terminal.progress(progressText(progress)),
      },
      { workers, resume, tracker },
    ),
  )
  terminal.progressDone()
  sayTrained(terminal, trained)
  if (asked.options.publish !== true) {
    await recordTrainingRun(context, trained)
    return trained
  }
  // Publishing writes the row as well, with the number that the version is published by.
  const published = await publishTrained(context, asked, trained).catch(async (error: unknown) => {
    await recordTrainingRun(context, trained)
    throw error
  })
  return { ...trained, published }
}

/** Tells what `--method auto` compared and chose. */
function sayChosen(terminal: Terminal, selection: SelectionRecord): void {
  terminal.progressDone()
  terminal.say(selectionText(selection, terminal.style))
  const { finalSeconds, examples } = selection
  if (finalSeconds !== null) {
    const time = durationText(1_000 * Math.ceil(finalSeconds))
    terminal.say(`Training it on ${counted(examples, 'text')} takes about ${time}.`)
  }
  terminal.say()
}

/** Tells what came of the training: the data, the figures, and where the version lies. */
function sayTrained(terminal: Terminal, trained: Trained): void {
  for (const line of ruleLines(trained.dataManifest.train)) terminal.say(line)
  const { metrics, comparison, quantised } = trained
  terminal.say(renderReportText({ ...metrics, comparison }, terminal.style))
  terminal.say()
  if (quantised !== undefined) {
    const { model, from, measuredOn } = quantised
    terminal.say(
      model === null
        ? `int8 is too far from fp32, so ${from} stays`
        : `${model} is ${from} in int8`,
    )
    terminal.say(`${agreementText(quantised)}, measured on ${measuredOn}`)
    terminal.say()
  }
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
  readonly options: Options & { readonly data: SourceAddress; readonly name: string }
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
    // Stored by library/training/training-request.ts, in this or an earlier version.
    const { workers, ...options } = start.request as Asked['options'] & { workers: number }
    if ((options.data as SourceAddress | undefined) === undefined) {
      const message = `A program started the run ${start.run} with texts in its memory; resume it there.`
      throw new WinnowError('resume_refused', message, { details: { run: start.run } })
    }
    return { options, workers, resume: start }
  }
  refuseUnusedTrainOptions(given)
  const { data } = given
  if (data === undefined || name === undefined) {
    const flag = data === undefined ? '--data <src>' : '--name <name>'
    throw new WinnowError('usage', `required option '${flag}' not specified`)
  }
  // Without a base on the command line, `auto` tries all of them.
  const isBaseGiven = command.getOptionValueSource('base') === 'cli'
  const base = given.method === 'auto' && !isBaseGiven ? undefined : given.base
  const options = { ...given, base, data, name }
  return { options, workers: workersOf(config.inference), resume: undefined }
}

/** Finds mistakes in the options before anything is read, fetched or trained. */
async function checkAsked({ options }: Asked, { config, paths }: CommandContext): Promise<void> {
  const { data, validation, test } = options
  requireModelName(options.name)
  checkPrecision(options)
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
