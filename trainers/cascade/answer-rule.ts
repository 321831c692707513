// When the small model of a cascade may answer. The rule is shaped on out-of-fold predictions and
// chosen on held-out texts, so that the stated risk holds with the stated confidence.
import { isWithinRisk, upperBound } from './risk-bound.ts'

/** What the small model says of texts: its label, and the softmax probability of it. */
export type SmallPredictions = { readonly labels: Int32Array; readonly confidence: Float64Array }

/** P(right) = 1 / (1 + exp(-(offset + slope * ln(confidence / (1 - confidence))))). */
type RightCurve = { readonly offset: number; readonly slope: number }

/** How probable it is that the small model is right, by its label and its confidence. */
export type RightCurves = { readonly all: RightCurve; readonly byLabel: readonly RightCurve[] }

/** A label with fewer out-of-fold answers has the curve of all labels. */
const labelTextsMin = 100
/** Below this, another label could be as probable. */
const confidenceMin = 0.5
/** Steps of the sequence: shares of the texts that would be answered. */
const steps = 200

/** Fits the curves on out-of-fold predictions (Platt 1999), per label where there are enough. */
export function fitRightCurves(
  { labels, confidence }: SmallPredictions,
  { right, labelCount }: { right: readonly boolean[]; labelCount: number },
): RightCurves {
  const scores = Float64Array.from(confidence, logit)
  const every = Array.from(scores.keys())
  const all = fitCurve(every, { scores, right, start: { offset: 0, slope: 1 } })
  const own: number[][] = Array.from({ length: labelCount }, () => [])
  for (const [text, label] of labels.entries()) own[label]!.push(text)
  const byLabel = own.map((texts) =>
    texts.length < labelTextsMin ? all : fitCurve(texts, { scores, right, start: all }),
  )
  return { all, byLabel }
}

/** The confidence from which each label is as probably right as `level`; null if it never is. */
export function thresholdsAt(level: number, { byLabel }: RightCurves): (number | null)[] {
  return byLabel.map(({ offset, slope }) => {
    if (slope <= 0) return null
    const threshold = 1 / (1 + Math.exp(-(logit(level) - offset) / slope))
    return Math.max(confidenceMin, threshold)
  })
}

/** Whether the small model answers each text. */
export function answeredBySmall(
  { labels, confidence }: SmallPredictions,
  thresholds: readonly (number | null)[],
): boolean[] {
  return Array.from(labels, (label, text) => {
    const threshold = thresholds[label]
    return threshold !== null && threshold !== undefined && confidence[text]! >= threshold
  })
}

/** The chosen rule, with what was found on the held-out texts. */
export type ChosenRule = {
  readonly thresholds: readonly (number | null)[]
  readonly answered: number
  readonly lost: number
  readonly bound: number
}

/**
 * Chooses the rule that answers most with its bound within `risk`. The candidates and their order
 * are fixed by the out-of-fold predictions: from the strictest on, each is tested on the held-out
 * texts, and the first that fails ends the sequence. So no correction for many tests is needed
 * (fixed-sequence testing in "Learn then Test", Angelopoulos et al. 2021, arXiv:2110.01052).
 * Undefined if not even the strictest passes.
 */
export function chooseRule(
  heldOut: SmallPredictions & { readonly lost: readonly boolean[] },
  rule: {
    readonly curves: RightCurves
    readonly outOfFold: SmallPredictions
    readonly risk: number
    readonly confidence: number
  },
): ChosenRule | undefined {
  const { curves, outOfFold, risk, confidence } = rule
  const levels = rightProbabilities(outOfFold, curves).sort((a, b) => b - a)
  const texts = heldOut.lost.length
  let chosen: Omit<ChosenRule, 'bound'> | undefined
  for (let step = 1; step <= steps; step++) {
    const level = levels[Math.ceil((step * levels.length) / steps) - 1]!
    const thresholds = thresholdsAt(level, curves)
    const isAnswered = answeredBySmall(heldOut, thresholds)
    const lost = isAnswered.filter((yes, text) => yes && heldOut.lost[text] === true).length
    if (!isWithinRisk({ lost, texts }, { risk, confidence })) break
    chosen = { thresholds, answered: isAnswered.filter(Boolean).length / texts, lost }
  }
  return chosen && { ...chosen, bound: upperBound({ lost: chosen.lost, texts }, confidence) }
}

function rightProbabilities(
  { labels, confidence }: SmallPredictions,
  { byLabel }: RightCurves,
): Float64Array {
  return Float64Array.from(labels, (label, text) => {
    const { offset, slope } = byLabel[label]!
    return 1 / (1 + Math.exp(-(offset + slope * logit(confidence[text]!))))
  })
}

function logit(probability: number): number {
  const inside = Math.min(1 - 1e-9, Math.max(1e-9, probability))
  return Math.log(inside / (1 - inside))
}

/** Newton's method on the log loss, with a normal prior around the start. */
function fitCurve(
  texts: readonly number[],
  options: { scores: Float64Array; right: readonly boolean[]; start: RightCurve },
): RightCurve {
  const { scores, right, start } = options
  const prior = 1
  let { offset, slope } = start
  for (let turn = 0; turn < 50; turn++) {
    let [g0, g1] = [prior * (offset - start.offset), prior * (slope - start.slope)]
    let [h00, h01, h11] = [prior, 0, prior]
    for (const text of texts) {
      const score = scores[text]!
      const probability = 1 / (1 + Math.exp(-(offset + slope * score)))
      const error = probability - Number(right[text])
      const weight = probability * (1 - probability)
      g0 += error
      g1 += error * score
      h00 += weight
      h01 += weight * score
      h11 += weight * score * score
    }
    const determinant = h00 * h11 - h01 * h01
    const [d0, d1] = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant]
    // Short steps where the loss is flat, so that none overshoots.
    const shrink = Math.min(1, 2 / Math.max(Math.abs(d0), Math.abs(d1), 1e-12))
    offset -= shrink * d0
    slope -= shrink * d1
    if (Math.max(Math.abs(d0), Math.abs(d1)) < 1e-9) break
  }
  return { offset, slope }
}
