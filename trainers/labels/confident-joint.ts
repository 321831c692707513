// The confident joint of Northcutt, Jiang and Chuang 2021 ("Confident Learning: Estimating
// Uncertainty in Dataset Labels", JAIR 70, arXiv:1911.00068), sections 3.1 and 3.2: how many
// examples have one label and probably belong to another. label-issues.ts finds the examples.

/** The given labels, and held-out predictions for the same examples. */
export type HeldOutLabels = {
  /** int32 [examples]: the given labels. */
  readonly truth: Int32Array
  /** float32 [examples, labels], each row from a model that did not see it. */
  readonly probabilities: Float32Array
  readonly labels: number
}

/** Counts of examples by given label (row) and probable true label (column). */
export type ConfidentJoint = {
  /** float64 [labels]: from which probability on the model is confident of a label. */
  readonly thresholds: Float64Array
  /**
   * float64 [labels, labels]: n Q of the paper, the confident counts scaled so that each row sums
   * to the examples of its given label.
   */
  readonly counts: Float64Array
}

/**
 * Counts the examples of each given label that a model confidently assigns to each label (equation
 * 1 of the paper), and scales the counts to the examples of the given label (equation 3). The model
 * is confident of a label if its probability reaches the mean over the examples that have it, which
 * compensates for labels that the model is never sure about. It takes
 * O(examples x labels) time.
 */
export function confidentJoint(heldOut: HeldOutLabels): ConfidentJoint {
  const { truth, probabilities, labels } = heldOut
  const thresholds = confidentThresholds(heldOut)
  const counts = new Float64Array(labels * labels)
  const given = new Float64Array(labels)
  for (const [example, label] of truth.entries()) {
    given[label]!++
    const row = probabilities.subarray(example * labels, (example + 1) * labels)
    const confident = confidentLabel(row, thresholds)
    if (confident !== undefined) counts[label * labels + confident]!++
  }
  for (const [label, examples] of given.entries()) {
    const row = counts.subarray(label * labels, (label + 1) * labels)
    const confident = row.reduce((sum, count) => sum + count, 0)
    // Without a confident example, nothing speaks against the given label.
    if (confident === 0) row[label] = examples
    else for (const [other, count] of row.entries()) row[other] = (count * examples) / confident
  }
  return { thresholds, counts }
}

/** float64 [labels]: the mean probability of each label over the examples that have it. */
function confidentThresholds({ truth, probabilities, labels }: HeldOutLabels): Float64Array {
  const sums = new Float64Array(labels)
  const counts = new Float64Array(labels)
  for (const [example, given] of truth.entries()) {
    sums[given]! += probabilities[example * labels + given]!
    counts[given]!++
  }
  // A label without examples is never the true one.
  return sums.map((sum, label) => (counts[label] === 0 ? Infinity : sum / counts[label]!))
}

/** The most probable of the labels that reach their threshold. */
function confidentLabel(row: Float32Array, thresholds: Float64Array): number | undefined {
  let best: number | undefined
  for (const [label, probability] of row.entries()) {
    if (probability < thresholds[label]!) continue
    if (best === undefined || probability > row[best]!) best = label
  }
  return best
}
