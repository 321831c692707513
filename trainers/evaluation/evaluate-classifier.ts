// The step that all training methods share after the weights are found: calibrate the head on
// held-out predictions, choose its thresholds, and evaluate the result. It does not train or write
// files.
import assert from 'node:assert/strict'
import type { Abstention } from '../../models/store/abstention-rule.ts'
import { defaultOutOfScopeScore } from '../../models/store/abstention-rule.ts'
import type { Head } from '../../models/graph/encoder.ts'
import type { Manifest } from '../../models/store/manifest.ts'
import { chooseAbstention } from './abstention-threshold.ts'
import { confusedTexts, type ConfusedTexts } from './confused-texts.ts'
import { fitTemperature, temperedHead, temperedProbabilities } from './calibration.ts'
import type { LabelTruth } from '../data/dataset.ts'
import { evaluatePredictions } from './evaluation.ts'
import { chooseThresholds } from './label-thresholds.ts'
import { evaluateLabelSets, type TaskEvaluation } from './multi-label-evaluation.ts'
import type { Predictions } from './metrics.ts'
import type { Example } from '../files/source-row.ts'

/** The head's predictions on labelled examples that it was not fitted on. */
export type LabelledPredictions = {
  readonly examples: readonly Example[]
  /** float32 [examples, labels]. */
  readonly probabilities: Float32Array
} & LabelTruth

/** A classifier that is ready to publish. */
export type EvaluatedClassifier = {
  /** The calibrated head: weights and bias are divided by the temperature. */
  readonly head: Head
  /**
   * Turns probabilities of the original head into those of the calibrated one: float32
   * [rows, labels].
   */
  readonly calibrate: (probabilities: Float32Array) => Float32Array
  readonly calibration?: NonNullable<Manifest['calibration']>
  readonly abstain?: Abstention
  /** For a multi-label classifier, the probability from which on each label applies. */
  readonly thresholds?: readonly number[]
  /** The scores on the test examples if there are any, else on the held-out examples. */
  readonly evaluation: TaskEvaluation
  /** Texts of the most frequent mistakes; of a single-label classifier. */
  readonly confused?: readonly ConfusedTexts[]
}

type SingleLabelPredictions = { readonly truth: Int32Array; readonly probabilities: Float32Array }

/**
 * Calibrates and evaluates. Temperature and thresholds depend on `heldOut` only, not on `test`. Of
 * held-out folds, `foldOf` says the fold of each row.
 */
export function evaluateClassifier(classifier: {
  readonly head: Head
  readonly labels: readonly string[]
  readonly seed: number
  readonly heldOut: LabelledPredictions & { readonly foldOf?: Int32Array | undefined }
  readonly test?: LabelledPredictions | undefined
}): EvaluatedClassifier {
  const { labels, seed, heldOut, test = heldOut } = classifier
  const width = labels.length
  if (heldOut.targets !== undefined && test.targets !== undefined) {
    const { head } = classifier
    const thresholds = chooseThresholds({ ...heldOut, labels: width })
    const evaluation = evaluateLabelSets(test, { labels, thresholds, seed })
    return { head, calibrate: (probabilities) => probabilities, thresholds, evaluation }
  }
  const { truth } = heldOut
  assert.ok(
    truth !== undefined && test.truth !== undefined,
    'held-out and test examples are of the same task',
  )
  const known = predictionsOfKnown({ ...heldOut, truth, labels: width })
  const temperature = fitTemperature(known)
  const calibrated = ({ truth, probabilities }: SingleLabelPredictions) => ({
    truth,
    probabilities: temperedProbabilities(probabilities, { labels: width, temperature }),
  })
  const abstain = chooseAbstention(
    { ...calibrated({ ...heldOut, truth }), labels: width },
    defaultOutOfScopeScore,
  )
  const { examples } = test
  const options = { labels, seed, temperature, abstain, examples }
  const predictions = calibrated({ ...test, truth: test.truth })
  const evaluation = evaluatePredictions(predictions, options)
  const { eceBefore, eceAfter } = evaluation.calibration
  return {
    head: temperedHead(classifier.head, temperature),
    calibrate: (probabilities) =>
      temperedProbabilities(probabilities, { labels: width, temperature }),
    calibration: { temperature, eceBefore, eceAfter },
    abstain,
    evaluation,
    confused: confusedTexts(evaluation.mostConfused, {
      predictions,
      labels,
      texts: examples.map(({ text }) => text),
    }),
  }
}

/**
 * The predictions whose label the head had seen: with examples of it outside of the row's fold. A
 * head gives an unseen label a probability near 0, whatever its temperature, and a few such rows
 * would make it look far too sure of everything else. Where every fold has seen every label, these
 * are all predictions.
 */
function predictionsOfKnown(heldOut: {
  readonly truth: Int32Array
  readonly probabilities: Float32Array
  readonly labels: number
  readonly foldOf?: Int32Array | undefined
}): Predictions {
  const { truth, probabilities, labels, foldOf } = heldOut
  if (foldOf === undefined) return { truth, probabilities, labels }
  const firstFold = new Int32Array(labels).fill(-1)
  const inSeveral = new Uint8Array(labels)
  for (const [row, label] of truth.entries()) {
    if (firstFold[label] === -1) firstFold[label] = foldOf[row]!
    else if (firstFold[label] !== foldOf[row]) inSeveral[label] = 1
  }
  const rows = Int32Array.from(truth.keys()).filter((row) => inSeveral[truth[row]!] === 1)
  if (rows.length === truth.length) return { truth, probabilities, labels }
  const chosen = new Float32Array(rows.length * labels)
  for (const [at, row] of rows.entries()) {
    chosen.set(probabilities.subarray(row * labels, (row + 1) * labels), at * labels)
  }
  return { truth: rows.map((row) => truth[row]!), probabilities: chosen, labels }
}
