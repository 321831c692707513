// Lists the sets of labels that are probably wrong. label-set-noise.ts computes how probable that
// is; no set is changed.
import { fitLabelSetNoise, type HeldOutSets } from './label-set-noise.ts'

/** An example whose set probably lacks a label, or has one that does not apply. */
export type LabelSetIssue = {
  readonly example: number
  /** The labels whose presence or absence is probably wrong, ascending; at least one. */
  readonly wrong: readonly number[]
  /** The probability that the set is right: 0 to 1. */
  readonly score: number
  /**
   * The head's probability of the most suspicious label being in the set, or out of it, as given.
   */
  readonly selfConfidence: number
  /** That minus its complement: -1 to 1. */
  readonly margin: number
}

/** A label that is wrong with at least this probability is suggested to change. */
const wrongMin = 0.5

/**
 * Finds sets that are rather wrong than right, the most suspicious first. Of a set, the labels that
 * are rather wrong than right are named, or else the one that is most probably wrong.
 */
export function findLabelSetIssues(heldOut: HeldOutSets): {
  readonly issues: readonly LabelSetIssue[]
  /** The expected number of examples with a wrong set, listed or not. */
  readonly estimatedErrors: number
} {
  const { targets, probabilities, labels } = heldOut
  const noise = fitLabelSetNoise(heldOut)
  const issues: LabelSetIssue[] = []
  let expected = 0
  for (let example = 0; example < targets.length / labels; example++) {
    const wrong = noise.wrong.subarray(example * labels, (example + 1) * labels)
    const score = wrong.reduce((product, probability) => product * (1 - probability), 1)
    expected += 1 - score
    if (1 - score < wrongMin) continue
    const most = wrong.indexOf(wrong.reduce((best, value) => Math.max(best, value), 0))
    const named = [...wrong.keys()].filter((label) => label === most || wrong[label]! >= wrongMin)
    const at = example * labels + most
    const selfConfidence = targets[at] === 1 ? probabilities[at]! : 1 - probabilities[at]!
    const margin = 2 * selfConfidence - 1
    issues.push({ example, wrong: named, score, selfConfidence, margin })
  }
  issues.sort((a, b) => a.score - b.score || a.margin - b.margin || a.example - b.example)
  return { issues, estimatedErrors: Math.round(expected) }
}
