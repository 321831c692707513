// The scores of multi-label predictions, from label indices and probabilities.
// multi-label-evaluation.ts assembles them into a document.
import assert from 'node:assert/strict'
import { binOf, calibrationBins, classScores, type ClassScores } from './metrics.ts'
import type { SetPredictions } from './label-thresholds.ts'

/** The scores that are a single number. A decision is one label of one example. */
export type SetScores = {
  /** The fraction of examples whose label set is exactly right. */
  readonly accuracy: number
  /** The fraction of decisions that are wrong. */
  readonly hammingLoss: number
  readonly microF1: number
  /** The unweighted mean F1 of all labels; that of a label neither true nor predicted is 0. */
  readonly macroF1: number
  /** The mean F1 weighted by support. */
  readonly weightedF1: number
  /**
   * The mean F1 of the label set of each example; 0 for an example with no label, true or
   * predicted.
   */
  readonly samplesF1: number
  /**
   * scikit-learn's label_ranking_average_precision_score: for each true label of an example, the
   * fraction of labels ranked at least as high that are true, averaged. It is 1 for an example with
   * no label or all labels.
   */
  readonly rankingAveragePrecision: number
  /** The mean negative natural logarithm of the true decision's probability, at least 1e-15. */
  readonly logLoss: number
  /** The mean squared distance of a decision's probability from the truth. */
  readonly brier: number
  /** The expected calibration error of the decisions, with 15 bins of equal width. */
  readonly ece: number
}

/** What each row contributes to the scores. Scores of resampled rows need nothing else. */
export type SetOutcomes = {
  readonly labels: number
  /** The number of labels that are neither true nor predicted in any row. */
  readonly absentLabels: number
  /** The labels of each row that are predicted rightly, predicted wrongly, and missed. */
  readonly hits: readonly Int32Array[]
  readonly extra: readonly Int32Array[]
  readonly missed: readonly Int32Array[]
  readonly ranking: Float64Array
  readonly logLoss: Float64Array
  readonly brier: Float64Array
  /** float64 [rows, bins]: the sum of probability minus truth over the decisions in each bin. */
  readonly binGaps: Float64Array
}

const probabilityMin = 1e-15

/** Reduces each row to what it contributes to the scores. */
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
      const isPredicted = probability >= thresholds[label]!
      if (applies === 1 || isPredicted) occurring.add(label)
      if (applies === 1) found[isPredicted ? 0 : 2].push(label)
      else if (isPredicted) found[1].push(label)
      const right = applies === 1 ? probability : 1 - probability
      logLoss[row]! -= Math.log(Math.max(right, probabilityMin)) / labels
      brier[row]! += (1 - right) ** 2 / labels
      const bin = row * calibrationBins + binOf(probability)
      binGaps[bin]! += probability - applies
    }
    for (const [kind, list] of [hits, extra, missed].entries()) {
      list.push(Int32Array.from(found[kind]!))
    }
    ranking[row] = rankingPrecision(own, truth)
  }
  const absentLabels = labels - occurring.size
  return { labels, absentLabels, hits, extra, missed, ranking, logLoss, brier, binGaps }
}

/** Label ranking average precision of one row; see `SetScores.rankingAveragePrecision`. */
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

/** The scores of the rows with the given indices, which may repeat, as in a bootstrap resample. */
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
  // A label that is missing from this resample is left out of the mean. A label that no row has at
  // all counts as 0 in every resample.
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

/** Precision, recall, F1 and support of each label, over all rows. */
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
