// `winnow train`: labelled texts to a model version in the store.
import { InvalidArgumentError, Option, type Command } from 'commander'
import { WinnowError } from '../schemas/errors.ts'
import type { Dataset } from '../trainers/dataset.ts'
import { trainingEngines, type TrainingEngine } from '../trainers/fine-tuning-task.ts'
import { renderReportText } from '../trainers/report-text.ts'
import type { TrainingMethod } from '../trainers/run-record.ts'
import {
  trainEncoder,
  type TrainedEncoder,
  type TrainEncoderProgress,
} from '../trainers/train-encoder.ts'
import { trainHead, type TrainedModel, type TrainHeadProgress } from '../trainers/train-head.ts'
import { pullBase } from './base-pull.ts'
import { openContext, type CommandContext, type SharedOptions } from './context.ts'
import { addColumnOptions, readCleaned, sourceHelp, type ColumnOptions } from './labelled-texts.ts'
import { workersOf } from './model.ts'
import { addCommand, wholeNumber } from './shared-options.ts'
import { untilStopped } from './signals.ts'
import { countText, durationText } from './terminal.ts'

type Options = SharedOptions &
  ColumnOptions & {
    data: string
    test?: string
    name: string
    base: string
    validation?: string
    method: TrainingMethod
    layers?: number
    epochs?: number
    batch?: number
    lr?: number
    seed: number
    maxTokens?: number
    pooledLayers?: string
    engine?: TrainingEngine
  }

/** The parts of a trained model that both kinds of training have. */
type Trained = TrainedModel | TrainedEncoder

const methods: readonly TrainingMethod[] = ['head', 'partial', 'full']
const defaultLayers = 3

/** Adds `train` to the program. */
export function addTrainCommand(program: Command): void {
  const command = addCommand(program, {
    name: 'train',
    summary: 'train a model on labelled texts',
    description:
      'Reads labelled texts and writes a new version of the model NAME with its report. With\n' +
      'the method head, the base encoder stays as it is: its embeddings are computed once and kept,\n' +
      'and a regularised logistic regression is fitted on them. Full trains the whole encoder from\n' +
      'there, partial its top layers only, with what is below them computed once; both keep the epoch\n' +
      'that is best on validation data. The same data and seed give the same model, byte for byte.',
    examples: [
      'winnow train --data tickets.jsonl --name tickets',
      'winnow train --data tickets.jsonl --name tickets --method full',
      'winnow train --data tickets.jsonl --name tickets --method partial --layers 2 --epochs 3',
      'winnow train --data train.jsonl.gz --test test.jsonl.gz --name intent --seed 7 --json',
    ],
  })
    .requiredOption('--data <src>', `labelled texts: ${sourceHelp}`)
    .requiredOption('--name <name>', 'name of the model')
    .option('--test <src>', 'labelled texts to measure on; else held-out ones are measured')
    .option('--base <name>', 'base encoder', 'minilm-l6')
    .addOption(new Option('--method <method>', 'what is trained').choices(methods).default('head'))
    .option('--validation <src>', 'chooses the best epoch (default: a tenth of the data)')
    .option('--layers <number>', 'partial: layers trained from the top', wholeNumber(1))
    .option('--epochs <number>', 'partial, full: passes over the data', wholeNumber(1))
    .option('--batch <texts>', 'partial, full: texts a step', wholeNumber(1))
    .option('--lr <rate>', "partial, full: the encoder's highest learning rate", positiveNumber)
    .addOption(
      new Option(
        '--engine <engine>',
        'partial, full: what computes the steps (default: onnx)',
      ).choices(trainingEngines),
    )
    .option('--seed <number>', 'seed of every random choice', wholeNumber(0), 1)
    .option(
      '--max-tokens <tokens>',
      'longer texts are cut (default: as the base allows)',
      wholeNumber(3),
    )
    .addOption(
      new Option(
        '--pooled-layers <which>',
        'head: the hidden states that it sees (default: every)',
      ).choices(['every', 'last']),
    )
  addColumnOptions(command).action(async (options: Options) => {
    refuseUnused(options)
    const context = await openContext(options)
    const { terminal } = context
    const trained = await untilStopped((signal) => runTraining(context, options, signal))
    terminal.progressDone()
    terminal.say(renderReportText(trained.metrics))
    terminal.say()
    terminal.say(
      `${terminal.style('bold', trained.model)} in ${durationText(trained.seconds * 1_000)}: ` +
        trained.modelDir,
    )
    terminal.say(`report: ${trained.modelDir}/report.html`)
    terminal.document(trained)
  })
}

