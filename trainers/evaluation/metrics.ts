// The scores of single-label predictions: accuracy, F1, calibration and others, from label indices
// and probabilities. bootstrap.ts computes their intervals.
import assert from 'node:assert/strict'

/** Predictions and the truth: a label index for each row of `probabilities`. */
export type Predictions = {
  readonly truth: Int32Array
  /** float32 or float64 [rows, labels] row-major; rows sum to 1. */
  readonly probabilities: Float32Array | Float64Array
  readonly labels: number
}

/** The scores that are a single number. */
export type Scores = {
  readonly accuracy: number
  /** The unweighted mean F1 of the labels that occur in the truth or the predictions. */
  readonly macroF1: number
  /** The mean F1 weighted by support. */
  readonly weightedF1: number
  /** The multi-class Matthews correlation coefficient (Gorodkin 2004), -1 to 1. */
  readonly mcc: number
  /**
   * The mean negative natural logarithm of the true label's probability, which is at least 1e-15.
   */
  readonly logLoss: number
  /** The mean squared distance of the probability vector from the truth (Brier 1950), 0 to 2. */
  readonly brier: number
  /**
   * The expected calibration error with 15 bins of equal width (Guo et al. 2017, arXiv:1706.04599).
   */
  readonly ece: number
}

/** The scores of one label against all others. 0 / 0 counts as 0. */
export type ClassScores = {
  readonly precision: number
  readonly recall: number
  readonly f1: number
  /** The number of rows whose true label this is. */
  readonly support: number
}

/** What each row contributes to the scores. Scores of resampled rows need nothing else. */
export type RowOutcomes = {
  readonly labels: number
  readonly truth: Int32Array
  /** The label with the highest probability; the first of several. */
  readonly predicted: Int32Array
  /** The probability of the predicted label. */
  readonly confidence: Float64Array
  readonly logLoss: Float64Array
  readonly brier: Float64Array
}

/** The number of bins of equal width for confidences. */
export const calibrationBins = 15
const probabilityMin = 1e-15

/** The scores of all predictions. */
export function classificationScores(predictions: Predictions): Scores {
  const outcomes = rowOutcomes(predictions)
  return scoresOfRows(
    outcomes,
    Int32Array.from(outcomes.truth, (_, row) => row),
  )
}

/** Reduces each row to what it contributes to the scores. */
export function rowOutcomes({ truth, probabilities, labels }: Predictions): RowOutcomes {
  assert.equal(probabilities.length, truth.length * labels)
  const rows = truth.length
  const predicted = new Int32Array(rows)
  const confidence = new Float64Array(rows)
  const logLoss = new Float64Array(rows)
  const brier = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    let best = 0
    let squares = 0
    for (let label = 0; label < labels; label++) {
      const probability = probabilities[row * labels + label]!
      if (probability > probabilities[row * labels + best]!) best = label
      squares += probability * probability
    }
    const trueProbability = probabilities[row * labels + truth[row]!]!
    predicted[row] = best
    confidence[row] = probabilities[row * labels + best]!
    logLoss[row] = -Math.log(Math.max(trueProbability, probabilityMin))
    // sum (p - y)^2 = sum p^2 - 2 p_true + 1
    brier[row] = Math.max(0, squares - 2 * trueProbability + 1)
  }
  return { labels, truth, predicted, confidence, logLoss, brier }
}

/** The scores of the rows with the given indices, which may repeat, as in a bootstrap resample. */
export function scoresOfRows(outcomes: RowOutcomes, rows: Int32Array): Scores {
  const tally = tallyRows(outcomes, rows)
  let macro = 0
  let weighted = 0
  let present = 0
  for (const [label, { f1, support }] of classScores(tally).entries()) {
    if (support === 0 && tally.predicted[label] === 0) continue
    present++
    macro += f1
    weighted += f1 * support
  }
  let logLoss = 0
  let brier = 0
  for (const row of rows) {
    logLoss += outcomes.logLoss[row]!
    brier += outcomes.brier[row]!
  }
  const count = rows.length
  return {
    accuracy: tally.hits.reduce((sum, hits) => sum + hits, 0) / count,
    macroF1: quotient(macro, present),
    weightedF1: weighted / count,
    mcc: matthewsCorrelation(tally, count),
    logLoss: logLoss / count,
    brier: brier / count,
    ece: expectedCalibrationError(outcomes, rows),
  }
}

/** The confusion matrix [truth, predicted], row-major float64 [labels, labels]. */
export function confusionCounts({ labels, truth, predicted }: RowOutcomes): Float64Array {
  const counts = new Float64Array(labels * labels)
  for (const [row, label] of truth.entries()) {
    const cell = label * labels + predicted[row]!
    counts[cell] = counts[cell]! + 1
  }
  return counts
}

/** For each label, the number of rows that have it, that are predicted as it, and both. */
export type Tally = {
  readonly support: Float64Array
  readonly predicted: Float64Array
  readonly hits: Float64Array
}

/** The tally of the rows with the given indices. */
export function tallyRows(outcomes: RowOutcomes, rows: Int32Array): Tally {
  const support = new Float64Array(outcomes.labels)
  const predicted = new Float64Array(outcomes.labels)
  const hits = new Float64Array(outcomes.labels)
  for (const row of rows) {
    const label = outcomes.truth[row]!
    const prediction = outcomes.predicted[row]!
    support[label] = support[label]! + 1
    predicted[prediction] = predicted[prediction]! + 1
    if (label === prediction) hits[label] = hits[label]! + 1
  }
  return { support, predicted, hits }
}

/** Precision, recall, F1 and support of each label. */
export function classScores({ support, predicted, hits }: Tally): ClassScores[] {
  return Array.from(hits, (hit, label) => ({
    precision: quotient(hit, predicted[label]!),
    recall: quotient(hit, support[label]!),
    f1: quotient(2 * hit, predicted[label]! + support[label]!),
    support: support[label]!,
  }))
}

function matthewsCorrelation({ support, predicted, hits }: Tally, count: number): number {
  let correct = 0
  let agreement = 0
  let truthSquares = 0
  let predictedSquares = 0
  for (const [label, hit] of hits.entries()) {
    correct += hit
    agreement += support[label]! * predicted[label]!
    truthSquares += support[label]! ** 2
    predictedSquares += predicted[label]! ** 2
  }
  const spread = Math.sqrt((count * count - predictedSquares) * (count * count - truthSquares))
  return quotient(correct * count - agreement, spread)
}

function expectedCalibrationError(outcomes: RowOutcomes, rows: Int32Array): number {
  const confidence = new Float64Array(calibrationBins)
  const correct = new Float64Array(calibrationBins)
  for (const row of rows) {
    const bin = binOf(outcomes.confidence[row]!)
    confidence[bin] = confidence[bin]! + outcomes.confidence[row]!
    if (outcomes.predicted[row] === outcomes.truth[row]) correct[bin] = correct[bin]! + 1
  }
  let error = 0
  for (let bin = 0; bin < calibrationBins; bin++)
    error += Math.abs(correct[bin]! - confidence[bin]!)
  return error / rows.length
}

/** The bin of a confidence. Bin m, which counts from 0, covers (m / 15, (m + 1) / 15]. */
export function binOf(confidence: number): number {
  const bin = Math.ceil(confidence * calibrationBins) - 1
  return Math.min(Math.max(bin, 0), calibrationBins - 1)
}

function quotient(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator
}
