// The probabilities of a linear head, computed in JavaScript rather than by the served graph, so
// that the two check each other.
import { sigmoid } from '../../models/inference/label-set.ts'
import type { LogisticHead } from './logistic-problem.ts'

/** How logits become probabilities: `softmax` for one label, `sigmoid` for independent labels. */
export type Link = 'softmax' | 'sigmoid'

/**
 * The probabilities link(rows weight + bias), computed in float64: rows float32 [count, from] ->
 * float32 [count, to]. It is for thousands of rows: 7,600 rows of 384 features by 64 labels take
 * 0.3 s.
 */
export function headProbabilities(
  rows: Float32Array,
  head: LogisticHead,
  link: Link,
): Float32Array {
  const { from, to } = head
  const count = rows.length / from
  const probabilities = new Float32Array(count * to)
  const logits = new Float64Array(to)
  for (let row = 0; row < count; row++) {
    logits.set(head.bias)
    for (let i = 0; i < from; i++) {
      const feature = rows[row * from + i]!
      for (let label = 0; label < to; label++) {
        logits[label] = logits[label]! + feature * head.weight[i * to + label]!
      }
    }
    if (link === 'sigmoid') {
      probabilities.set(logits.map(sigmoid), row * to)
      continue
    }
    const largest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity)
    let sum = 0
    for (const logit of logits) sum += Math.exp(logit - largest)
    for (let label = 0; label < to; label++) {
      probabilities[row * to + label] = Math.exp(logits[label]! - largest) / sum
    }
  }
  return probabilities
}
