// A model of noise in sets of labels: the probability that each label is in a set, or out of it,
// wrongly. Each label is a question of its own, whose answer follows the head's probability after
// Platt scaling and is flipped by chance. label-noise.ts has the model for single labels.

/** The label sets of examples, and held-out predictions for the same examples. */
export type HeldOutSets = {
  /** uint8 [examples, labels], 1 where the label applies. */
  readonly targets: Uint8Array
  /** float32 [examples, labels], independent per label, from models that did not see the row. */
  readonly probabilities: Float32Array
  readonly labels: number
}

/** The fitted model, as far as it concerns the examples. */
export type LabelSetNoise = {
  /** float32 [examples, labels]: the probability that the label is given or not given wrongly. */
  readonly wrong: Float32Array
  /** The mean log likelihood of the given sets, by which heads can be compared. */
  readonly logLikelihood: number
}

/** Platt scaling, shared by all labels, and the noise rates of each. */
type SetNoise = {
  readonly slope: number
  readonly shift: number
  /** float64 [labels]: how often a label that applies is missing. */
  readonly missing: Float64Array
  /** float64 [labels]: how often a label that does not apply is given. */
  readonly added: Float64Array
}

/** The prior of a rate, as in label-noise.ts. */
const rateExamples = 20
const iterations = 25
const initialMissing = 0.1
const initialAdded = 0.01
const probabilityMin = 1e-7
const slopeLimits = [0.2, 10] as const

/**
 * Fits scale and noise by expectation maximisation, with one Newton step of the scale in each
 * iteration. The result is deterministic and takes O(examples x labels) time.
 */
export function fitLabelSetNoise({ targets, probabilities, labels }: HeldOutSets): LabelSetNoise {
  const logits = probabilities.map((value) => {
    const probability = Math.min(1 - probabilityMin, Math.max(value, probabilityMin))
    return Math.log(probability / (1 - probability))
  })
  const sets = { targets, logits, labels }
  let noise: SetNoise = {
    slope: 1,
    shift: 0,
    missing: new Float64Array(labels).fill(initialMissing),
    added: new Float64Array(labels).fill(initialAdded),
  }
  for (let step = 0; step < iterations; step++) noise = nextNoise(sets, noise)
  const wrong = new Float32Array(targets.length)
  let logLikelihood = 0
  for (let at = 0; at < targets.length; at++) {
    const { applies, likelihood } = answer(sets, noise, at)
    wrong[at] = targets[at] === 1 ? 1 - applies : applies
    logLikelihood += Math.log(likelihood)
  }
  return { wrong, logLikelihood: (logLikelihood * labels) / targets.length }
}

type Sets = {
  readonly targets: Uint8Array
  readonly logits: Float32Array
  readonly labels: number
}

/** The probability that a label applies, before (`predicted`) and after its answer is seen. */
function answer(
  { targets, logits, labels }: Sets,
  { slope, shift, missing, added }: SetNoise,
  at: number,
): { predicted: number; applies: number; likelihood: number } {
  const label = at % labels
  const predicted = 1 / (1 + Math.exp(-(slope * logits[at]! + shift)))
  const isGiven = targets[at] === 1
  const real = predicted * (isGiven ? 1 - missing[label]! : missing[label]!)
  const unreal = (1 - predicted) * (isGiven ? added[label]! : 1 - added[label]!)
  return { predicted, applies: real / (real + unreal), likelihood: real + unreal }
}

function nextNoise(sets: Sets, noise: SetNoise): SetNoise {
  const { targets, logits, labels } = sets
  const counts = { applies: 0, missing: 0, added: 0 }
  const applying = new Float64Array(labels)
  const missing = new Float64Array(labels)
  const added = new Float64Array(labels)
  const gradient = { slope: 0, shift: 0 }
  const curvature = { slope: 0, both: 0, shift: 0 }
  for (let at = 0; at < targets.length; at++) {
    const { predicted, applies } = answer(sets, noise, at)
    const label = at % labels
    applying[label]! += applies
    if (targets[at] === 1) added[label]! += 1 - applies
    else missing[label]! += applies
    const logit = logits[at]!
    const weight = predicted * (1 - predicted)
    gradient.slope += (applies - predicted) * logit
    gradient.shift += applies - predicted
    curvature.slope += weight * logit * logit
    curvature.both += weight * logit
    curvature.shift += weight
  }
  for (let label = 0; label < labels; label++) {
    counts.applies += applying[label]!
    counts.missing += missing[label]!
    counts.added += added[label]!
  }
  const examples = targets.length / labels
  const rateMissing = (counts.missing + 1) / (counts.applies + 2)
  const rateAdded = (counts.added + 1) / (targets.length - counts.applies + 2)
  return {
    ...newtonStep(noise, gradient, curvature),
    missing: missing.map((count, label) => shrunk(count, applying[label]!, rateMissing)),
    added: added.map((count, label) => shrunk(count, examples - applying[label]!, rateAdded)),
  }
}

/** A rate, drawn towards the mean rate of all labels. */
function shrunk(count: number, of: number, rate: number): number {
  const prior = rateExamples + of
  return (count + prior * rate) / (of + prior)
}

function newtonStep(
  { slope, shift }: SetNoise,
  gradient: { slope: number; shift: number },
  curvature: { slope: number; both: number; shift: number },
): { slope: number; shift: number } {
  const determinant = curvature.slope * curvature.shift - curvature.both ** 2
  // The scale cannot be told where all logits are alike, or all probabilities 0 or 1.
  if (!(determinant > 1e-9 * curvature.slope * curvature.shift)) return { slope, shift }
  const [least, most] = slopeLimits
  const bySlope = curvature.shift * gradient.slope - curvature.both * gradient.shift
  const byShift = curvature.slope * gradient.shift - curvature.both * gradient.slope
  return {
    slope: Math.min(most, Math.max(least, slope + bySlope / determinant)),
    shift: shift + byShift / determinant,
  }
}
