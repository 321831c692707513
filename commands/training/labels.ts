// `winnow labels`: checks the labels of a data set. labels-apply.ts takes back an edited list.
import { Option, type Command } from 'commander'
import { knownBase } from '../../models/bases/base-store.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { readPredictions } from '../../trainers/cross-validation/read-predictions.ts'
import { trainingLabels, type Dataset } from '../../trainers/data/dataset.ts'
import { ruleLines } from '../../trainers/data/rule-report.ts'
import { checkLabels } from '../../trainers/head/check-labels.ts'
import { labelCell, writeReviewList } from '../../trainers/labels/review-list.ts'
import { reviewRows } from '../../trainers/labels/review-rows.ts'
import { reportLabels, type LabelReport } from '../../trainers/labels/suspicious-labels.ts'
import { ruledParts } from '../../library/read-texts.ts'
import { pullBase } from '../base-pull.ts'
import {
  addressText,
  parseDatasetSource,
  type SourceAddress,
} from '../../trainers/files/dataset-source.ts'
import { isLocalFile, localFiles } from '../../trainers/files/file-set.ts'
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
import { workersOf } from '../../serving/model.ts'
import { checkReadable, checkWritable } from '../option-checks.ts'
import { addCommand, examplesText, seedMax, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { countText } from '../terminal.ts'
import { addApplyCommand } from './labels-apply.ts'
import { embeddingText } from './training-progress.ts'

type Options = SharedOptions &
  ColumnOptions &
  RuleOptions & {
    data: SourceAddress
    base: string
    top?: number
    seed: number
    out?: string
    predictions?: string
  }

const examples = [
  'winnow labels check --data tickets.jsonl',
  'winnow labels check --data tickets.csv --label-column team --top 200 --json',
  'winnow labels check --data tickets.csv --out suspicious.csv',
  'winnow labels check --data tickets.csv --predictions predictions.jsonl',
]
const defaultTop = 20
const shownCharacters = 100

/** Adds `labels` with its subcommands to the program. */
export function addLabelsCommands(program: Command): void {
  const labels = program
    .command('labels')
    .summary('find and correct labels that are probably wrong')
    .description('Check the labels of a data set, and take back the corrections of people.')
    .addHelpText('after', examplesText([...examples, 'winnow labels apply suspicious.csv']))
  const check = addCommand(labels, {
    name: 'check',
    summary: 'list the most suspicious labels',
    description:
      'Trains on four fifths of the data at a time, predicts the other fifth, and lists the examples whose\n' +
      'label is probably wrong, with the probability that it is right and the label to put in its place. It\n' +
      'changes no data.\n' +
      'With --out, it writes the whole list as a table for a spreadsheet; fill in the column "decision" and\n' +
      'give the file to `labels apply`.\n' +
      'With --predictions, it trains nothing and judges the labels by the predictions that `winnow cv` wrote\n' +
      'of the same data, by whatever method.',
    examples,
  })
    .requiredOption('--data <src...>', `labelled texts: ${sourceHelp}`, collectSources)
    .option(
      '--top <number>',
      `labels listed (default: ${defaultTop}; all with --json)`,
      wholeNumber(1),
    )
    .option('--out <file>', 'write the list as a CSV file to edit')
    .addOption(
      new Option(
        '--predictions <file>',
        'judge by these predictions of `winnow cv` instead of training',
      ).conflicts(['base', 'seed']),
    )
    .option('--base <name>', 'base encoder', 'minilm-l6')
    .option('--seed <number>', 'seed of the folds', wholeNumber(0, seedMax), 1)
  addRuleOptions(addColumnOptions(check)).action(async (options: Options) => {
    const context = await openContext(options)
    const { terminal, paths } = context
    await checkTexts({ '--data': options.data }, options)
    if (options.out !== undefined) {
      await checkList(options.data)
      await checkWritable(options.out, '--out')
    }
    if (options.predictions === undefined) {
      await knownBase({ name: options.base, storeDir: paths.store })
    } else await checkReadable(options.predictions, '--predictions')
    const { report, read } = await untilStopped((signal) => checkData(options, { context, signal }))
    terminal.progressDone()
    sayReport(report, { context, top: options.top ?? defaultTop })
    if (options.out !== undefined) await writeList(options.out, { report, read, options, context })
    const { suspicious } = report
    terminal.document({ ...report, suspicious: suspicious.slice(0, options.top), out: options.out })
  })
  addApplyCommand(labels)
}

async function checkData(
  options: Options,
  { context, signal }: { context: CommandContext; signal: AbortSignal },
): Promise<{ report: LabelReport; read: Dataset }> {
  const { config, terminal, paths } = context
  const reading = { config, columns: options, numbered: true, signal }
  const read = await readCleaned(options.data, reading)
  const { train: dataset } = await ruledParts({ train: read }, options)
  for (const line of ruleLines(dataset.manifest)) terminal.say(line)
  if (options.predictions !== undefined) {
    const report = await reportPredicted(options.predictions, { dataset, context, signal })
    return { report, read }
  }
  const base = await pullBase(options.base, context, signal)
  const report = await checkLabels({
    dataset,
    base,
    storeDir: paths.store,
    seed: options.seed,
    signal,
    workers: workersOf(config.inference),
    onProgress: (progress) => terminal.progress(embeddingText(progress, 'embedding')),
  })
  return { report, read }
}

/** Judges the labels by the predictions of a file, and says how many labels it has none for. */
async function reportPredicted(
  path: string,
  from: { dataset: Dataset; context: CommandContext; signal: AbortSignal },
): Promise<LabelReport> {
  const { dataset, context, signal } = from
  const labels = trainingLabels(dataset)
  const predicted = await readPredictions(path, { dataset, labels, signal })
  const { probabilities } = predicted
  const without = dataset.examples.length - predicted.dataset.examples.length
  if (without > 0) {
    context.terminal.say(`${counted(without, 'label')} not judged: ${path} has no prediction.`)
  }
  return reportLabels(predicted.dataset, { labels, probabilities })
}

function sayReport(
  { suspicious, estimatedErrors, examples }: LabelReport,
  { context, top }: { context: CommandContext; top: number },
): void {
  const { terminal } = context
  terminal.say(
    `${countText(suspicious.length)} of ${counted(examples, 'label')} ` +
      `${suspicious.length === 1 ? 'is' : 'are'} suspicious; about ${countText(estimatedErrors)} ` +
      `${Math.round(estimatedErrors) === 1 ? 'is' : 'are'} wrong.`,
  )
  for (const { text, given, suggested, score } of suspicious.slice(0, top)) {
    const shown = text.replace(/[\s\p{C}]+/gu, ' ').slice(0, shownCharacters)
    const names = `${labelCell(given)} -> ${labelCell(suggested)}`.replace(/\p{C}/gu, '\uFFFD')
    terminal.say(`${score.toFixed(2)}  ${names}  ${shown}`)
  }
}

/** The path of a source that is one file on this machine, which `labels apply` can correct. */
function onePath(data: SourceAddress): string | undefined {
  const source = parseDatasetSource(data)
  const [path, ...others] = source.kind === 'file' ? source.paths : []
  return path !== undefined && others.length === 0 && isLocalFile(path) ? path : undefined
}

/** Refuses a list that no command could apply: rows of several files, or of none here. */
async function checkList(data: SourceAddress): Promise<void> {
  if (parseDatasetSource(data).kind !== 'file') return
  const path = onePath(data)
  const files = path === undefined ? [] : await localFiles(path)
  if (files.length === 1 && files[0] === path) return
  const message =
    `--out needs one file on this machine, because \`labels apply\` corrects one, and --data is ` +
    `${addressText(data)}; check each file on its own.`
  throw new WinnowError('usage', message)
}

async function writeList(
  out: string,
  from: { report: LabelReport; read: Dataset; options: Options; context: CommandContext },
): Promise<void> {
  const { report, read, options, context } = from
  const { rows, unnamed } = reviewRows(report.suspicious, {
    read: read.examples,
    path: onePath(options.data),
  })
  await writeReviewList(out, rows)
  const { terminal } = context
  terminal.say(
    `${counted(rows.length, 'row')} in ${out}: fill in "decision", then run \`winnow labels apply ${out}\`.`,
  )
  if (unnamed > 0) {
    terminal.say(
      `${counted(unnamed, 'suspicious label')} left out of ${out}: without an id, or in a set that lost a rare label.`,
    )
  }
}
