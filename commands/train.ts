// `winnow train`: labelled texts to a model version in the store.
import { Option, type Command } from 'commander'
import { WinnowError } from '../schemas/errors.ts'
import { cleanText } from '../models/clean-text.ts'
import { parseDatasetSource, readDataset, type Dataset } from '../trainers/dataset.ts'
import { renderReportText } from '../trainers/report-text.ts'
import { trainHead, type TrainedModel, type TrainHeadProgress } from '../trainers/train-head.ts'
import type { Config } from '../configs/schema.ts'
import { pullBase } from './base-pull.ts'
import { openContext, type CommandContext, type SharedOptions } from './context.ts'
import { workersOf } from './model.ts'
import { addCommand, wholeNumber } from './shared-options.ts'
import { untilStopped } from './signals.ts'
import { countText, durationText } from './terminal.ts'

type Options = SharedOptions & {
  data: string
  test?: string
  name: string
  base: string
  method: string
  seed: number
  maxTokens?: number
  pooledLayers: string
}

/** Adds `train` to the program. */
export function addTrainCommand(program: Command): void {
  addCommand(program, {
    name: 'train',
    summary: 'train a model on labelled texts',
    description:
      'Reads {"text", "label"} lines and writes a new version of the model NAME with its report. With\n' +
      'the method head, the base encoder stays as it is: its embeddings are computed once and kept,\n' +
      'and a regularised logistic regression is fitted on them; its strength is chosen on folds of the\n' +
      'training data. The same data and seed give the same model, byte for byte.',
    examples: [
      'winnow train --data tickets.jsonl --name tickets',
      'winnow train --data train.jsonl.gz --test test.jsonl.gz --name intent --seed 7 --json',
    ],
  })
    .requiredOption('--data <src>', 'labelled texts: FILE.jsonl or FILE.jsonl.gz')
    .requiredOption('--name <name>', 'name of the model')
    .option('--test <src>', 'labelled texts to measure on; else held-out folds are measured')
    .option('--base <name>', 'base encoder', 'minilm-l6')
    .option('--method <method>', 'head', 'head')
    .option('--seed <number>', 'seed of every random choice', wholeNumber(0), 1)
    .option(
      '--max-tokens <tokens>',
      'longer texts are cut (default: as the base allows)',
      wholeNumber(3),
    )
    .addOption(
      new Option('--pooled-layers <which>', 'hidden states that the head sees')
        .choices(['every', 'last'])
        .default('every'),
    )
    .action(async (options: Options) => {
      if (options.method !== 'head') {
        throw new WinnowError(
          'usage',
          `--method ${options.method}: this version trains heads; use head`,
        )
      }
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
): Promise<TrainedModel> {
  const { config, terminal, paths } = context
  const train = await readCleaned(options.data, config, signal)
  const test =
    options.test === undefined ? undefined : await readCleaned(options.test, config, signal)
  const base = await pullBase(options.base, context, signal)
  return trainHead({
    train,
    test,
    base,
    storeDir: paths.store,
    name: options.name,
    seed: options.seed,
    maxTokens: options.maxTokens,
    pooledLayers: options.pooledLayers === 'last' ? 'last' : 'every',
    workers: workersOf(config.inference),
    onProgress: (progress) => terminal.progress(progressText(progress)),
    signal,
  })
}

/** Reads labelled texts and cleans them as the stream does. */
export async function readCleaned(
  source: string,
  config: Config,
  signal: AbortSignal,
): Promise<Dataset> {
  const { examples, manifest } = await readDataset(parseDatasetSource(source), { signal })
  const { steps } = config.cleaning
  return {
    examples: examples.map((example) => ({ ...example, text: cleanText(example.text, steps) })),
    manifest,
  }
}

/** One line on how far training is. */
export function progressText(progress: TrainHeadProgress): string {
  switch (progress.kind) {
    case 'embedding':
      return (
        `embedding ${progress.part}: ${countText(progress.done)} of ${countText(progress.total)} texts, ` +
        `${countText(progress.textsPerSecond)} a second`
      )
    case 'trial':
      return `fitting the head: C = ${progress.inverseRegularisation}`
    case 'publishing':
      return 'writing the model and checking it against the trainer'
  }
}
