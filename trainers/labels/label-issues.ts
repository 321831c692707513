// Lists the labels that are probably wrong. label-noise.ts computes how probable that is; no label
// is changed.
import { fitLabelNoise, type HeldOutLabels } from './label-noise.ts'

/** An example whose label is probably wrong. */
export type LabelIssue = {
  /** The index of the example. */
  readonly example: number
  readonly given: number
  readonly suggested: number
  /** The probability that the given label is right: 0 to 1. */
  readonly score: number
  /** The head's probability of the given label. */
  readonly selfConfidence: number
  /** That minus the head's probability of the most probable other label: -1 to 1. */
  readonly margin: number
}

/** The label issues among all examples. */
export type LabelIssues = {
  /** The most suspicious first. */
  readonly issues: readonly LabelIssue[]
  /** The expected number of wrong labels, listed or not. */
  readonly estimatedErrors: number
}

/**
 * Finds label issues: as many as give the list its highest expected F1, which weighs labels that
 * are listed in vain against wrong labels that are not listed.
 */
export function findLabelIssues(heldOut: HeldOutLabels): LabelIssues {
  const { truth, probabilities, labels } = heldOut
  const { wrong, suggested } = fitLabelNoise(heldOut)
  const cut = bestCut(wrong)
  const issues: LabelIssue[] = []
  for (const [example, given] of truth.entries()) {
    if (wrong[example]! < cut) continue
    const row = probabilities.subarray(example * labels, (example + 1) * labels)
    const margin = row[given]! - mostProbableOther(row, given)
    // Where the head agrees with the label, there is nothing to suggest.
    if (margin >= 0) continue
    issues.push({
      example,
      given,
      suggested: suggested[example]!,
      score: 1 - wrong[example]!,
      selfConfidence: row[given]!,
      margin,
    })
  }
  issues.sort((a, b) => a.score - b.score || a.margin - b.margin || a.example - b.example)
  return { issues, estimatedErrors: Math.round(sumOf(wrong)) }
}

/**
 * The probability from which on labels are listed, so that 2 x hits / (listed + wrong) is
 * expected to be the highest.
 */
function bestCut(wrong: Float64Array): number {
  const total = sumOf(wrong)
  let [hits, best, cut] = [0, 0, Infinity]
  for (const [index, probability] of wrong.toSorted((a, b) => b - a).entries()) {
    hits += probability
    const f1 = (2 * hits) / (index + 1 + total)
    if (f1 <= best) break
    best = f1
    cut = probability
  }
  return cut
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0)
}

function mostProbableOther(row: Float32Array, given: number): number {
  return row.reduce((most, value, label) => (label === given ? most : Math.max(most, value)), 0)
}
