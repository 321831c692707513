// Cross-validation from the folds to the record of the run: the whole of it, top to bottom. How a
// fold is trained is its method's (fold-training.ts), how sure a mean is stands in corrected-t.ts.
import { counted } from '../../schemas/counted.ts'
import { dataProfile } from '../data/data-profile.ts'
import type { Dataset } from '../data/dataset.ts'
import { writeLabelReport } from '../labels/suspicious-labels.ts'
import { writeReportContent } from '../runs/report-content.ts'
import { newRunName, type RunBegun } from '../runs/run-record.ts'
import { compareRecipes, requireSameFolds, type ComparedRun } from './compare-recipes.ts'
import { writeCvRecord, type CrossValidated } from './cv-record.ts'
import { describePlan } from './fold-plan.ts'
import { summarizeScores, type JudgedFold } from './fold-scores.ts'
import type { FoldTrainer, TrainingProgress } from './fold-training.ts'
import { planFolds, type FoldOptions } from './folds.ts'
import { judgeFold } from './judge-fold.ts'
import { evaluatePooled, type PredictedFold } from './pooled-evaluation.ts'

/** How far cross-validation is. */
export type CrossValidationProgress = {
  /** The fold under way, from 1, of all repeats; undefined while what all share is computed. */
  readonly fold?: number | undefined
  readonly folds: number
  /** Of the folds that are judged. */
  readonly judged: readonly JudgedFold[]
  readonly training: TrainingProgress
}

export type CrossValidateOptions = FoldOptions & {
  readonly dataset: Dataset
  readonly labels: readonly string[]
  readonly storeDir: string
  /** The middle of the run's name. */
  readonly name: string
  /** Opens the method, once the folds are known to be possible. */
  readonly openTrainer: (onProgress: (progress: TrainingProgress) => void) => Promise<FoldTrainer>
  /** Called once, when the method is ready and before the first fold. */
  readonly onBegin?: ((begun: RunBegun) => void) | undefined
  readonly onProgress?: ((progress: CrossValidationProgress) => void) | undefined
  /** A run with the same folds. */
  readonly compareWith?: ComparedRun | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Trains and judges every fold, and writes the run. The same data, options and seed give the same
 * folds and the same scores.
 *
 * @throws WinnowError `usage`, `dataset_invalid` from the folds; `cancelled`; and what training
 * throws.
 */
export async function crossValidate(
  options: CrossValidateOptions,
): Promise<{ result: CrossValidated; predictions: readonly PredictedFold[] }> {
  const started = new Date()
  const { dataset, labels, compareWith, onProgress, signal } = options
  const plan = planFolds(dataset.examples, options)
  const foldPlan = describePlan(plan, { ...options, manifest: dataset.manifest })
  if (compareWith !== undefined) requireSameFolds(foldPlan, compareWith)
  const judged: JudgedFold[] = []
  const tell = (training: TrainingProgress, fold?: number): void =>
    onProgress?.({ fold, folds: plan.length, judged, training })
  const trainer = await options.openTrainer(tell)
  const run = newRunName(options.name, started)
  const { folds, repeats, seed, group, byTime } = foldPlan
  options.onBegin?.({
    run,
    name: options.name,
    method: trainer.method,
    started: started.toISOString(),
    parameters: { ...trainer.parameters, folds, repeats, seed, group, byTime },
    dataManifest: { train: dataset.manifest },
  })
  const predictions: PredictedFold[] = []
  let tokens = 0
  for (const [at, fold] of plan.entries()) {
    const watch = { onProgress: (training: TrainingProgress) => tell(training, at + 1), signal }
    const { judged: scores, outcome } = await judgeFold(trainer, fold, watch)
    judged.push(scores)
    const { probabilities, thresholds } = outcome
    predictions.push({ ...fold, probabilities, thresholds })
    tokens += outcome.tokens
  }
  const firstRepeat = predictions.filter(({ repeat }) => repeat === 1)
  const pooled = evaluatePooled(firstRepeat, { dataset, labels, seed: options.seed })
  const measuredOn = measuredOnText(options, firstRepeat)
  const seconds = (Date.now() - started.getTime()) / 1_000
  const report = {
    run,
    model: null,
    method: trainer.method,
    labels,
    examples: dataset.examples.length,
    started: started.toISOString(),
    seconds,
    tokensPerSecond: tokens / seconds,
    metrics: { evaluatedOn: 'cross-validation' as const, measuredOn, ...pooled.evaluation },
    dataManifest: { train: dataset.manifest },
    parameters: trainer.parameters,
    folds: judged,
    ...summarizeScores(judged),
    foldPlan,
    comparison: compareWith && compareRecipes(judged, compareWith),
  }
  const runDir = await writeCvRecord(options.storeDir, {
    formatVersion: 1,
    kind: 'cv',
    ...report,
  })
  const { confused, labelReport } = pooled
  if (labelReport !== undefined) await writeLabelReport(runDir, labelReport)
  const profile = dataProfile(dataset.examples)
  await writeReportContent(runDir, { measuredOn, facts: [], confused, profile })
  return { result: { ...report, runDir }, predictions }
}

function measuredOnText(
  { dataset, folds }: CrossValidateOptions,
  tests: readonly { readonly test: Int32Array }[],
): string {
  const tested = tests.reduce((sum, { test }) => sum + test.length, 0)
  return (
    `cross-validation: ${counted(tested, 'text')} (${dataset.manifest.source}) in ` +
    `${counted(folds, 'fold')}, each by a model trained without its fold`
  )
}
