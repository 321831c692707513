// Decides which labels of a multi-label model apply to a text: each on its own, from its own
// threshold on. trainers/evaluation/label-thresholds.ts chooses the thresholds.
import { noneLabel } from '../../schemas/classification.ts'

/** The labels of one text. */
export type LabelSet = {
  /** The most probable label of the set; `winnow.none` when the set is empty. */
  readonly label: string
  /** Its probability; that of the most probable label of all when the set is empty. */
  readonly score: number
  /** In the order of the labels. */
  readonly labels: readonly string[]
  /** 1 minus the highest probability: the distance from every label. */
  readonly outOfScope: number
  readonly probabilities: Float32Array
}

/** 1 / (1 + exp(-logit)): the probability of a label that does not depend on the others. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}

/** The set of a text, from its probabilities float32 [labels]. */
export function labelSet(
  probabilities: Float32Array,
  { labels, thresholds }: { labels: readonly string[]; thresholds: readonly number[] },
): LabelSet {
  const applying: number[] = []
  let best = 0
  for (const [index, probability] of probabilities.entries()) {
    if (probability >= thresholds[index]!) applying.push(index)
    if (probability > probabilities[best]!) best = index
  }
  const outOfScope = 1 - probabilities[best]!
  if (applying.length === 0) {
    return { label: noneLabel, score: probabilities[best]!, labels: [], outOfScope, probabilities }
  }
  const first = applying.reduce((a, b) => (probabilities[b]! > probabilities[a]! ? b : a))
  return {
    label: labels[first]!,
    score: probabilities[first]!,
    labels: applying.map((index) => labels[index]!),
    outOfScope,
    probabilities,
  }
}
