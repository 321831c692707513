// Finds label sets that are probably wrong: confident learning for each label on its own, as the
// question whether it applies. label-issues.ts has the method.
import { findLabelIssues } from './label-issues.ts'

/** An example whose set probably lacks a label, or has one that does not apply. */
export type LabelSetIssue = {
  readonly example: number
  /** The labels whose presence or absence is probably wrong, ascending. */
  readonly wrong: readonly number[]
  /** The probability of the most suspicious of them being as given. */
  readonly selfConfidence: number
  /** `selfConfidence` minus its complement: -1 to 1. */
  readonly margin: number
}

/** The label sets of examples, and held-out predictions for the same examples. */
export type HeldOutSets = {
  /** uint8 [examples, labels], 1 where the label applies. */
  readonly targets: Uint8Array
  /** float32 [examples, labels], independent per label, from models that did not see the row. */
  readonly probabilities: Float32Array
  readonly labels: number
}

/** Finds wrong label sets, the most suspicious first. */
export function findLabelSetIssues(heldOut: HeldOutSets): {
  readonly issues: readonly LabelSetIssue[]
  /** The number of examples with a wrong set: the estimates of all labels, but no more than all. */
  readonly estimatedErrors: number
} {
  const { targets, probabilities, labels } = heldOut
  const examples = targets.length / labels
  const found = new Map<number, { wrong: number[]; margin: number }>()
  let estimated = 0
  const truth = new Int32Array(examples)
  const pairs = new Float32Array(2 * examples)
  for (let label = 0; label < labels; label++) {
    for (let example = 0; example < examples; example++) {
      const probability = probabilities[example * labels + label]!
      truth[example] = targets[example * labels + label]!
      pairs[2 * example] = 1 - probability
      pairs[2 * example + 1] = probability
    }
    const { issues, estimatedErrors } = findLabelIssues({ truth, probabilities: pairs, labels: 2 })
    estimated += estimatedErrors
    for (const { example, margin } of issues) {
      const known = found.get(example)
      if (known === undefined) found.set(example, { wrong: [label], margin })
      else {
        known.wrong.push(label)
        known.margin = Math.min(known.margin, margin)
      }
    }
  }
  const issues = [...found].map(([example, { wrong, margin }]) => ({
    example,
    wrong,
    selfConfidence: (1 + margin) / 2,
    margin,
  }))
  issues.sort((a, b) => a.margin - b.margin || a.example - b.example)
  return { issues, estimatedErrors: Math.min(examples, estimated) }
}
