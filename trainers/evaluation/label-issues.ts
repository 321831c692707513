// Finds labels that are probably wrong by confident learning (Northcutt, Jiang and Chuang 2021,
// "Confident Learning: Estimating Uncertainty in Dataset Labels"). It takes probabilities from
// models that did not see the example, and changes no label.

/** An example whose label is probably wrong. */
export type LabelIssue = {
  /** The index of the example. */
  readonly example: number
  readonly given: number
  readonly suggested: number
  /** The probability of the given label. */
  readonly selfConfidence: number
  /** The probability of the given label minus that of the most probable other label: -1 to 1. */
  readonly margin: number
}

/** The label issues among all examples. */
export type LabelIssues = {
  /** The most suspicious first. */
  readonly issues: readonly LabelIssue[]
  /** The number of wrong labels, estimated from the confident joint scaled to the label counts. */
  readonly estimatedErrors: number
}

/** The given labels, and held-out predictions for the same examples. */
export type HeldOutLabels = {
  /** int32 [examples]: the given labels. */
  readonly truth: Int32Array
  /** float32 [examples, labels], each row from a model that did not see it. */
  readonly probabilities: Float32Array
  readonly labels: number
}

/**
 * Finds label issues. A label is an issue if the model is at least as sure of another label as it
 * is on average for the examples that have that other label. The threshold per label compensates
 * for labels that the model is never sure about.
 */
export function findLabelIssues(heldOut: HeldOutLabels): LabelIssues {
  const { truth, probabilities, labels } = heldOut
  const thresholds = meanSelfConfidence(heldOut)
  const joint = new Float64Array(labels * labels)
  const counts = new Float64Array(labels)
  const issues: LabelIssue[] = []
  for (const [example, given] of truth.entries()) {
    const row = probabilities.subarray(example * labels, (example + 1) * labels)
    counts[given]!++
    const suggested = confidentLabel(row, thresholds)
    if (suggested === undefined) continue
    joint[given * labels + suggested]!++
    const margin = row[given]! - mostProbableOther(row, given)
    // A rare label may pass its low threshold although the given label is still the most probable.
    if (suggested === given || margin >= 0) continue
    issues.push({ example, given, suggested, selfConfidence: row[given]!, margin })
  }
  issues.sort((a, b) => a.margin - b.margin || a.example - b.example)
  return { issues, estimatedErrors: estimatedErrors(joint, counts) }
}

/** float64 [labels]: the mean probability of each label over the examples that have it. */
function meanSelfConfidence({ truth, probabilities, labels }: HeldOutLabels): Float64Array {
  const sums = new Float64Array(labels)
  const counts = new Float64Array(labels)
  for (const [example, given] of truth.entries()) {
    sums[given]! += probabilities[example * labels + given]!
    counts[given]!++
  }
  // A label without examples is never suggested.
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

function mostProbableOther(row: Float32Array, given: number): number {
  return row.reduce((most, value, label) => (label === given ? most : Math.max(most, value)), 0)
}

/** The off-diagonal sum of the confident joint, each row scaled to the examples of its label. */
function estimatedErrors(joint: Float64Array, counts: Float64Array): number {
  const labels = counts.length
  let errors = 0
  for (const [given, count] of counts.entries()) {
    const row = joint.subarray(given * labels, (given + 1) * labels)
    const confident = row.reduce((sum, value) => sum + value, 0)
    if (confident > 0) errors += (count * (confident - row[given]!)) / confident
  }
  return Math.round(errors)
}
