// What both ways of training do when the weights are found: calibrate the head on held-out
// predictions, set the threshold for texts of no label, and measure. It trains and writes nothing.
import type { Abstention } from '../models/abstention.ts'
import { defaultOutOfScopeScore } from '../models/abstention.ts'
import type { Head } from '../models/graph/encoder.ts'
import type { Manifest } from '../models/manifest.ts'
import { chooseAbstention } from './abstention.ts'
import { fitTemperature, temperedHead, temperedProbabilities } from './calibration.ts'
import { evaluatePredictions, type Evaluation } from './evaluation.ts'
import type { Example } from './source-row.ts'

/** Predictions, as the head gives them, on examples that it was not fitted on. */
export type JudgedPredictions = {
  readonly examples: readonly Example[]
  readonly truth: Int32Array
  /** float32 [examples, labels]. */
  readonly probabilities: Float32Array
}

/** A classifier ready to publish. */
export type JudgedClassifier = {
  /** Its softmax is calibrated: weights and bias are divided by the temperature. */
  readonly head: Head
  readonly temperature: number
  readonly calibration: NonNullable<Manifest['calibration']>
  readonly abstain: Abstention
  /** Of the calibrated probabilities of the test, else of the held-out examples. */
  readonly evaluation: Evaluation
}

/** Temperature and threshold come from `heldOut` alone; `test` is only measured. */
export function judgeClassifier(classifier: {
  readonly head: Head
  readonly labels: readonly string[]
  readonly seed: number
  readonly heldOut: JudgedPredictions
  readonly test?: JudgedPredictions | undefined
}): JudgedClassifier {
  const { labels, seed, heldOut, test = heldOut } = classifier
  const width = labels.length
  const temperature = fitTemperature({ ...heldOut, labels: width })
  const calibrated = ({ truth, probabilities }: JudgedPredictions) => ({
    truth,
    probabilities: temperedProbabilities(probabilities, { labels: width, temperature }),
  })
  const abstain = chooseAbstention(
    { ...calibrated(heldOut), labels: width },
    defaultOutOfScopeScore,
  )
  const { examples } = test
  const options = { labels, seed, temperature, abstain, examples }
  const evaluation = evaluatePredictions(calibrated(test), options)
  const { eceBefore, eceAfter } = evaluation.calibration
  return {
    head: temperedHead(classifier.head, temperature),
    temperature,
    calibration: { temperature, eceBefore, eceAfter },
    abstain,
    evaluation,
  }
}
