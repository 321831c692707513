// The class weights of the fine-tuning loss: how much an example of each label counts.
import { WinnowError } from '../../schemas/errors.ts'
import type { ClassWeighting } from '../head/logistic-regression.ts'

/**
 * The class weights, float32 [labels]: 1, or if balanced, examples / (labels x examples of the
 * label). Throws `usage` for balanced weights of multi-label texts.
 */
export function classWeightsOf(
  truth: Int32Array | undefined,
  { labels, weighting }: { labels: number; weighting: ClassWeighting },
): Float32Array {
  if (truth === undefined) {
    if (weighting === 'none') return new Float32Array(labels).fill(1)
    throw new WinnowError(
      'usage',
      'Class weights do not apply to texts with several labels; use --class-weights none.',
    )
  }
  const counts = new Float32Array(labels)
  for (const label of truth) counts[label]!++
  if (weighting === 'none') return counts.fill(1)
  return counts.map((count) => truth.length / (labels * Math.max(1, count)))
}
