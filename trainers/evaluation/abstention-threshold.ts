// Selective classification: the risk-coverage curve of a model, and the threshold above which it
// abstains. models/store/abstention-rule.ts computes the score of a text.
import assert from 'node:assert/strict'
import {
  outOfScopeScore,
  type Abstention,
  type OutOfScopeScore,
} from '../../models/store/abstention-rule.ts'
import { rowOutcomes, type Predictions } from './metrics.ts'

/** What happens if only texts whose score is at most `threshold` keep their label. */
export type CoveragePoint = {
  readonly threshold: number
  /** The fraction of texts that keep their label, and the fraction of mistakes among these. */
  readonly coverage: number
  readonly risk: number
}

/** The risk-coverage curve of one score. */
export type RiskCoverage = {
  readonly score: OutOfScopeScore
  /**
   * The area under the curve: the mean risk over all coverages, 0 at best (Geifman and El-Yaniv
   * 2017, arXiv:1705.08500). Texts with equal scores count as if in random order.
   */
  readonly aurc: number
  /** From low to high coverage, at most 101 points; the last one keeps everything. */
  readonly curve: readonly CoveragePoint[]
}

/** The fraction of held-out examples that keep their label at the stored threshold. */
export const keptCoverage = 0.95
const curvePoints = 100

/** The risk-coverage curve of predictions for an out-of-scope score. Needs at least one row. */
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
 * The threshold at which 95 % of held-out examples keep their label, with its coverage and risk.
 * The choice is by coverage because no out-of-scope texts are available at training time.
 */
export function chooseAbstention(predictions: Predictions, score: OutOfScopeScore): Abstention {
  const points = coveragePoints(predictions, score)
  const { threshold, coverage, risk } = points.find((point) => point.coverage >= keptCoverage)!
  return { score, threshold, coverage, risk }
}

/** The coverage and risk of predictions at a given threshold. */
export function abstentionOutcome(
  predictions: Predictions,
  { score, threshold }: Pick<Abstention, 'score' | 'threshold'>,
): CoveragePoint {
  const points = coveragePoints(predictions, score)
  const last = points.findLast((point) => point.threshold <= threshold)
  return { threshold, coverage: last?.coverage ?? 0, risk: last?.risk ?? 0 }
}

/** One point for each distinct score, ascending. */
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
  for (const [rank, row] of order.entries()) {
    if (predicted[row] !== truth[row]) mistakes++
    const kept = rank + 1
    if (kept < order.length && scores[order[kept]!] === scores[row]) continue
    points.push({ threshold: scores[row]!, coverage: kept / order.length, risk: mistakes / kept })
  }
  return points
}

/** At most about 100 points, evenly spread over the coverage. */
function thinned(points: readonly CoveragePoint[]): CoveragePoint[] {
  const kept: CoveragePoint[] = []
  for (const point of points) {
    const due = kept.length / curvePoints
    if (point.coverage >= due || point === points.at(-1)) kept.push(point)
  }
  return kept
}
