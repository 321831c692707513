// Cross-validation from the folds to the record of the run: the whole of it, top to bottom. How a
// fold is trained is its method's (fold-training.ts), how sure a mean is stands in corrected-t.ts.
import { hash } from 'node:crypto'
import { counted } from '../../schemas/counted.ts'
import type { DataManifest, Dataset } from '../data/dataset.ts'
import type { Measured } from '../evaluation/measured-on.ts'
import type { TaskEvaluation } from '../evaluation/multi-label-evaluation.ts'
import { newRunName, type TrainingMethod } from '../runs/run-record.ts'
import { writeCvRecord } from './cv-record.ts'
import type { FoldTrainer, TrainingProgress } from './fold-training.ts'
import { scoresOf, summarizeScores, type FoldScores, type SummarizedScores } from './fold-scores.ts'
import { planFolds, type Fold, type FoldOptions } from './folds.ts'
import { evaluatePooled, type PredictedFold } from './pooled-evaluation.ts'

/** How far cross-validation is. */
export type CrossValidationProgress = {
  /** The fold under way, from 1, of all repeats; undefined while what all share is computed. */
  readonly fold?: number | undefined
  readonly folds: number
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
  readonly onProgress?: ((progress: CrossValidationProgress) => void) | undefined
  /** Called with each fold when it is judged. */
  readonly onFold?: ((fold: JudgedFold) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** One fold as it is reported. */
export type JudgedFold = {
  readonly repeat: number
  readonly fold: number
  /** Examples. */
  readonly trained: number
  readonly tested: number
  readonly seconds: number
  readonly metrics: FoldScores
  /** What the training chose by itself, such as C or the best epoch. */
  readonly chosen: Readonly<Record<string, number>>
}

/** Which folds there were; two runs with one hash can be compared fold by fold. */
export type FoldPlan = Required<Pick<FoldOptions, 'folds' | 'seed' | 'repeats' | 'byTime'>> & {
  readonly group: string | null
  /** Of the data set and of the examples in each fold. */
  readonly sha256: string
}

/** The JSON of the command `cv`. */
export type CrossValidated = SummarizedScores & {
  readonly run: string
  /** Cross-validation measures a recipe and leaves no model. */
  readonly model: null
  readonly method: TrainingMethod
  readonly labels: readonly string[]
  readonly examples: number
  readonly seconds: number
  /** Tokens of all texts by the seconds of the whole run. */
  readonly tokensPerSecond: number
  /** Of all out-of-fold predictions together, of the first repeat. */
  readonly metrics: TaskEvaluation & Measured<'cross-validation'>
  readonly dataManifest: { readonly train: DataManifest }
  readonly parameters: Readonly<Record<string, unknown>>
  readonly folds: readonly JudgedFold[]
  readonly foldPlan: FoldPlan
  readonly runDir: string
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
  const { dataset, labels, onProgress, signal } = options
  const plan = planFolds(dataset.examples, options)
  const trainer = await options.openTrainer((training) =>
    onProgress?.({ folds: plan.length, training }),
  )
  const judged: JudgedFold[] = []
  const predictions: PredictedFold[] = []
  for (const [at, fold] of plan.entries()) {
    const began = performance.now()
    const watch = (training: TrainingProgress): void =>
      onProgress?.({ fold: at + 1, folds: plan.length, training })
    const outcome = await trainer.trainFold(fold, { onProgress: watch, signal })
    judged.push({
      repeat: fold.repeat,
      fold: fold.fold,
      trained: fold.train.length,
      tested: fold.test.length,
      seconds: (performance.now() - began) / 1_000,
      metrics: scoresOf(outcome.evaluation),
      chosen: outcome.chosen,
    })
    predictions.push({ ...fold, ...outcome })
    options.onFold?.(judged.at(-1)!)
  }
  const firstRepeat = predictions.filter(({ repeat }) => repeat === 1)
  const evaluation = evaluatePooled(firstRepeat, { dataset, labels, seed: options.seed })
  const measuredOn = measuredOnText(options, firstRepeat)
  const seconds = (Date.now() - started.getTime()) / 1_000
  const run = newRunName(options.name, started)
  const report = {
    run,
    model: null,
    method: trainer.method,
    labels,
    examples: dataset.examples.length,
    seconds,
    tokensPerSecond: trainer.tokens / seconds,
    metrics: { evaluatedOn: 'cross-validation' as const, measuredOn, ...evaluation },
    dataManifest: { train: dataset.manifest },
    parameters: trainer.parameters,
    folds: judged,
    ...summarizeScores(judged),
    foldPlan: describePlan(options, plan),
  }
  const record = { formatVersion: 1 as const, kind: 'cv' as const, started: started.toISOString() }
  const runDir = await writeCvRecord(options.storeDir, { ...record, ...report })
  return { result: { ...report, runDir }, predictions }
}

function describePlan(options: CrossValidateOptions, plan: readonly Fold[]): FoldPlan {
  const { folds, repeats = 1, seed, group = null, byTime = false } = options
  const parts = plan.map(({ train, test }) => [[...train], [...test]])
  const content = JSON.stringify([options.dataset.manifest.sha256, parts])
  return { folds, repeats, seed, group, byTime, sha256: hash('sha256', content) }
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
