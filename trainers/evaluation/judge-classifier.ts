// What both ways of training do when the weights are found: calibrate the head on held-out
// predictions, set the threshold for texts of no label, and measure. It trains and writes nothing.
import assert from 'node:assert/strict'
import type { Abstention } from '../../models/store/abstention-rule.ts'
import { defaultOutOfScopeScore } from '../../models/store/abstention-rule.ts'
import type { Head } from '../../models/graph/encoder.ts'
import type { Manifest } from '../../models/store/manifest.ts'
import { chooseAbstention } from './abstention-threshold.ts'
import { fitTemperature, temperedHead, temperedProbabilities } from './calibration.ts'
import type { LabelTruth } from '../data/dataset.ts'
import { evaluatePredictions } from './evaluation.ts'
import { chooseThresholds } from './label-thresholds.ts'
import { evaluateLabelSets, type TaskEvaluation } from './multi-label-evaluation.ts'
import type { Example } from '../files/source-row.ts'

/** Predictions, as the head gives them, on examples that it was not fitted on. */
export type JudgedPredictions = {
  readonly examples: readonly Example[]
  /** float32 [examples, labels]. */
  readonly probabilities: Float32Array
} & LabelTruth

/** A classifier ready to publish. */
export type JudgedClassifier = {
  /** Its softmax is calibrated: weights and bias are divided by the temperature. */
  readonly head: Head
  /**
   * float32 [rows, labels] probabilities of the head as it was given, as the published one gives
   * them.
   */
  readonly calibrated: (probabilities: Float32Array) => Float32Array
  readonly calibration?: NonNullable<Manifest['calibration']>
  readonly abstain?: Abstention
  /**
   * From which probability on each label of a set applies; the classifier is multi-label with them.
   */
  readonly thresholds?: readonly number[]
  /** Of the calibrated probabilities of the test, else of the held-out examples. */
  readonly evaluation: TaskEvaluation
}

type Calibrated = { readonly truth: Int32Array; readonly probabilities: Float32Array }

/** Temperature and thresholds come from `heldOut` alone; `test` is only measured. */
export function judgeClassifier(classifier: {
  readonly head: Head
  readonly labels: readonly string[]
  readonly seed: number
  readonly heldOut: JudgedPredictions
  readonly test?: JudgedPredictions | undefined
}): JudgedClassifier {
  const { labels, seed, heldOut, test = heldOut } = classifier
  const width = labels.length
  if (heldOut.targets !== undefined && test.targets !== undefined) {
    const { head } = classifier
    const thresholds = chooseThresholds({ ...heldOut, labels: width })
    const evaluation = evaluateLabelSets(test, { labels, thresholds, seed })
    return { head, calibrated: (probabilities) => probabilities, thresholds, evaluation }
  }
  const { truth } = heldOut
  assert.ok(truth !== undefined && test.truth !== undefined, 'sets are tested on sets')
  const temperature = fitTemperature({ truth, probabilities: heldOut.probabilities, labels: width })
  const calibrated = ({ truth, probabilities }: Calibrated) => ({
    truth,
    probabilities: temperedProbabilities(probabilities, { labels: width, temperature }),
  })
  const abstain = chooseAbstention(
    { ...calibrated({ ...heldOut, truth }), labels: width },
    defaultOutOfScopeScore,
  )
  const { examples } = test
  const options = { labels, seed, temperature, abstain, examples }
  const evaluation = evaluatePredictions(calibrated({ ...test, truth: test.truth }), options)
  const { eceBefore, eceAfter } = evaluation.calibration
  return {
    head: temperedHead(classifier.head, temperature),
    calibrated: (probabilities) =>
      temperedProbabilities(probabilities, { labels: width, temperature }),
    calibration: { temperature, eceBefore, eceAfter },
    abstain,
    evaluation,
  }
}
