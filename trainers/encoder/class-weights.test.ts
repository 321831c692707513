// The weights of labels: alike, or so that each label counts as much as any other.
import { expect, it } from 'vitest'
import { classWeightsOf } from './class-weights.ts'

const truth = Int32Array.of(0, 0, 0, 1)

it('lets each example count alike', () => {
  expect(classWeightsOf(truth, { labels: 2, weighting: 'none' })).toEqual(Float32Array.of(1, 1))
})

it('lets each label count alike', () => {
  const weights = classWeightsOf(truth, { labels: 2, weighting: 'balanced' })
  expect(weights).toEqual(Float32Array.of(4 / 6, 2))
  expect(3 * weights[0]!).toBeCloseTo(weights[1]!)
})
