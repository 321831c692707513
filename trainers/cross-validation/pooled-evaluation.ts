// The out-of-fold predictions of one repeat as one evaluation: what the folds say together of
// labels, confusions and slices. Means over folds are fold-scores.ts.
import { datasetPart, labelTruth, type Dataset } from '../data/dataset.ts'
import { confusedTexts, type ConfusedTexts } from '../evaluation/confused-texts.ts'
import { evaluatePredictions } from '../evaluation/evaluation.ts'
import { evaluateLabelSets, type TaskEvaluation } from '../evaluation/multi-label-evaluation.ts'
import { reportLabels, type LabelReport } from '../labels/suspicious-labels.ts'
import type { FoldOutcome } from './fold-training.ts'
import type { Fold } from './folds.ts'

/** A fold with what its model says of its test. */
export type PredictedFold = Fold & Pick<FoldOutcome, 'probabilities' | 'thresholds'>

/** What the tests of all folds say together. */
export type PooledEvaluation = {
  readonly evaluation: TaskEvaluation
  /** Texts of the most frequent mistakes; of single-label texts. */
  readonly confused?: readonly ConfusedTexts[] | undefined
  /** Labels that are probably wrong; of single-label texts. */
  readonly labelReport?: LabelReport | undefined
}

/** Judges the tests of all folds together; each example is in one of them at most. */
export function evaluatePooled(
  folds: readonly PredictedFold[],
  options: { dataset: Dataset; labels: readonly string[]; seed: number },
): PooledEvaluation {
  const { dataset, labels, seed } = options
  const indices = Int32Array.from(folds.flatMap(({ test }) => [...test]))
  const probabilities = new Float32Array(indices.length * labels.length)
  let place = 0
  for (const fold of folds) {
    probabilities.set(fold.probabilities, place)
    place += fold.probabilities.length
  }
  const tested = datasetPart(dataset, indices, 'tested')
  const task = dataset.manifest.task ?? 'single-label'
  const { truth, targets } = labelTruth(tested, { labels, task })
  if (truth !== undefined) {
    const { examples } = tested
    const predictions = { truth, probabilities }
    const evaluation = evaluatePredictions(predictions, { labels, seed, examples })
    const texts = examples.map(({ text }) => text)
    return {
      evaluation,
      confused: confusedTexts(evaluation.mostConfused, { predictions, labels, texts }),
      labelReport: reportLabels(tested, { labels, probabilities }),
    }
  }
  const thresholds = middle(folds)
  return { evaluation: evaluateLabelSets({ targets, probabilities }, { labels, seed, thresholds }) }
}

/** The mean threshold of each label: a fold's own would need probabilities of another scale. */
function middle(folds: readonly PredictedFold[]): number[] {
  const [first] = folds
  return (first?.thresholds ?? []).map(
    (_, label) =>
      folds.reduce((sum, { thresholds }) => sum + thresholds![label]!, 0) / folds.length,
  )
}