async function runTraining(
  context: CommandContext,
  options: Options,
  signal: AbortSignal,
): Promise<Trained> {
  const { config, terminal, paths } = context
  const read = (source: string | undefined): Promise<Dataset | undefined> =>
    source === undefined
      ? Promise.resolve(undefined)
      : readCleaned(source, { config, columns: options, signal })
  const train = await readCleaned(options.data, { config, columns: options, signal })
  const test = await read(options.test)
  const base = await pullBase(options.base, context, signal)
  const shared = {
    ...{ train, test, base, storeDir: paths.store, name: options.name, seed: options.seed, signal },
    ...{ maxTokens: options.maxTokens, workers: workersOf(config.inference) },
    onProgress: (progress: TrainHeadProgress | TrainEncoderProgress): void =>
      terminal.progress(progressText(progress)),
  }
  if (options.method === 'head') {
    const pooledLayers = options.pooledLayers === 'last' ? 'last' : 'every'
    return trainHead({ ...shared, pooledLayers })
  }
  const { method, layers = defaultLayers, epochs, batch: batchTexts, lr: encoderRate } = options
  return trainEncoder({
    ...shared,
    validation: await read(options.validation),
    engine: options.engine,
    method: method === 'full' ? { kind: 'full' } : { kind: 'partial', layers },
    recipe: { epochs, batchTexts, encoderRate },
  })
}

/** Options that the chosen method would not read are refused rather than ignored. */
function refuseUnused(options: Options): void {
  const given = (names: readonly (keyof Options)[]): (keyof Options)[] =>
    names.filter((name) => options[name] !== undefined)
  const unused =
    options.method === 'head'
      ? given(['validation', 'layers', 'epochs', 'batch', 'lr', 'engine'])
      : given(['pooledLayers', ...(options.method === 'full' ? (['layers'] as const) : [])])
  const [first] = unused
  if (first === undefined) return
  const flag = first.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw new WinnowError('usage', `--${flag} has no meaning with --method ${options.method}.`)
}

function positiveNumber(text: string): number {
  const number = Number(text)
  if (text.trim() !== '' && number > 0 && Number.isFinite(number)) return number
  throw new InvalidArgumentError('It must be a number above 0.')
}

/** One line on how far training is. */
export function progressText(progress: TrainHeadProgress | TrainEncoderProgress): string {
  switch (progress.kind) {
    case 'embedding':
      return (
        `embedding ${progress.part}: ${countText(progress.done)} of ${countText(progress.total)} texts, ` +
        `${countText(progress.textsPerSecond)} a second`
      )
    case 'trial':
      return `fitting the head: C = ${progress.inverseRegularisation}`
    case 'engine':
      return `training on ${progress.runtime}`
    case 'freezing':
      return `computing frozen layers: ${countText(progress.done)} of ${countText(progress.total)} texts`
    case 'step':
      return (
        `epoch ${progress.epoch}, step ${countText(progress.step)} of ${countText(progress.steps)}: ` +
        `loss ${progress.loss.toFixed(3)}, ${countText(progress.tokensPerSecond)} tokens a second, ` +
        `${durationText(progress.secondsLeft * 1_000)} left`
      )
    case 'epoch':
      return (
        `epoch ${progress.epoch}: loss ${progress.trainLoss.toFixed(3)}, validation macro-F1 ` +
        (progress.macroF1 * 100).toFixed(1)
      )
    case 'publishing':
      return 'writing the model and checking it against the trainer'
  }
}
