// `winnow data check`: profiles a data set before anything is trained on it. data-check-text.ts
// shows the result.
import type { SourceAddress } from '../../trainers/files/dataset-source.ts'
import type { Command } from 'commander'
import { checkDataIn } from '../../library/check-texts.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { collectSources } from '../file-options.ts'
import {
  addColumnOptions,
  addRules,
  checkTexts,
  readingText,
  sourceHelp,
  type ColumnOptions,
  type RuleOptions,
} from '../labelled-texts.ts'
import { addCommand, examplesText } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { countText } from '../terminal.ts'
import { dataCheckText } from './data-check-text.ts'

type Options = SharedOptions &
  ColumnOptions &
  Omit<RuleOptions, 'dataManifest'> & { test?: SourceAddress; base?: string }

const examples = [
  'winnow data check tickets.csv',
  'winnow data check train.jsonl --test test.jsonl',
  'winnow data check tickets.csv --text-column body --label-column queue --json',
]

/** Adds the group `data` to the program. */
export function addDataCommands(program: Command): void {
  const data = program
    .command('data')
    .summary('profile labelled texts')
    .description('Look at a data set before anything is trained on it.')
    .addHelpText('after', examplesText(examples))
  const check = addCommand(data, {
    name: 'check <src...>',
    summary: 'profile labelled texts, and what training would do with them',
    description:
      'Reads labelled texts and shows rows, columns, labels, lengths and problems: rows that cannot be\n' +
      'read, empty texts, duplicates, texts with several labels, signs of a wrong encoding, labels that\n' +
      'differ only in case, texts that the test data has too. It says for each what training does about\n' +
      `it, and changes nothing. SRC is ${sourceHelp}.`,
    examples,
  })
    .option('--test <src...>', 'test texts, which training texts must not repeat', collectSources)
    .option(
      '--base <name>',
      'count tokens of this base encoder (default: minilm-l6, if it is in the model store)',
    )
  addRules(addColumnOptions(check)).action(async (given: string[], options: Options) => {
    const context = await openContext(options)
    const src = given.length === 1 ? given[0]! : given
    const { terminal } = context
    await checkTexts({ SRC: src, '--test': options.test }, options)
    const report = await untilStopped((signal) =>
      checkDataIn(context, {
        ...options,
        data: src,
        signal,
        onProgress: (progress) =>
          terminal.progress(
            progress.kind === 'reading'
              ? readingText(progress)
              : `${progress.kind}: ${countText(progress.count)}`,
          ),
      }),
    )
    terminal.progressDone()
    terminal.say(dataCheckText(report, terminal.style))
    terminal.document(report)
  })
}
