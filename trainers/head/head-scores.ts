// The scores by which training selects an epoch, a strength of regularisation or a trial. Those of
// reports are in evaluation.ts and multi-label-evaluation.ts.
import type { LabelTruth } from '../data/dataset.ts'
import { fitTemperature, temperedProbabilities } from '../evaluation/calibration.ts'
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

/**
 * The scores of held-out probabilities, float32 [rows, labels], after they are calibrated: those
 * that `evaluateClassifier` gives, without intervals and curves, which take most of its time.
 */
export function calibratedScores(
  { truth, targets }: LabelTruth,
  { probabilities, labels }: { probabilities: Float32Array; labels: number },
): ReturnType<typeof headScores> {
  // Label sets are not calibrated.
  if (truth === undefined) return headScores({ targets }, { probabilities, labels })
  const temperature = fitTemperature({ truth, probabilities, labels })
  const calibrated = temperedProbabilities(probabilities, { labels, temperature })
  return headScores({ truth }, { probabilities: calibrated, labels })
}
