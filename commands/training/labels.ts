// `winnow labels`: checks the labels of a data set.
import type { Command } from 'commander'
import { knownBase } from '../../models/bases/base-store.ts'
import { counted } from '../../schemas/counted.ts'
import { checkLabels } from '../../trainers/head/check-labels.ts'
import { ruleLines } from '../../trainers/data/rule-report.ts'
import { ruledParts } from '../../library/read-texts.ts'
import { pullBase } from '../base-pull.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
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
import { addCommand, examplesText, seedMax, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { countText } from '../terminal.ts'
import { embeddingText } from './training-progress.ts'

type Options = SharedOptions &
  ColumnOptions &
  RuleOptions & { data: string; base: string; top?: number; seed: number }

const examples = [
  'winnow labels check --data tickets.jsonl',
  'winnow labels check --data tickets.csv --label-column team --top 200 --json',
]
const defaultTop = 20
const shownCharacters = 100

/** Adds `labels` with its subcommands to the program. */
export function addLabelsCommands(program: Command): void {
  const labels = program
    .command('labels')
    .summary('find labels that are probably wrong')
    .description('Check the labels of a data set.')
    .addHelpText('after', examplesText(examples))
  const check = addCommand(labels, {
    name: 'check',
    summary: 'list the most suspicious labels',
    description:
      'Trains on four fifths of the data at a time, predicts the other fifth, and lists the examples whose\n' +
      'label is least likely (confident learning), with the label predicted instead. It changes nothing:\n' +
      'correct wrong labels in your data.',
    examples,
  })
    .requiredOption('--data <src>', `labelled texts: ${sourceHelp}`)
    .option(
      '--top <number>',
      `labels listed (default: ${defaultTop}; all with --json)`,
      wholeNumber(1),
    )
    .option('--base <name>', 'base encoder', 'minilm-l6')
    .option('--seed <number>', 'seed of the folds', wholeNumber(0, seedMax), 1)
  addRuleOptions(addColumnOptions(check)).action(async (options: Options) => {
    const context = await openContext(options)
    const { config, terminal, paths } = context
    await checkTexts({ '--data': options.data }, options)
    await knownBase({ name: options.base, storeDir: paths.store })
    const report = await untilStopped(async (signal) => {
      const read = await readCleaned(options.data, { config, columns: options, signal })
      const { train: dataset } = await ruledParts({ train: read }, options)
      for (const line of ruleLines(dataset.manifest)) terminal.say(line)
      const base = await pullBase(options.base, context, signal)
      return checkLabels({
        dataset,
        base,
        storeDir: paths.store,
        seed: options.seed,
        signal,
        workers: workersOf(config.inference),
        onProgress: (progress) => terminal.progress(embeddingText(progress, 'embedding')),
      })
    })
    terminal.progressDone()
    const { suspicious, estimatedErrors } = report
    terminal.say(
      `${countText(suspicious.length)} of ${counted(report.examples, 'label')} ` +
        `${suspicious.length === 1 ? 'is' : 'are'} suspicious; about ${countText(estimatedErrors)} ` +
        `${Math.round(estimatedErrors) === 1 ? 'is' : 'are'} wrong.`,
    )
    for (const { text, given, suggested, margin } of suspicious.slice(
      0,
      options.top ?? defaultTop,
    )) {
      const shown = text.replace(/[\s\p{C}]+/gu, ' ').slice(0, shownCharacters)
      const names = `${given} -> ${suggested}`.replace(/\p{C}/gu, '\uFFFD')
      terminal.say(`${margin.toFixed(2)}  ${names}  ${shown}`)
    }
    terminal.document({ ...report, suspicious: suspicious.slice(0, options.top) })
  })
}
