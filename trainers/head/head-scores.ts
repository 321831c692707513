// The scores by which training chooses: a strength of regularisation, an epoch. Those of reports
// are evaluation.ts and multi-label-evaluation.ts.
import type { LabelTruth } from '../data/dataset.ts'
import { chooseThresholds } from '../evaluation/label-thresholds.ts'
import { classificationScores } from '../evaluation/metrics.ts'
import { scoresOfSets, setOutcomes } from '../evaluation/multi-label-metrics.ts'

/**
 * Scores of float32 [rows, labels] probabilities. Of sets, each label's threshold is the one that
 * is best on these rows, so that a head is not blamed for one that will be moved.
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
