// Finds labels that are probably wrong by confident learning (Northcutt, Jiang and Chuang 2021,
// arXiv:1911.00068, section 3.3). It takes probabilities from models that did not see the example,
// and changes no label. confident-joint.ts estimates how many there are.
import { confidentJoint, type HeldOutLabels } from './confident-joint.ts'

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
  /** The number of wrong labels, estimated from the confident joint. */
  readonly estimatedErrors: number
}

/**
 * Finds label issues by the paper's method "C+NR": an example is one if it is among the least
 * probable of its label (prune by class) and among those that another label exceeds the most (prune
 * by noise rate), as many of each as the confident joint counts, and the model predicts another
 * label. It takes O(labels x examples log examples) time at most.
 */
export function findLabelIssues(heldOut: HeldOutLabels): LabelIssues {
  const { truth, probabilities, labels } = heldOut
  const { counts } = confidentJoint(heldOut)
  const byClass = pruneByClass(heldOut, counts)
  const byNoiseRate = pruneByNoiseRate(heldOut, counts)
  const issues: LabelIssue[] = []
  for (const [example, given] of truth.entries()) {
    if (byClass[example] === 0 || byNoiseRate[example] === 0) continue
    const row = probabilities.subarray(example * labels, (example + 1) * labels)
    const suggested = mostProbableOther(row, given)
    const margin = row[given]! - row[suggested]!
    if (margin >= 0) continue
    issues.push({ example, given, suggested, selfConfidence: row[given]!, margin })
  }
  issues.sort((a, b) => a.margin - b.margin || a.example - b.example)
  return { issues, estimatedErrors: Math.round(offDiagonal(counts, labels)) }
}

/**
 * "Prune by class": for each label, the examples with the lowest probability of it, as many as the
 * joint has outside of the diagonal in its row. Uint8 [examples].
 */
function pruneByClass(heldOut: HeldOutLabels, counts: Float64Array): Uint8Array {
  const { probabilities, labels, truth } = heldOut
  const pruned = new Uint8Array(truth.length)
  for (const [given, examples] of examplesByLabel(heldOut).entries()) {
    const row = counts.subarray(given * labels, (given + 1) * labels)
    const wrong = Math.round(row.reduce((sum, count) => sum + count, 0) - row[given]!)
    if (wrong === 0) continue
    const confidence = (example: number): number => probabilities[example * labels + given]!
    for (const example of lowest(examples, confidence, wrong)) pruned[example] = 1
  }
  return pruned
}

/**
 * "Prune by noise rate": for each given label and each other one, the examples where the other
 * exceeds the given one the most, as many as the joint counts. Uint8 [examples].
 */
function pruneByNoiseRate(heldOut: HeldOutLabels, counts: Float64Array): Uint8Array {
  const { probabilities, labels, truth } = heldOut
  const pruned = new Uint8Array(truth.length)
  for (const [given, examples] of examplesByLabel(heldOut).entries()) {
    for (let other = 0; other < labels; other++) {
      const wrong = Math.round(counts[given * labels + other]!)
      if (other === given || wrong === 0) continue
      const margin = (example: number): number =>
        probabilities[example * labels + given]! - probabilities[example * labels + other]!
      for (const example of lowest(examples, margin, wrong)) pruned[example] = 1
    }
  }
  return pruned
}

/** For each label, the examples that have it. */
function examplesByLabel({ truth, labels }: HeldOutLabels): number[][] {
  const byLabel = Array.from({ length: labels }, (): number[] => [])
  for (const [example, given] of truth.entries()) byLabel[given]!.push(example)
  return byLabel
}

/** The `count` examples with the lowest values; of equal ones, the first. */
function lowest(
  examples: readonly number[],
  valueOf: (example: number) => number,
  count: number,
): number[] {
  const valued = examples.map((example) => ({ example, value: valueOf(example) }))
  valued.sort((a, b) => a.value - b.value || a.example - b.example)
  return valued.slice(0, count).map(({ example }) => example)
}

function mostProbableOther(row: Float32Array, given: number): number {
  let best = given === 0 ? 1 : 0
  for (const [label, probability] of row.entries()) {
    if (label !== given && probability > row[best]!) best = label
  }
  return best
}

function offDiagonal(counts: Float64Array, labels: number): number {
  return counts.reduce((sum, count, at) => (at % (labels + 1) === 0 ? sum : sum + count), 0)
}
