// The evaluation report as one JSON document, and its bootstrap intervals (Efron and Tibshirani
// 1993, percentile method). Where the predictions come from is evaluate.ts; how the report looks
// is report-text.ts and report-html.ts.
import assert from 'node:assert/strict'
import {
  classScores,
  confusionCounts,
  rowOutcomes,
  scoresOfRows,
  tallyRows,
  type ClassScores,
  type Predictions,
  type RowOutcomes,
  type Scores,
} from './metrics.ts'
import { seededRandom } from './seeded-random.ts'

/** A range that holds the score with the given confidence, over resamples of the examples. */
export type Interval = { readonly low: number; readonly high: number }

/** Everything measured of one set of predictions. */
export type Evaluation = Scores & {
  readonly examples: number
  readonly perClass: Readonly<Record<string, ClassScores>>
  /** `matrix[truth][predicted]` counts examples, both in the order of `labels`. */
  readonly confusion: { readonly labels: readonly string[]; readonly matrix: readonly number[][] }
  readonly intervals: Readonly<Record<keyof Scores, Interval>> & {
    readonly confidence: number
    readonly resamples: number
  }
}

export type EvaluationOptions = {
  /** Names of the labels, in the order of the probabilities. */
  readonly labels: readonly string[]
  readonly seed: number
  /** Bootstrap resamples. Default 1,000. */
  readonly resamples?: number | undefined
}

const confidence = 0.95
const scoreNames = ['accuracy', 'macroF1', 'weightedF1', 'mcc', 'logLoss', 'brier', 'ece'] as const

/** Judges predictions. At least one row is needed. */
export function evaluatePredictions(
  predictions: Omit<Predictions, 'labels'>,
  options: EvaluationOptions,
): Evaluation {
  const { labels } = options
  const outcomes = rowOutcomes({ ...predictions, labels: labels.length })
  const examples = outcomes.truth.length
  assert.ok(examples > 0, 'nothing to evaluate')
  const rows = Int32Array.from(outcomes.truth, (_, row) => row)
  const confusion = confusionCounts(outcomes)
  const classes = classScores(tallyRows(outcomes, rows))
  const matrix = labels.map((_, label) =>
    Array.from(confusion.subarray(label * labels.length, (label + 1) * labels.length)),
  )
  return {
    examples,
    ...scoresOfRows(outcomes, rows),
    perClass: Object.fromEntries(labels.map((label, index) => [label, classes[index]!])),
    confusion: { labels, matrix },
    intervals: bootstrapIntervals(outcomes, options),
  }
}

function bootstrapIntervals(
  outcomes: RowOutcomes,
  options: EvaluationOptions,
): Evaluation['intervals'] {
  const resamples = options.resamples ?? 1_000
  const random = seededRandom(options.seed)
  const examples = outcomes.truth.length
  const rows = new Int32Array(examples)
  const drawn = Object.fromEntries(
    scoreNames.map((name) => [name, new Float64Array(resamples)]),
  ) as Record<keyof Scores, Float64Array>
  for (let resample = 0; resample < resamples; resample++) {
    for (let i = 0; i < examples; i++) rows[i] = random.below(examples)
    const scores = scoresOfRows(outcomes, rows)
    for (const name of scoreNames) drawn[name][resample] = scores[name]
  }
  const intervals = Object.fromEntries(
    scoreNames.map((name) => [name, percentileInterval(drawn[name].sort())]),
  ) as Record<keyof Scores, Interval>
  return { ...intervals, confidence, resamples }
}

function percentileInterval(ascending: Float64Array): Interval {
  const tail = (1 - confidence) / 2
  return { low: quantile(ascending, tail), high: quantile(ascending, 1 - tail) }
}

/** Linear interpolation between order statistics, as NumPy's default. */
function quantile(ascending: Float64Array, share: number): number {
  const place = share * (ascending.length - 1)
  const below = ascending[Math.floor(place)]!
  const above = ascending[Math.ceil(place)]!
  return below + (above - below) * (place - Math.floor(place))
}
