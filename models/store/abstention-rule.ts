// When a model says "none of these": how far a text is from what the model was trained on, told
// from its probabilities, and the threshold that a manifest stores. Choosing one is
// trainers/evaluation/abstention-threshold.ts.
import { z } from 'zod'

/**
 * How out of scope a text is, 0 to 1, larger meaning further out:
 * - `entropy`: that of the probabilities as a share of the largest possible, log(labels);
 * - `max-probability`: 1 less the highest probability (Hendrycks and Gimpel 2017,
 * arXiv:1610.02136).
 *
 * With intents of hwu64 left out of training, entropy tells them from known ones better, and as
 * well as scores of logits or of embeddings.
 */
export const outOfScopeScores = ['entropy', 'max-probability'] as const
export type OutOfScopeScore = (typeof outOfScopeScores)[number]

/** The field `abstain` of a manifest. Coverage and risk were measured on held-out examples. */
export const abstentionSchema = z.object({
  score: z.enum(outOfScopeScores),
  /** A text whose score is above it belongs to none of the labels. */
  threshold: z.number().min(0).max(1),
  /** Share of examples that keep their label at this threshold. */
  coverage: z.number().min(0).max(1),
  /** Share of mistakes among those. */
  risk: z.number().min(0).max(1),
})
export type Abstention = z.output<typeof abstentionSchema>

/** Whether results that fail their threshold lose their label. */
export type AbstentionMode = 'off' | 'on'

/** The score that a version without a threshold reports. */
export const defaultOutOfScopeScore: OutOfScopeScore = 'entropy'

/** The score of one text, from its probabilities [labels]. */
export function outOfScopeScore(
  probabilities: Float32Array | Float64Array,
  score: OutOfScopeScore,
): number {
  let largest = 0
  let entropy = 0
  for (const probability of probabilities) {
    if (probability > largest) largest = probability
    if (probability > 0) entropy -= probability * Math.log(probability)
  }
  if (score === 'max-probability') return 1 - largest
  // Rounding of the probabilities can lead a little beyond the bounds.
  return Math.min(1, Math.max(0, entropy / Math.log(Math.max(2, probabilities.length))))
}
