// What a small model says of many texts.
import type { SmallModel } from '../../models/cascade/small-model.ts'
import { smallModelConfidence } from '../../models/cascade/sure-answer.ts'
import type { SmallPredictions } from './answer-rule.ts'

/** float64 [texts, labels]. */
export type LogitRows = { readonly logits: Float64Array; readonly labels: number }

/** The logits of texts as token ids int32 [tokens]. */
export function logitRows(texts: readonly Int32Array[], small: SmallModel): LogitRows {
  const { labels } = small
  const logits = new Float64Array(texts.length * labels)
  for (const [text, ids] of texts.entries()) logits.set(small.logits(ids), text * labels)
  return { logits, labels }
}

/** The softmax of each row: float32 [texts, labels]. */
export function softmaxOf({ logits, labels }: LogitRows): Float32Array {
  const probabilities = new Float32Array(logits.length)
  for (let start = 0; start < logits.length; start += labels) {
    const row = logits.subarray(start, start + labels)
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity)
    const weights = row.map((logit) => Math.exp(logit - largest))
    const sum = weights.reduce((a, b) => a + b, 0)
    for (let at = 0; at < labels; at++) probabilities[start + at] = weights[at]! / sum
  }
  return probabilities
}

/** The most probable label of each row, with its confidence as it is computed at work. */
export function predictionsOf(
  { logits, labels }: LogitRows,
  temperature: number,
): SmallPredictions {
  const count = logits.length / labels
  const top = new Int32Array(count)
  const confidence = new Float64Array(count)
  for (let text = 0; text < count; text++) {
    const row = logits.subarray(text * labels, (text + 1) * labels)
    let best = 0
    for (let at = 1; at < labels; at++) if (row[at]! > row[best]!) best = at
    top[text] = best
    confidence[text] = smallModelConfidence(row, { best, temperature })
  }
  return { labels: top, confidence }
}
