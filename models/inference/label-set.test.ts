// The labels of a text with a multi-label model: thresholds, the empty set, and the label that
// stands for the set.
import { expect, test } from 'vitest'
import { labelSet, sigmoid } from './label-set.ts'
import { readLogits } from './classifier.ts'

const labels = ['billing', 'delivery', 'praise']
const setOf = (probabilities: number[], thresholds: number[]) =>
  labelSet(Float32Array.from(probabilities), { labels, thresholds })

test('each label applies from its own threshold on', () => {
  expect(setOf([0.5, 0.75, 0.25], [0.5, 0.5, 0.25])).toMatchObject({
    labels: ['billing', 'delivery', 'praise'],
    label: 'delivery',
    score: 0.75,
    outOfScope: 0.25,
  })
})

test('the most probable label of the set stands for it, even where another is more probable', () => {
  const set = setOf([0.25, 0.75, 0.125], [0.2, 0.8, 0.5])
  expect(set).toMatchObject({ labels: ['billing'], label: 'billing', score: 0.25 })
})

test('the empty set has the reserved label', () => {
  const set = setOf([0.25, 0.375, 0.125], [0.5, 0.5, 0.5])
  expect(set).toMatchObject({ labels: [], label: 'winnow.none', score: 0.375, outOfScope: 0.625 })
})

test('logits become sigmoids, without overflow', () => {
  expect(sigmoid(0)).toBe(0.5)
  expect([sigmoid(-1e4), sigmoid(1e4)]).toEqual([0, 1])
  const row = Float32Array.of(0, 800, -800)
  const options = { labels, temperature: 1, thresholds: [0.5, 0.5, 0.5] }
  const outcome = readLogits({ row, queueMs: 0, inferMs: 0, batchId: 1 }, options)
  expect(outcome).toMatchObject({ kind: 'ok', labels: ['billing', 'delivery'], label: 'delivery' })
})
