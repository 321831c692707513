// Calibration of few texts: a label that a fold's head never saw must not make every other
// probability look too sure.
import { expect, test } from 'vitest'
import { evaluateClassifier } from './evaluate-classifier.ts'

const labels = ['a', 'b', 'c']
const head = { from: 1, to: 3, weight: new Float32Array(3), bias: new Float32Array(3) }

/** 18 texts of three labels; the head is right and fairly sure, except of `c` in fold `foldOfC`. */
function predictions(foldOfC: number | undefined) {
  const truth = Int32Array.from({ length: 18 }, (_, row) => row % 3)
  const foldOf = Int32Array.from(truth, (label, row) =>
    label === 2 && foldOfC !== undefined ? foldOfC : Math.floor(row / 3) % 3,
  )
  const probabilities = new Float32Array(18 * 3).fill(0.1)
  for (const [row, label] of truth.entries()) {
    const isUnseen = label === 2 && foldOfC !== undefined
    probabilities.set(isUnseen ? [0.7, 0.299, 0.001] : [], row * 3)
    if (!isUnseen) probabilities[row * 3 + label] = 0.8
  }
  const examples = Array.from(truth, (label, row) => ({ text: `t ${row}`, label: labels[label]! }))
  return { examples, truth, probabilities, foldOf }
}

const temperatureOf = (heldOut: ReturnType<typeof predictions>): number =>
  evaluateClassifier({ head, labels, seed: 1, heldOut }).calibration!.temperature

test('a label whose texts are all in one fold does not change the temperature of the others', () => {
  const unseen = predictions(1)
  expect(temperatureOf(unseen)).toBeLessThan(1)
  // Without the folds, the six texts that no head could know blur all others.
  const { foldOf, ...blurred } = unseen
  expect(foldOf).toHaveLength(18)
  const { temperature } = evaluateClassifier({
    head,
    labels,
    seed: 1,
    heldOut: blurred,
  }).calibration!
  expect(temperature).toBeGreaterThan(2)
})

test('folds change nothing where every fold has seen every label', () => {
  const { foldOf, ...plain } = predictions(undefined)
  const withFolds = evaluateClassifier({ head, labels, seed: 1, heldOut: { ...plain, foldOf } })
  expect(withFolds.calibration).toEqual(
    evaluateClassifier({ head, labels, seed: 1, heldOut: plain }).calibration,
  )
})
