// How good predicted sets of labels are against the true ones: pure numbers. It knows no label
// names; the document around them is multi-label-evaluation.ts.
import assert from 'node:assert/strict'
import { binOf, calibrationBins, classScores, type ClassScores } from './metrics.ts'
import type { SetPredictions } from './label-thresholds.ts'

/** The measures of sets that are one number. A decision is one label of one example. */
export type SetScores = {
  /** Share of examples whose set is exactly right. */
  readonly accuracy: number
  /** Share of decisions that are wrong. */
  readonly hammingLoss: number
  readonly microF1: number
  /**
   * Unweighted mean of the F1 of all labels; that of a label that is neither true nor predicted is
   * 0.
   */
  readonly macroF1: number
  /** Mean F1 weighted by support. */
  readonly weightedF1: number
  /**
   * Mean over examples of the F1 of an example's labels; 0 where there is none, true or predicted.
   */
  readonly samplesF1: number
  /**
   * Mean over examples and their labels of the share of labels ranked as high that apply; 1 for an
   * example with no label or all (as scikit-learn's label_ranking_average_precision_score).
   */
  readonly rankingAveragePrecision: number
  /** Mean negative natural logarithm of the probability of a decision's truth, floored at 1e-15. */
  readonly logLoss: number
  /** Mean squared distance of a decision's probability from the truth. */
  readonly brier: number
  /** Expected calibration error of the decisions' probabilities, 15 bins of equal width. */
  readonly ece: number
}

/** What each row adds to the scores; resampling rows needs nothing else. */
export type SetOutcomes = {
  readonly labels: number
  /** Labels that are neither true nor predicted in any row. */
  readonly absentLabels: number
  /** Labels of each row that are right, wrongly given, and missed. */
  readonly hits: readonly Int32Array[]
  readonly extra: readonly Int32Array[]
  readonly missed: readonly Int32Array[]
  readonly ranking: Float64Array
  readonly logLoss: Float64Array
  readonly brier: Float64Array
  /** float64 [rows, bins]: probabilities less truths of the decisions in each bin. */
  readonly binGaps: Float64Array
}

const probabilityMin = 1e-15

/** Reduces each row to what the scores need. */
export function setOutcomes(
  { targets, probabilities, labels }: SetPredictions,
  thresholds: readonly number[],
): SetOutcomes {
  assert.equal(targets.length, probabilities.length)
  const rows = targets.length / labels
  const occurring = new Set<number>()
  const hits: Int32Array[] = []
  const extra: Int32Array[] = []
  const missed: Int32Array[] = []
  const ranking = new Float64Array(rows)
  const logLoss = new Float64Array(rows)
  const brier = new Float64Array(rows)
  const binGaps = new Float64Array(rows * calibrationBins)
  for (let row = 0; row < rows; row++) {
    const own = probabilities.subarray(row * labels, (row + 1) * labels)
    const truth = targets.subarray(row * labels, (row + 1) * labels)
    const found: [number[], number[], number[]] = [[], [], []]
    for (const [label, probability] of own.entries()) {
      const applies = truth[label]!
      const given = probability >= thresholds[label]!
      if (applies === 1 || given) occurring.add(label)
      if (applies === 1) found[given ? 0 : 2].push(label)
      else if (given) found[1].push(label)
      const right = applies === 1 ? probability : 1 - probability
      logLoss[row]! -= Math.log(Math.max(right, probabilityMin)) / labels
      brier[row]! += (1 - right) ** 2 / labels
      const bin = row * calibrationBins + binOf(probability)
      binGaps[bin]! += probability - applies
    }
    for (const [place, list] of [hits, extra, missed].entries()) {
      list.push(Int32Array.from(found[place]!))
    }
    ranking[row] = rankingPrecision(own, truth)
  }
  const absentLabels = labels - occurring.size
  return { labels, absentLabels, hits, extra, missed, ranking, logLoss, brier, binGaps }
}

/**
 * Of one row: the mean, over its labels, of the share of labels at least as probable that apply.
 */
function rankingPrecision(probabilities: Float32Array, truth: Uint8Array): number {
  const applying = truth.reduce((sum, applies) => sum + applies, 0)
  if (applying === 0 || applying === truth.length) return 1
  let sum = 0
  for (const [label, applies] of truth.entries()) {
    if (applies === 0) continue
    let ahead = 0
    let right = 0
    for (const [other, probability] of probabilities.entries()) {
      if (probability < probabilities[label]!) continue
      ahead++
      right += truth[other]!
    }
    sum += right / ahead
  }
  return sum / applying
}

/** The scores of some rows, given by index; an index may repeat, as in a bootstrap resample. */
export function scoresOfSets(outcomes: SetOutcomes, rows: Int32Array): SetScores {
  const { labels, absentLabels, hits, extra, missed, binGaps } = outcomes
  const tally = setTally(outcomes, rows)
  const gaps = new Float64Array(calibrationBins)
  let [exact, wrong, right, samples, ranking, logLoss, brier] = [0, 0, 0, 0, 0, 0, 0]
  for (const row of rows) {
    const found = hits[row]!.length
    const mistakes = extra[row]!.length + missed[row]!.length
    if (mistakes === 0) exact++
    right += found
    wrong += mistakes
    samples += quotient(2 * found, 2 * found + mistakes)
    ranking += outcomes.ranking[row]!
    logLoss += outcomes.logLoss[row]!
    brier += outcomes.brier[row]!
    for (let bin = 0; bin < calibrationBins; bin++) {
      gaps[bin]! += binGaps[row * calibrationBins + bin]!
    }
  }
  const classes = classScores(tally)
  // A resample that misses a label says nothing about it; a label that no row has counts as 0 in
  // each.
  const present = classes.filter(({ support }, at) => support + tally.predicted[at]! > 0)
  const support = classes.reduce((sum, one) => sum + one.support, 0)
  const count = rows.length
  return {
    accuracy: exact / count,
    hammingLoss: wrong / (count * labels),
    microF1: quotient(2 * right, 2 * right + wrong),
    macroF1: quotient(
      present.reduce((sum, { f1 }) => sum + f1, 0),
      present.length + absentLabels,
    ),
    weightedF1: quotient(
      classes.reduce((sum, one) => sum + one.f1 * one.support, 0),
      support,
    ),
    samplesF1: samples / count,
    rankingAveragePrecision: ranking / count,
    logLoss: logLoss / count,
    brier: brier / count,
    ece: gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / (count * labels),
  }
}

/** Precision, recall, F1 and support of each label over all rows. */
export function labelScores(outcomes: SetOutcomes): ClassScores[] {
  return classScores(
    setTally(
      outcomes,
      Int32Array.from(outcomes.hits, (_, row) => row),
    ),
  )
}

function setTally({ labels, hits, extra, missed }: SetOutcomes, rows: Int32Array) {
  const tally = {
    support: new Float64Array(labels),
    predicted: new Float64Array(labels),
    hits: new Float64Array(labels),
  }
  for (const row of rows) {
    for (const label of hits[row]!) {
      tally.support[label]!++
      tally.predicted[label]!++
      tally.hits[label]!++
    }
    for (const label of extra[row]!) tally.predicted[label]!++
    for (const label of missed[row]!) tally.support[label]!++
  }
  return tally
}

function quotient(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator
}
