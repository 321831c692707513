// Finds labels that are probably wrong: confident learning (Northcutt, Jiang and Chuang 2021,
// "Confident Learning: Estimating Uncertainty in Dataset Labels"). It is given probabilities of a
// model that did not see the example; it changes no label.

/** An example whose label is probably wrong. */
export type LabelIssue = {
  /** Index into the examples. */
  readonly example: number
  readonly given: number
  readonly suggested: number
  /** Probability of the given label. */
  readonly selfConfidence: number
  /** Probability of the given label less that of the likeliest other one: -1 to 1. */
  readonly margin: number
}

/** What was found among all examples. */
export type LabelIssues = {
  /** The most suspicious first. */
  readonly issues: readonly LabelIssue[]
  /** Wrong labels that the confident joint, scaled to the label counts, estimates. */
  readonly estimatedErrors: number
}

export type HeldOutLabels = {
  /** int32 [examples]: the given labels. */
  readonly truth: Int32Array
  /** float32 [examples, labels], each row from a model that did not see it. */
  readonly probabilities: Float32Array
  readonly labels: number
}

/**
 * A label is an issue when the model is as sure of another label as it is, on average, of the
 * examples that have that one; per-label thresholds make up for labels of which it is never sure.
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
    const margin = row[given]! - likeliestOther(row, given)
    // A rare label may pass its low threshold while the given one is still the likeliest.
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

/** The likeliest of the labels that reach their thresholds. */
function confidentLabel(row: Float32Array, thresholds: Float64Array): number | undefined {
  let best: number | undefined
  for (const [label, probability] of row.entries()) {
    if (probability < thresholds[label]!) continue
    if (best === undefined || probability > row[best]!) best = label
  }
  return best
}

function likeliestOther(row: Float32Array, given: number): number {
  return row.reduce((most, value, label) => (label === given ? most : Math.max(most, value)), 0)
}

/** Off-diagonal sum of the joint, each row scaled to the examples of its label. */
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
