// `winnow cv`: how good a recipe is on labelled texts, by cross-validation. It leaves no model.
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { WinnowError } from '../../schemas/errors.ts'
import { requireModelName } from '../../models/store/version-store.ts'
import {
  crossValidate,
  type CrossValidationProgress,
} from '../../trainers/cross-validation/cross-validate.ts'
import type { ComparedRun } from '../../trainers/cross-validation/compare-recipes.ts'
import { readCvRecord, type CrossValidated } from '../../trainers/cross-validation/cv-record.ts'
import {
  predictionLines,
  writePredictions,
} from '../../trainers/cross-validation/predictions-file.ts'
import { encoderFolds } from '../../trainers/cross-validation/encoder-folds.ts'
import { checkFoldOptions } from '../../trainers/cross-validation/folds.ts'
import type { FoldTrainer } from '../../trainers/cross-validation/fold-training.ts'
import { openHeadFolds, type HeadFoldsOptions } from '../../trainers/cross-validation/head-folds.ts'
import { trainingLabels } from '../../trainers/data/dataset.ts'
import { cvReportText, cvRuleLines } from '../../trainers/cross-validation/cv-report.ts'
import { formatFigure } from '../../trainers/report/report-tables.ts'
import { withTruncatedTexts } from '../../trainers/embeddings/truncated-texts.ts'
import { workersOf } from '../../serving/model.ts'
import { pullBase } from '../base-pull.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import {
  addColumnOptions,
  addRuleOptions,
  checkTexts,
  readCleaned,
  ruledParts,
  sourceHelp,
  type ColumnOptions,
  type RuleOptions,
} from '../labelled-texts.ts'
import {
  addMethodOptions,
  checkMethod,
  encoderMethodOf,
  refuseUnusedOptions,
  type MethodOptions,
} from './method-options.ts'
import { recipeOf } from './recipe-options.ts'
import { checkStore, checkWritable } from '../option-checks.ts'
import { addCommand, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { durationText } from '../terminal.ts'
import { trackRun, type RunTracker } from './track-run.ts'
import { trainingProgressText } from './training-progress.ts'
import { recordCvRun } from './training-row.ts'

type Options = SharedOptions &
  ColumnOptions &
  MethodOptions &
  RuleOptions & {
    data: string
    name: string
    folds: number
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
    .requiredOption('--data <src>', `labelled texts: ${sourceHelp}`)
    .option('--folds <number>', 'number of folds', wholeNumber(2), 5)
    .option(
      '--repeats <number>',
      'rounds of folds, each divided differently',
      wholeNumber(1, repeatsMax),
      1,
    )
    .option('--group <field>', 'attribute whose values stay in one fold, such as customer')
    .option('--by-time', 'train on the past and test on the block of time that follows')
    .option('--compare <run>', 'an earlier run on the same folds: which recipe is better')
    .option('--predictions <file>', 'write what each text was predicted as, as JSON Lines')
    .option('--name <name>', 'name in the list of runs', 'cv')
  addMethodOptions(command)
  addRuleOptions(addColumnOptions(command)).action(async (options: Options) => {
    const context = await openContext(options)
    await checkOptions(options, context)
    const result = await trackRun(context, { kind: 'cv' }, (tracker) =>
      runTracked(context, options, tracker),
    )
    context.terminal.document(result)
  })
}

/** Runs the folds, and tells what came of them. */
async function runTracked(
  context: CommandContext,
  options: Options,
  tracker: RunTracker,
): Promise<CrossValidated> {
  const { terminal } = context
  const result = await untilStopped((signal) => runFolds(context, options, { tracker, signal }))
  terminal.progressDone()
  for (const line of cvRuleLines(result.dataManifest.train)) terminal.say(line)
  terminal.say(cvReportText(result, terminal.style))
  terminal.say()
  terminal.say(`${result.run} in ${durationText(result.seconds * 1_000)}: ${result.runDir}`)
  await recordCvRun(context, { ...result, name: options.name })
  return result
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

async function comparedRun(run: string, storeDir: string): Promise<ComparedRun> {
  const record = await readCvRecord(storeDir, run)
  if (record !== undefined) return record
  const message = `--compare ${run}: ${storeDir}/runs has no such run of winnow cv.`
  throw new WinnowError('usage', message)
}

async function runFolds(
  context: CommandContext,
  options: Options,
  { tracker, signal }: { tracker: RunTracker; signal: AbortSignal },
): Promise<CrossValidated> {
  const { config, terminal, paths } = context
  const onProgress = (text: string): void => terminal.progress(text)
  const compareWith =
    options.compare === undefined ? undefined : await comparedRun(options.compare, paths.store)
  const reading = { config, columns: options, signal, onProgress }
  const read = await readCleaned(options.data, reading)
  const { train: ruled } = await ruledParts({ train: read }, options)
  const base = await pullBase(options.base, context, signal)
  const { maxTokens, folds, repeats, seed, group, byTime, name } = options
  const dataset = await withTruncatedTexts(ruled, { base, maxTokens })
  const labels = trainingLabels(dataset)
  const workers = workersOf(config.inference)
  const shared = { dataset, labels, base, storeDir: paths.store, workers, signal }
  const follower = foldFollower(tracker, options)
  const { result, predictions } = await crossValidate({
    ...shared,
    compareWith,
    folds,
    repeats,
    seed,
    group,
    byTime,
    name,
    openTrainer: (onTraining) => openTrainer(options, { ...shared, onProgress: onTraining }),
    onBegin: tracker.begin,
    onProgress: (progress) => {
      follower.onProgress(progress)
      terminal.progress(foldProgressText(progress))
    },
  })
  follower.endFolds(result.folds)
  if (options.predictions !== undefined) {
    await writePredictions(options.predictions, predictionLines(predictions, shared))
    tracker.wroteFile(resolve(options.predictions))
  }
  return result
}

/** Tells the tracker which folds begin and end, as progress shows them. */
function foldFollower(
  tracker: RunTracker,
  { folds, repeats }: Options,
): {
  readonly onProgress: (progress: CrossValidationProgress) => void
  readonly endFolds: (judged: CrossValidationProgress['judged']) => void
} {
  const stepOf = (repeat: number, fold: number): string =>
    repeats > 1 ? `${repeat}/${fold}` : String(fold)
  let ended = 0
  let current: string | undefined
  const endFolds = (judged: CrossValidationProgress['judged']): void => {
    for (const { repeat, fold, seconds, metrics, chosen } of judged.slice(ended)) {
      tracker.endStep(stepOf(repeat, fold), { seconds, metrics, parameters: chosen })
    }
    ended = judged.length
  }
  return {
    endFolds,
    onProgress({ fold, judged, training }) {
      endFolds(judged)
      if (fold === undefined) return
      const step = stepOf(Math.ceil(fold / folds), ((fold - 1) % folds) + 1)
      if (step !== current) tracker.beginStep(step)
      current = step
      tracker.training(training, step)
    },
  }
}

/** The trainer of the folds by the method that is asked for. */
async function openTrainer(options: Options, shared: HeadFoldsOptions): Promise<FoldTrainer> {
  const { method, maxTokens, engine } = options
  if (method === 'head') {
    const pooledLayers = options.pooledLayers === 'last' ? 'last' : 'every'
    return openHeadFolds({ ...shared, maxTokens, pooledLayers })
  }
  return encoderFolds({
    ...shared,
    maxTokens,
    engine,
    method: encoderMethodOf(options),
    recipe: recipeOf(options),
  })
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
