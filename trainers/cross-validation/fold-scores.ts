// The scores of folds: those that `train` reports, as numbers, with their mean, deviation and
// interval over the folds.
import { scoreNames } from '../evaluation/bootstrap.ts'
import type { Interval } from '../evaluation/evaluation.ts'
import {
  isOfSets,
  setScoreNames,
  type TaskEvaluation,
} from '../evaluation/multi-label-evaluation.ts'
import { confidence, summarizeFolds, type FoldSizes } from './corrected-t.ts'

/** Scores by the names that they have in an evaluation. */
export type FoldScores = Readonly<Record<string, number>>

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

/** Each score over the folds. */
export type SummarizedScores = {
  readonly mean: FoldScores
  /** Standard deviation of the folds. */
  readonly deviation: FoldScores
  /** Of the mean, corrected for folds that share training examples; see corrected-t.ts. */
  readonly intervals: Readonly<Record<string, Interval>>
  readonly intervalMethod: { readonly confidence: number; readonly correction: 'nadeau-bengio' }
}

/** The smallest and the largest value of a score, beyond which an interval says nothing. */
const limits: Readonly<Record<string, readonly [number, number]>> = {
  mcc: [-1, 1],
  logLoss: [0, Infinity],
  brier: [0, 2],
}
const share = [0, 1] as const

/** The headline scores of an evaluation. */
export function scoresOf(evaluation: TaskEvaluation): FoldScores {
  return isOfSets(evaluation)
    ? Object.fromEntries(setScoreNames.map((name) => [name, evaluation[name]]))
    : Object.fromEntries(scoreNames.map((name) => [name, evaluation[name]]))
}

/** Mean, deviation and interval of each score; at least two folds are needed. */
export function summarizeScores(
  folds: readonly (FoldSizes & { readonly metrics: FoldScores })[],
): SummarizedScores {
  const names = Object.keys(folds[0]!.metrics)
  const summaries = names.map((name) => {
    const values = folds.map(({ metrics }) => metrics[name]!)
    return { name, ...summarizeFolds(values, folds) }
  })
  const byName = <Value>(value: (summary: (typeof summaries)[number]) => Value) =>
    Object.fromEntries(summaries.map((summary) => [summary.name, value(summary)]))
  return {
    mean: byName(({ mean }) => mean),
    deviation: byName(({ deviation }) => deviation),
    intervals: byName(({ name, low, high }) => clipped({ low, high }, limits[name] ?? share)),
    intervalMethod: { confidence, correction: 'nadeau-bengio' },
  }
}

function clipped({ low, high }: Interval, [least, most]: readonly [number, number]): Interval {
  return { low: Math.max(least, low), high: Math.min(most, high) }
}
