// `winnow evaluate`: measures a model version on labelled texts.
import type { Command } from 'commander'
import { openVersion } from '../models/version-store.ts'
import { evaluateModel } from '../trainers/evaluate.ts'
import { renderReportText } from '../trainers/report-text.ts'
import { openContext, type SharedOptions } from './context.ts'
import { addColumnOptions, readCleaned, sourceHelp, type ColumnOptions } from './labelled-texts.ts'
import { workersOf } from './model.ts'
import { addCommand, wholeNumber } from './shared-options.ts'
import { untilStopped } from './signals.ts'
import { countText } from './terminal.ts'

type Options = SharedOptions & ColumnOptions & { model: string; data: string; seed: number }

/** Adds `evaluate` to the program. */
export function addEvaluateCommand(program: Command): void {
  const command = addCommand(program, {
    name: 'evaluate',
    summary: 'measure a model on labelled texts',
    description:
      'Classifies labelled texts and reports accuracy, F1, per-class figures, calibration and\n' +
      'the confusion matrix, with bootstrap intervals.',
    examples: [
      'winnow evaluate --model mail --data test.jsonl.gz',
      'winnow evaluate --model mail@1 --data test.jsonl --json',
    ],
  })
    .requiredOption('--model <ref>', 'NAME, NAME@VERSION or NAME@champion')
    .requiredOption('--data <src>', `labelled texts: ${sourceHelp}`)
    .option('--seed <number>', 'seed of the bootstrap', wholeNumber(0), 1)
  addColumnOptions(command).action(async (options: Options) => {
    const { config, terminal, paths } = await openContext(options)
    const version = await openVersion({ ref: options.model, storeDir: paths.store })
    const evaluation = await untilStopped(async (signal) =>
      evaluateModel({
        version,
        dataset: await readCleaned(options.data, { config, columns: options, signal }),
        seed: options.seed,
        workers: workersOf(config.inference),
        onProgress: ({ done, total }) =>
          terminal.progress(`${countText(done)} of ${countText(total)} texts`),
        signal,
      }),
    )
    terminal.progressDone()
    terminal.say(renderReportText(evaluation))
    terminal.document(evaluation)
  })
}
