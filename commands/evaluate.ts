// `winnow evaluate`: measures a model version on labelled texts, alone or against another version.
import { writeFile } from 'node:fs/promises'
import { Option, type Command } from 'commander'
import { openVersion } from '../models/version-store.ts'
import type { ModelVersion } from '../models/version-files.ts'
import { counted } from '../schemas/counted.ts'
import { evaluateModel, type ModelEvaluation } from '../trainers/evaluate.ts'
import { renderReportHtml, type ReportHeading } from '../trainers/report-html.ts'
import { renderReportText } from '../trainers/report-text.ts'
import type { Dataset } from '../trainers/dataset.ts'
import { openContext, type SharedOptions } from './context.ts'
import { addColumnOptions, readCleaned, sourceHelp, type ColumnOptions } from './labelled-texts.ts'
import { workersOf } from './model.ts'
import { addCommand, wholeNumber } from './shared-options.ts'
import { untilStopped } from './signals.ts'
import { countText } from './terminal.ts'

type Options = SharedOptions &
  ColumnOptions & {
    model: string
    data: string
    compare?: string
    champion?: boolean
    report?: string
    seed: number
  }

/** Adds `evaluate` to the program. */
export function addEvaluateCommand(program: Command): void {
  const command = addCommand(program, {
    name: 'evaluate',
    summary: 'measure a model on labelled texts',
    description:
      'Classifies labelled texts and reports accuracy, F1, per-class figures, calibration,\n' +
      'ranking, parts of the texts and the confusion matrix, with bootstrap intervals. With --champion\n' +
      "or --compare another version runs on the same texts, and McNemar's test says whether the two\n" +
      'differ by more than chance.',
    examples: [
      'winnow evaluate --model mail --data test.jsonl.gz',
      'winnow evaluate --model mail@2 --data test.jsonl --champion --report mail.html',
      'winnow evaluate --model mail@2 --compare mail@1 --data test.jsonl --json',
    ],
  })
    .requiredOption('--model <ref>', 'NAME, NAME@VERSION or NAME@champion')
    .requiredOption('--data <src>', `labelled texts: ${sourceHelp}`)
    .option('--compare <ref>', 'another version to test the difference to')
    .addOption(
      new Option('--champion', 'the same as --compare with the champion of this name').conflicts(
        'compare',
      ),
    )
    .option('--report <file>', 'write the report with its plots there, as one HTML page')
    .option('--seed <number>', 'seed of the bootstrap', wholeNumber(0), 1)
  addColumnOptions(command).action(async (options: Options) => {
    const { config, terminal, paths } = await openContext(options)
    const open = (ref: string): Promise<ModelVersion> => openVersion({ ref, storeDir: paths.store })
    const version = await open(options.model)
    const rival = options.champion === true ? `${version.name}@champion` : options.compare
    const compareWith = rival === undefined ? undefined : await open(rival)
    const evaluation = await untilStopped(async (signal) => {
      const dataset = await readCleaned(options.data, { config, columns: options, signal })
      const { emptyTexts = 0 } = dataset.manifest
      if (emptyTexts > 0) terminal.say(`${counted(emptyTexts, 'empty text')}: left out`)
      const measured = await evaluateModel({
        ...{ version, compareWith, dataset, seed: options.seed, signal },
        workers: workersOf(config.inference),
        onProgress: ({ done, total }) =>
          terminal.progress(`${countText(done)} of ${counted(total, 'text')}`),
      })
      if (options.report !== undefined) {
        const page = await renderReportHtml(measured, headingOf({ version, dataset, measured }))
        await writeFile(options.report, page)
      }
      return measured
    })
    terminal.progressDone()
    terminal.say(renderReportText(evaluation, terminal.style))
    if (options.report !== undefined) terminal.say(`\nreport: ${options.report}`)
    terminal.document(evaluation)
  })
}

function headingOf(report: {
  version: ModelVersion
  dataset: Dataset
  measured: ModelEvaluation
}): ReportHeading {
  const { version, dataset, measured } = report
  const { source, examples, sha256 } = dataset.manifest
  const { base, method, created } = version.manifest
  return {
    title: `${version.ref}: evaluation`,
    facts: [
      ['Base encoder', base],
      ['Method', method],
      ['Made', created],
      ['Measured on', `${source}, ${counted(examples, 'example')}, SHA-256 ${sha256}`],
    ],
    comparison: measured.comparison,
  }
}
