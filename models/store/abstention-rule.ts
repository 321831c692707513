// When a model abstains: the out-of-scope score of a text, computed from its probabilities, and the
// threshold that a manifest stores. trainers/evaluation/abstention-threshold.ts chooses it.
import { z } from 'zod'

/**
 * Scores of how far out of scope a text is, 0 to 1:
 * - `entropy`: the entropy of the probabilities divided by its maximum, log(labels);
 * - `max-probability`: 1 minus the highest probability (Hendrycks and Gimpel 2017,
 *   arXiv:1610.02136).
 *
 * For intents of hwu64 that were left out of training, entropy separates them better from known
 * intents, and as well as scores of logits or embeddings.
 */
export const outOfScopeScores = ['entropy', 'max-probability'] as const
export type OutOfScopeScore = (typeof outOfScopeScores)[number]

/** The field `abstain` of a manifest. Coverage and risk were measured on held-out examples. */
export const abstentionSchema = z.object({
  score: z.enum(outOfScopeScores),
  /** A text with a higher score belongs to none of the labels. */
  threshold: z.number().min(0).max(1),
  /** The fraction of examples that keep their label at this threshold. */
  coverage: z.number().min(0).max(1),
  /** The fraction of mistakes among these. */
  risk: z.number().min(0).max(1),
})
export type Abstention = z.output<typeof abstentionSchema>

/** Whether out-of-scope texts lose their label. */
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
  // Rounded probabilities can give a score slightly outside the bounds.
  return Math.min(1, Math.max(0, entropy / Math.log(Math.max(2, probabilities.length))))
}
