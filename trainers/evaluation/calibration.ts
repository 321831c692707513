// Calibration by temperature scaling (Guo et al. 2017, arXiv:1706.04599): one number, fitted on
// held-out predictions, that calibrates probabilities without changing a predicted label. The
// trainers provide the held-out predictions.
import type { Head } from '../../models/graph/encoder.ts'
import { binOf, calibrationBins, type Predictions, type RowOutcomes } from './metrics.ts'

/** The predictions whose confidence falls into one of 15 bins of equal width. */
export type ReliabilityBin = {
  /** Confidences in (from, to]. */
  readonly from: number
  readonly to: number
  readonly examples: number
  /** The mean confidence and the fraction of right predictions; both are 0 in an empty bin. */
  readonly confidence: number
  readonly accuracy: number
}

/** The bound on temperatures. Beyond it there are too few examples, or they are too easy. */
const temperatureMax = 20
const stepsMax = 100
const precision = 1e-10
/** The smallest positive float32, in place of a probability that was rounded to 0. */
const probabilityMin = 1.4e-45

/**
 * The temperature that minimises the log loss of softmax(log(p) / temperature) plus a prior: the
 * weight of one example times ln(temperature)^2. Without the prior, the temperature would go to 0
 * if every prediction is right. It uses Newton's method on ln(1 / temperature), with bisection as
 * the fallback.
 */
export function fitTemperature({ truth, probabilities, labels }: Predictions): number {
  const count = truth.length
  if (count === 0) return 1
  const logits = Float64Array.from(probabilities, logarithm)
  let low = -Math.log(temperatureMax)
  let high = -low
  let u = 0
  for (let step = 0; step < stepsMax && high - low > precision; step++) {
    const { slope, curvature } = derivativesAt(u, { logits, truth, labels })
    if (slope > 0) high = u
    else low = u
    const newton = u - slope / curvature
    const next = newton > low && newton < high ? newton : (low + high) / 2
    if (Math.abs(next - u) < precision) break
    u = next
  }
  return Math.exp(-u)
}

/** The first two derivatives by u = ln(1 / temperature) of the mean loss with its prior. */
function derivativesAt(
  u: number,
  rows: { logits: Float64Array; truth: Int32Array; labels: number },
): { slope: number; curvature: number } {
  const { logits, truth, labels } = rows
  const scale = Math.exp(u)
  let slope = 0
  let spread = 0
  for (const [row, label] of truth.entries()) {
    const start = row * labels
    let largest = -Infinity
    for (let i = start; i < start + labels; i++) largest = Math.max(largest, logits[i]!)
    let sum = 0
    let mean = 0
    let square = 0
    for (let i = start; i < start + labels; i++) {
      const logit = logits[i]! - largest
      const weight = Math.exp(scale * logit)
      sum += weight
      mean += weight * logit
      square += weight * logit * logit
    }
    mean /= sum
    slope += mean - (logits[start + label]! - largest)
    spread += square / sum - mean * mean
  }
  const count = truth.length
  return {
    slope: (scale * slope) / count + (2 * u) / count,
    curvature: (scale * slope + scale * scale * spread) / count + 2 / count,
  }
}

/** Applies a temperature: softmax(log(p) / temperature) of each row, float32 [rows, labels]. */
export function temperedProbabilities(
  probabilities: Float32Array | Float64Array,
  { labels, temperature }: { labels: number; temperature: number },
): Float32Array {
  const tempered = new Float32Array(probabilities.length)
  const powers = new Float64Array(labels)
  for (let start = 0; start < probabilities.length; start += labels) {
    let largest = 0
    for (let i = 0; i < labels; i++) largest = Math.max(largest, probabilities[start + i]!)
    let sum = 0
    for (let i = 0; i < labels; i++) {
      const logit = logarithm(probabilities[start + i]!) - logarithm(largest)
      powers[i] = Math.exp(logit / temperature)
      sum += powers[i]!
    }
    for (let i = 0; i < labels; i++) tempered[start + i] = powers[i]! / sum
  }
  return tempered
}

/** Divides weights and bias by the temperature, so that the head's own softmax is calibrated. */
export function temperedHead(head: Head, temperature: number): Head {
  return {
    ...head,
    weight: head.weight.map((weight) => weight / temperature),
    bias: head.bias.map((bias) => bias / temperature),
  }
}

/** The 15 bins of the expected calibration error, for a reliability diagram. */
export function reliabilityBins(outcomes: RowOutcomes): ReliabilityBin[] {
  const bins = Array.from({ length: calibrationBins }, () => ({
    examples: 0,
    confidence: 0,
    hits: 0,
  }))
  for (const [row, confidence] of outcomes.confidence.entries()) {
    const bin = bins[binOf(confidence)]!
    bin.examples++
    bin.confidence += confidence
    if (outcomes.predicted[row] === outcomes.truth[row]) bin.hits++
  }
  return bins.map(({ examples, confidence, hits }, bin) => ({
    from: bin / calibrationBins,
    to: (bin + 1) / calibrationBins,
    examples,
    confidence: examples === 0 ? 0 : confidence / examples,
    accuracy: examples === 0 ? 0 : hits / examples,
  }))
}

function logarithm(probability: number): number {
  return Math.log(Math.max(probability, probabilityMin))
}
