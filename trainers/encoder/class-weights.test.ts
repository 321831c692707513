// The class weights: equal, or such that every label counts the same.
import { expect, it } from 'vitest'
import { classWeightsOf } from './class-weights.ts'

const truth = Int32Array.of(0, 0, 0, 1)

it('gives every example the same weight', () => {
  expect(classWeightsOf(truth, { labels: 2, weighting: 'none' })).toEqual(Float32Array.of(1, 1))
})

it('gives every label the same total weight', () => {
  const weights = classWeightsOf(truth, { labels: 2, weighting: 'balanced' })
  expect(weights).toEqual(Float32Array.of(4 / 6, 2))
  expect(3 * weights[0]!).toBeCloseTo(weights[1]!)
})
