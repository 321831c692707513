// The number that explanations divide among the tokens: the log-odds of one label. Unlike the
// probability it does not flatten near 0 and 1.
import type { Classification } from '../inference/classifier.ts'

/** How logits become probabilities: with `sigmoid` labels are independent of each other. */
export type Link = 'softmax' | 'sigmoid'

/** What turns logits into log-odds. */
export type OddsOptions = {
  /** The index of the label. */
  readonly target: number
  readonly temperature: number
  readonly link: Link
}

/**
 * log(p / (1 - p)) of a label, from float32 [labels]; exact where p rounds to 0 or 1. It is the
 * logit itself for independent labels, and for a model with one label.
 */
export function logOdds(
  logits: Classification['logits'],
  { target, temperature, link }: OddsOptions,
): number {
  const own = logits[target]! / temperature
  if (link === 'sigmoid' || logits.length === 1) return own
  let largest = -Infinity
  for (const [label, logit] of logits.entries()) {
    if (label !== target) largest = Math.max(largest, logit / temperature)
  }
  let sum = 0
  for (const [label, logit] of logits.entries()) {
    if (label !== target) sum += Math.exp(logit / temperature - largest)
  }
  return own - largest - Math.log(sum)
}
