// How much an example of each label counts in the loss of fine-tuning.
import { WinnowError } from '../../schemas/errors.ts'
import type { ClassWeighting } from '../head/logistic-regression.ts'

/** float32 [labels]: 1, or, balanced, examples / (labels x examples of the label). */
export function classWeightsOf(
  truth: Int32Array | undefined,
  { labels, weighting }: { labels: number; weighting: ClassWeighting },
): Float32Array {
  if (truth === undefined) {
    if (weighting === 'none') return new Float32Array(labels).fill(1)
    throw new WinnowError(
      'usage',
      'Texts with several labels cannot be weighted by class; use --class-weights none.',
    )
  }
  const counts = new Float32Array(labels)
  for (const label of truth) counts[label]!++
  if (weighting === 'none') return counts.fill(1)
  return counts.map((count) => truth.length / (labels * Math.max(1, count)))
}
