// `winnow cv`: how good a recipe is on labelled texts, by cross-validation. It leaves no model.
import { resolve } from 'node:path'
import type { SourceAddress } from '../../trainers/files/dataset-source.ts'
import type { Command } from 'commander'
import { crossValidateIn, cvDefaults, type CvProgress } from '../../library/cross-validate.ts'
import {
  checkMethod,
  refuseUnusedOptions,
  type MethodOptions,
} from '../../library/training/training-options.ts'
import { trackRun, type RunTracker } from '../../library/track-run.ts'
import { recordCvRun } from '../../library/training-row.ts'
import { requireModelName } from '../../models/store/version-store.ts'
import type { CrossValidationProgress } from '../../trainers/cross-validation/cross-validate.ts'
import type { CrossValidated } from '../../trainers/cross-validation/cv-record.ts'
import { cvReportText, cvRuleLines } from '../../trainers/cross-validation/cv-report.ts'
import { checkFoldOptions } from '../../trainers/cross-validation/folds.ts'
import { writePredictions } from '../../trainers/cross-validation/predictions-file.ts'
import { formatFigure } from '../../trainers/report/report-tables.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import { collectSources } from '../file-options.ts'
import {
  addColumnOptions,
  addRuleOptions,
  checkTexts,
  sourceHelp,
  type ColumnOptions,
  type RuleOptions,
} from '../labelled-texts.ts'
import { addMethodOptions } from './method-options.ts'
import { checkStore, checkWritable } from '../option-checks.ts'
import { addCommand, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { durationText } from '../terminal.ts'
import { trainingProgressText, trainProgressText } from './training-progress.ts'

type Options = SharedOptions &
  ColumnOptions &
  MethodOptions &
  RuleOptions & {
    data: SourceAddress
    name: string
    folds: number
    seed: number
    repeats: number
    group?: string
    byTime?: boolean
    predictions?: string
    compare?: string
  }

/** Adds `cv` to the program. */
export function addCvCommand(program: Command): void {
  const command = addCommand(program, {
    name: 'cv',
    summary: 'measure a recipe by cross-validation',
    description:
      'Divides labelled texts into K folds, trains K times on all folds but one as `winnow train` would,\n' +
      'and tests each time on the fold that was left out. Every text is tested once, by a model that has\n' +
      'not seen it. Labels are spread evenly; near duplicates stay in one fold. Reports each fold, the\n' +
      'mean, the deviation and an interval of the mean that allows for folds sharing their training\n' +
      'texts (Nadeau and Bengio 2003). The same data and seed give the same folds. No model is written.',
    examples: [
      'winnow cv --data tickets.jsonl --folds 5',
      'winnow cv --data tickets.jsonl --folds 5 --repeats 3 --method full --json',
      'winnow cv --data tickets.csv --group customer',
      'winnow cv --data topic:winnow.events --by-time',
      'winnow cv --data tickets.jsonl --method full --compare 20260131T120501-cv-1f9c2e',
    ],
  })
    .requiredOption('--data <src...>', `labelled texts: ${sourceHelp}`, collectSources)
    .option('--folds <number>', 'number of folds', wholeNumber(2), cvDefaults.folds)
    .option(
      '--repeats <number>',
      'rounds of folds, each divided differently',
      wholeNumber(1, repeatsMax),
      cvDefaults.repeats,
    )
    .option('--group <field>', 'attribute whose values stay in one fold, such as customer')
    .option('--by-time', 'train on the past and test on the block of time that follows')
    .option('--compare <run>', 'an earlier run on the same folds: which recipe is better')
    .option('--predictions <file>', 'write what each text was predicted as, as JSON Lines')
    .option('--name <name>', 'name in the list of runs', cvDefaults.name)
  addMethodOptions(command)
  addRuleOptions(addColumnOptions(command)).action(async (options: Options) => {
    const context = await openContext(options)
    await checkOptions(options, context)
    const measured = await trackRun(context, { kind: 'cv' }, (tracker) =>
      measure(context, options, tracker),
    )
    context.terminal.document(measured)
  })
}

/** Runs the folds, and tells what came of them. */
async function measure(
  context: CommandContext,
  options: Options,
  tracker: RunTracker,
): Promise<CrossValidated & { readonly report: string }> {
  const { terminal } = context
  const progressText = cvProgressText()
  const { result, report, predictions } = await untilStopped((signal) => {
    const onProgress = (progress: CvProgress): void => terminal.progress(progressText(progress))
    const asked = { ...options, compareWith: options.compare, signal, onProgress }
    return crossValidateIn(context, asked, tracker)
  })
  if (options.predictions !== undefined) {
    await writePredictions(options.predictions, predictions)
    tracker.wroteFile(resolve(options.predictions))
  }
  terminal.progressDone()
  for (const line of cvRuleLines(result.dataManifest.train)) terminal.say(line)
  terminal.say(cvReportText(result, terminal.style))
  terminal.say()
  terminal.say(`${result.run} in ${durationText(result.seconds * 1_000)}: ${result.runDir}`)
  terminal.say(`report: ${report}`)
  await recordCvRun(context, { ...result, name: options.name })
  return { ...result, report }
}

/** More tell nothing that fewer do not. */
const repeatsMax = 1_000

/** What of the options can be wrong is found before anything is read, fetched or trained. */
async function checkOptions(options: Options, { paths }: CommandContext): Promise<void> {
  refuseUnusedOptions(options)
  checkFoldOptions(options)
  requireModelName(options.name)
  await checkTexts({ '--data': options.data }, options)
  await checkMethod(options, { storeDir: paths.store })
  if (options.predictions !== undefined) await checkWritable(options.predictions, '--predictions')
  await checkStore(paths.store)
}

/** Creates the text of the progress line. */
function cvProgressText(): (progress: CvProgress) => string {
  const trainText = trainProgressText()
  return (progress) => (progress.kind === 'fold' ? foldProgressText(progress) : trainText(progress))
}

function foldProgressText(progress: CrossValidationProgress): string {
  const { fold, folds, judged, training } = progress
  const text = trainingProgressText(training)
  if (fold === undefined) return text
  const sum = judged.reduce((total, { metrics }) => total + metrics['accuracy']!, 0)
  const soFar = judged.length === 0 ? '' : ` (accuracy ${percent(sum / judged.length)})`
  return `fold ${fold} of ${folds}${soFar}: ${text}`
}

function percent(share: number): string {
  return formatFigure(share, 'share')
}
