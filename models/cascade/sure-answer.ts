// Decides whether the small model of a cascade answers a text: its probability must reach the
// threshold of the label. What an answer means is the classifier's.
import type { CascadeSection } from '../store/cascade-section.ts'
import type { SmallModel } from './small-model.ts'

/** A small model with the rule by which it answers. */
export type SureModel = {
  /**
   * The calibrated logits of token ids int32 [tokens] if the small model is sure of them: float32
   * [labels]. Undefined if the full model must answer.
   */
  answer(ids: Int32Array): Float32Array | undefined
}

/** Puts the thresholds of the manifest in front of a small model. */
export function sureModel(
  model: SmallModel,
  { temperature, thresholds }: Pick<CascadeSection, 'temperature' | 'thresholds'>,
): SureModel {
  return {
    answer(ids) {
      const logits = model.logits(ids)
      let best = 0
      for (let label = 1; label < logits.length; label++) {
        if (logits[label]! > logits[best]!) best = label
      }
      const threshold = thresholds[best] ?? Infinity
      if (!(smallModelConfidence(logits, { best, temperature }) >= threshold)) return undefined
      return Float32Array.from(logits, (logit) => logit / temperature)
    },
  }
}

/** The softmax probability of the label `best`, which has the largest logit. */
export function smallModelConfidence(
  logits: Float64Array,
  { best, temperature }: { best: number; temperature: number },
): number {
  let sum = 0
  for (const logit of logits) sum += Math.exp((logit - logits[best]!) / temperature)
  return 1 / sum
}
