// How much a model gains by leaving out what it is least sure of, and the threshold from which it
// says "none of these". The score itself is models/store/abstention-rule.ts.
import assert from 'node:assert/strict'
import {
  outOfScopeScore,
  type Abstention,
  type OutOfScopeScore,
} from '../../models/store/abstention-rule.ts'
import { rowOutcomes, type Predictions } from './metrics.ts'

/** Keeping the texts whose score is at most `threshold`. */
export type CoveragePoint = {
  readonly threshold: number
  /** Share of texts that are kept, and of mistakes among those. */
  readonly coverage: number
  readonly risk: number
}

/** The risk-coverage curve of one score. */
export type RiskCoverage = {
  readonly score: OutOfScopeScore
  /**
   * Mean risk over all coverages, 0 at best (Geifman and El-Yaniv 2017, arXiv:1705.08500). Texts of
   * one score count as if in random order.
   */
  readonly aurc: number
  /** From low to high coverage, at most 101 points; the last one keeps everything. */
  readonly curve: readonly CoveragePoint[]
}

/** The share of held-out examples that keep their label at the stored threshold. */
export const keptCoverage = 0.95
const curvePoints = 100

/** The curve of predictions by an out-of-scope score. At least one row is needed. */
export function riskCoverage(predictions: Predictions, score: OutOfScopeScore): RiskCoverage {
  const points = coveragePoints(predictions, score)
  const count = predictions.truth.length
  let area = 0
  let kept = 0
  let mistakes = 0
  for (const point of points) {
    const tied = Math.round(point.coverage * count) - kept
    const wrong = Math.round(point.risk * (kept + tied)) - mistakes
    // Within a tie the expected mistakes grow evenly.
    for (let k = 1; k <= tied; k++) area += (mistakes + (wrong * k) / tied) / (kept + k)
    kept += tied
    mistakes += wrong
  }
  return { score, aurc: area / count, curve: thinned(points) }
}

/**
 * The threshold at which 95 % of held-out examples keep their label, with the coverage and risk
 * that it gives there: texts that no known label fits cannot be asked for at training time.
 */
export function chooseAbstention(predictions: Predictions, score: OutOfScopeScore): Abstention {
  const points = coveragePoints(predictions, score)
  const { threshold, coverage, risk } = points.find((point) => point.coverage >= keptCoverage)!
  return { score, threshold, coverage, risk }
}

/** What a threshold does to predictions. */
export function abstentionOutcome(
  predictions: Predictions,
  { score, threshold }: Pick<Abstention, 'score' | 'threshold'>,
): CoveragePoint {
  const points = coveragePoints(predictions, score)
  const last = points.findLast((point) => point.threshold <= threshold)
  return { threshold, coverage: last?.coverage ?? 0, risk: last?.risk ?? 0 }
}

/** One point for each different score, ascending. */
function coveragePoints(predictions: Predictions, score: OutOfScopeScore): CoveragePoint[] {
  const { truth, probabilities, labels } = predictions
  assert.ok(truth.length > 0, 'no predictions to abstain from')
  const { predicted } = rowOutcomes(predictions)
  const scores = Float64Array.from(truth, (_, row) =>
    outOfScopeScore(probabilities.subarray(row * labels, (row + 1) * labels), score),
  )
  const order = Int32Array.from(truth, (_, row) => row).sort((a, b) => scores[a]! - scores[b]!)
  const points: CoveragePoint[] = []
  let mistakes = 0
  for (const [place, row] of order.entries()) {
    if (predicted[row] !== truth[row]) mistakes++
    const kept = place + 1
    if (kept < order.length && scores[order[kept]!] === scores[row]) continue
    points.push({ threshold: scores[row]!, coverage: kept / order.length, risk: mistakes / kept })
  }
  return points
}

function thinned(points: readonly CoveragePoint[]): CoveragePoint[] {
  const kept: CoveragePoint[] = []
  for (const point of points) {
    const due = kept.length / curvePoints
    if (point.coverage >= due || point === points.at(-1)) kept.push(point)
  }
  return kept
}
