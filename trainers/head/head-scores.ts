// The scores by which training selects an epoch or a strength of regularisation. The scores of
// reports are in evaluation.ts and multi-label-evaluation.ts.
import type { LabelTruth } from '../data/dataset.ts'
import { chooseThresholds } from '../evaluation/label-thresholds.ts'
import { classificationScores } from '../evaluation/metrics.ts'
import { scoresOfSets, setOutcomes } from '../evaluation/multi-label-metrics.ts'

/**
 * The scores of probabilities, float32 [rows, labels]. For multi-label texts, each label has the
 * best threshold on these rows, because the final thresholds are chosen later.
 */
export function headScores(
  { truth, targets }: LabelTruth,
  { probabilities, labels }: { probabilities: Float32Array; labels: number },
): { accuracy: number; macroF1: number; logLoss: number } {
  if (truth !== undefined) return classificationScores({ truth, probabilities, labels })
  const predictions = { targets, probabilities, labels }
  const outcomes = setOutcomes(predictions, chooseThresholds(predictions))
  return scoresOfSets(
    outcomes,
    Int32Array.from(outcomes.hits, (_, row) => row),
  )
}
