// `winnow evaluate`: measures a model version on labelled texts, alone or against another version.
import { writeFile } from 'node:fs/promises'
import { Option, type Command } from 'commander'
import { evaluateIn, type EvaluateProgress } from '../../library/evaluate.ts'
import { openExplainerOf } from '../../library/explain.ts'
import { sumLabelWords, type LabelWords } from '../../models/explain/label-words.ts'
import type { SourceAddress } from '../../trainers/files/dataset-source.ts'
import type { ModelVersion } from '../../models/store/version-files.ts'
import { workersOf } from '../../serving/model.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { ModelEvaluation } from '../../trainers/evaluation/evaluate-version.ts'
import { renderReportHtml, type ReportHeading } from '../../trainers/report/report-html.ts'
import { renderReportText } from '../../trainers/report/report-text.ts'
import { explainMistakes } from '../../trainers/runs/explain-mistakes.ts'
import type { Dataset } from '../../trainers/data/dataset.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import { collectSources } from '../file-options.ts'
import {
  addColumnOptions,
  checkTexts,
  readingText,
  sourceHelp,
  type ColumnOptions,
} from '../labelled-texts.ts'
import { checkModel, checkWritable } from '../option-checks.ts'
import { progressText } from '../progress-text.ts'
import { addCommand, seedMax, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { countText } from '../terminal.ts'
import { joinedParts, measureRate } from '../work-rate.ts'

type Options = SharedOptions &
  ColumnOptions & {
    model: string
    data: SourceAddress
    compare?: string
    champion?: boolean
    report?: string
    explain?: number
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
      'winnow evaluate --model mail --data test.jsonl --report mail.html --explain 100',
    ],
  })
    .requiredOption('--model <ref>', 'NAME, NAME@VERSION or NAME@champion')
    .requiredOption('--data <src...>', `labelled texts: ${sourceHelp}`, collectSources)
    .option('--compare <ref>', 'another version to compare with')
    .addOption(
      new Option('--champion', 'compare with the champion of this model').conflicts('compare'),
    )
    .option('--report <file>', 'write the report with its plots to this file as one HTML page')
    .option(
      '--explain <texts>',
      'explain so many texts for the report, which then shows the words that push each label',
      wholeNumber(1),
    )
    .option('--seed <number>', 'seed of the bootstrap', wholeNumber(0, seedMax), 1)
  addColumnOptions(command).action(async (options: Options) => {
    const context = await openContext(options)
    const { terminal } = context
    await checkModel(options.model, context)
    await checkTexts({ '--data': options.data }, options)
    if (options.report !== undefined) await checkWritable(options.report, '--report')
    else if (options.explain !== undefined) {
      throw new WinnowError('usage', '--explain needs --report, where the words are shown.')
    }
    const lineOf = evaluateProgressText()
    const { champion, compare } = options
    const { evaluation, version, dataset, confused } = await untilStopped(async (signal) =>
      evaluateIn(context, {
        ...options,
        compareWith: champion === true ? 'champion' : compare,
        signal,
        onProgress: (progress) => terminal.progress(lineOf(progress)),
      }),
    )
    terminal.progressDone()
    const { emptyTexts = 0 } = dataset.manifest
    if (emptyTexts > 0) terminal.say(`${counted(emptyTexts, 'empty text')} left out`)
    if (options.report !== undefined) {
      const heading = headingOf({ version, dataset, measured: evaluation })
      const explained = await untilStopped((signal) =>
        explainMistakes(confused ?? [], {
          version,
          workers: workersOf(context.config.inference),
          readTexts: dataset.examples,
          signal,
        }),
      )
      const labelWords =
        options.explain === undefined
          ? undefined
          : await wordsOfLabels({ version, dataset, textsMax: options.explain }, context)
      await writeFile(
        options.report,
        await renderReportHtml(evaluation, { ...heading, labelWords, confused: explained }),
      )
    }
    terminal.say(renderReportText(evaluation, terminal.style))
    if (options.report !== undefined) terminal.say(`\nreport: ${options.report}`)
    terminal.document(evaluation)
  })
}

/** Creates the text of the progress line; with a comparison, two models run one after the other. */
function evaluateProgressText(): (progress: EvaluateProgress) => string {
  let rate = measureRate()
  return (progress) => {
    if (progress.kind === 'reading') return readingText(progress)
    const { done, total } = progress
    if (done === 1) rate = measureRate()
    const count = `classifying: ${countText(done)} of ${counted(total, 'text')}`
    return joinedParts(count, rate({ done, total }))
  }
}

/** The words that push each label, of texts from all over the data set. */
async function wordsOfLabels(
  explained: { version: ModelVersion; dataset: Dataset; textsMax: number },
  context: CommandContext,
): Promise<LabelWords[]> {
  const { version, dataset, textsMax } = explained
  const { examples } = dataset
  const total = Math.min(textsMax, examples.length)
  const sums = sumLabelWords()
  const startedMs = performance.now()
  await untilStopped(async (signal) => {
    // The texts of a data set are cleaned already.
    await using explainer = await openExplainerOf(context, { version, steps: [] })
    for (let done = 0; done < total; done++) {
      const { text } = examples[Math.floor((done * examples.length) / total)]!
      sums.add(await explainer.explain({ text }, { signal }))
      const elapsedMs = performance.now() - startedMs
      const line = progressText({ done: done + 1, total, noun: 'text', elapsedMs })
      context.terminal.progress(`explaining: ${line}`)
    }
  })
  context.terminal.progressDone()
  return sums.result()
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
