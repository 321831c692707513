// `winnow evaluate`: measures a model version on labelled texts, alone or against another version.
import { writeFile } from 'node:fs/promises'
import { Option, type Command } from 'commander'
import { openVersion } from '../../models/store/version-store.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { evaluateModel, type ModelEvaluation } from '../../trainers/evaluation/evaluate-version.ts'
import { renderReportHtml, type ReportHeading } from '../../trainers/report/report-html.ts'
import { renderReportText } from '../../trainers/report/report-text.ts'
import { readRunRecord } from '../../trainers/runs/run-record.ts'
import type { Dataset } from '../../trainers/data/dataset.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import {
  addColumnOptions,
  checkTexts,
  readCleaned,
  sourceHelp,
  type ColumnOptions,
} from '../labelled-texts.ts'
import { workersOf } from '../../serving/model.ts'
import { checkModel, checkWritable } from '../option-checks.ts'
import { addCommand, seedMax, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { countText, type Terminal } from '../terminal.ts'
import { joinedParts, measureRate } from '../work-rate.ts'

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
      'Classifies labelled texts and reports accuracy, F1, figures per label, calibration, ranking, figures\n' +
      'for slices of the texts and the confusion matrix, with bootstrap intervals. --champion or --compare\n' +
      "runs another version on the same texts, and McNemar's test says whether the two differ by more\n" +
      'than chance. docs/evaluation.md explains every figure.',
    examples: [
      'winnow evaluate --model mail --data test.jsonl.gz',
      'winnow evaluate --model mail@2 --data test.jsonl --champion --report mail.html',
      'winnow evaluate --model mail@2 --compare mail@1 --data test.jsonl --json',
    ],
  })
    .requiredOption('--model <ref>', 'NAME, NAME@VERSION or NAME@champion')
    .requiredOption('--data <src>', `labelled texts: ${sourceHelp}`)
    .option('--compare <ref>', 'another version to compare with')
    .addOption(
      new Option('--champion', 'compare with the champion of this model').conflicts('compare'),
    )
    .option('--report <file>', 'write the report with its plots to this file as one HTML page')
    .option('--seed <number>', 'seed of the bootstrap', wholeNumber(0, seedMax), 1)
  addColumnOptions(command).action(async (options: Options) => {
    const context = await openContext(options)
    const { config, terminal, paths } = context
    await checkModel(options.model, context)
    await checkTexts({ '--data': options.data }, options)
    if (options.report !== undefined) await checkWritable(options.report, '--report')
    const open = (ref: string): Promise<ModelVersion> => openVersion({ ref, storeDir: paths.store })
    const version = await open(options.model)
    const rival = options.champion === true ? `${version.name}@champion` : options.compare
    const compareWith = rival === undefined ? undefined : await open(rival)
    if (compareWith?.ref === version.ref) {
      const message = `${rival} is ${version.ref} itself; name another version with --compare.`
      throw new WinnowError('usage', message)
    }
    const evaluation = await untilStopped(async (signal) => {
      const dataset = await readCleaned(options.data, { config, columns: options, signal })
      const { emptyTexts = 0 } = dataset.manifest
      if (emptyTexts > 0) terminal.say(`${counted(emptyTexts, 'empty text')} left out`)
      const { trainingRun } = version.manifest
      const run = trainingRun === null ? undefined : await readRunRecord(paths.store, trainingRun)
      const measured = await evaluateModel({
        version,
        compareWith,
        dataset,
        seed: options.seed,
        signal,
        trainedOn: run?.dataManifest,
        workers: workersOf(config.inference),
        onProgress: progressOn(terminal),
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

/** A progress line for each model that runs: with a comparison there are two. */
function progressOn(terminal: Terminal): (progress: { done: number; total: number }) => void {
  let rate = measureRate()
  return ({ done, total }) => {
    if (done === 1) rate = measureRate()
    const count = `classifying: ${countText(done)} of ${counted(total, 'text')}`
    terminal.progress(joinedParts(count, rate({ done, total })))
  }
}

function headingOf(report: {
  version: ModelVersion
  dataset: Dataset
  measured: ModelEvaluation
}): ReportHeading {
  const { version, dataset, measured } = report
  const { sha256 } = dataset.manifest
  const { base, method, created } = version.manifest
  return {
    title: `${version.ref}: evaluation`,
    made: new Date().toISOString(),
    measuredOn: measured.measuredOn,
    facts: [
      ['Base encoder', base],
      ['Method', method],
      ['Made', created],
      ['Measured on', measured.measuredOn],
      ['SHA-256 of the texts', sha256],
    ],
    comparison: measured.comparison,
  }
}
