// The scores against scikit-learn (tests/fixtures/make-logistic-reference.py), and their intervals.
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { evaluatePredictions } from './evaluation.ts'
import type { ClassScores, Scores } from './metrics.ts'

type Reference = {
  labels: number
  truth: number[]
  probabilities: number[]
  scores: Scores
  perClass: ClassScores[]
  matrix: number[][]
}

const path = new URL('../../tests/fixtures/metrics-reference.json', import.meta.url)
const reference = JSON.parse(await readFile(path, 'utf8')) as Reference
const predictions = {
  truth: Int32Array.from(reference.truth),
  probabilities: Float64Array.from(reference.probabilities),
}
const labels = ['a', 'b', 'c', 'd', 'e']
const evaluation = evaluatePredictions(predictions, { labels, seed: 1 })
const scoreNames = Object.keys(reference.scores) as (keyof Scores)[]

test.each(scoreNames)('%s equals that of scikit-learn', (name) => {
  expect(evaluation[name]).toBeCloseTo(reference.scores[name], 9)
})

test('per-class scores and the confusion matrix equal those of scikit-learn', () => {
  expect(evaluation.confusion).toEqual({ labels, matrix: reference.matrix })
  for (const [index, label] of labels.entries()) {
    const { precision, recall, f1, support } = evaluation.perClass[label]!
    const expected = reference.perClass[index]!
    expect(support).toBe(expected.support)
    expect(precision).toBeCloseTo(expected.precision, 12)
    expect(recall).toBeCloseTo(expected.recall, 12)
    expect(f1).toBeCloseTo(expected.f1, 12)
  }
})

test('intervals contain the score, depend on the seed only, and have the theoretical width', () => {
  const { accuracy, intervals } = evaluation
  expect(intervals).toMatchObject({ confidence: 0.95, resamples: 1_000 })
  const again = evaluatePredictions(predictions, { labels, seed: 1 })
  const other = evaluatePredictions(predictions, { labels, seed: 2 })
  expect(again.intervals).toEqual(intervals)
  expect(other.intervals).not.toEqual(intervals)
  expect(intervals.accuracy.low).toBeLessThan(accuracy)
  expect(intervals.accuracy.high).toBeGreaterThan(accuracy)
  // The binomial's standard deviation, times 2 x 1.96.
  const width = 3.92 * Math.sqrt((accuracy * (1 - accuracy)) / evaluation.examples)
  expect(intervals.accuracy.high - intervals.accuracy.low).toBeGreaterThan(0.85 * width)
  expect(intervals.accuracy.high - intervals.accuracy.low).toBeLessThan(1.15 * width)
})

test('a perfect and a useless classifier', () => {
  const truth = Int32Array.of(0, 1, 0, 1)
  const options = { labels: ['no', 'yes'], seed: 1, resamples: 10 }
  const perfect = evaluatePredictions(
    { truth, probabilities: Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1) },
    options,
  )
  expect(perfect).toMatchObject({ accuracy: 1, macroF1: 1, mcc: 1, logLoss: 0, brier: 0, ece: 0 })
  const useless = evaluatePredictions(
    { truth, probabilities: Float32Array.of(1, 0, 1, 0, 1, 0, 1, 0) },
    options,
  )
  expect(useless).toMatchObject({ accuracy: 0.5, mcc: 0, brier: 1, ece: 0.5 })
  expect(useless.logLoss).toBeCloseTo(-Math.log(1e-15) / 2, 9)
})
