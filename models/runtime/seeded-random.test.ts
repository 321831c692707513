// The generator: reproducible for a seed, unbiased, and equal to the published algorithm.
import { expect, test } from 'vitest'
import { seededRandom } from './seeded-random.ts'

test('gives the same numbers for the same seed, and others for another', () => {
  const draws = (seed: number) => {
    const random = seededRandom(seed)
    return Array.from({ length: 8 }, () => random.uint32())
  }
  expect(draws(1)).toEqual(draws(1))
  expect(draws(1)).not.toEqual(draws(2))
  expect(new Set(draws(0)).size).toBe(8)
})

test('below is uniform for a limit that does not divide 2^32', () => {
  const random = seededRandom(3)
  const counts = new Float64Array(7)
  for (let i = 0; i < 70_000; i++) {
    const draw = random.below(7)
    counts[draw] = counts[draw]! + 1
  }
  // Chi-squared with 6 degrees of freedom exceeds 22.5 once in a thousand seeds.
  const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
  expect(chiSquared).toBeLessThan(22.5)
})

test('shuffles in place and keeps every element', () => {
  const order = seededRandom(5).shuffle(Int32Array.from({ length: 100 }, (_, i) => i))
  expect(order.toSorted()).toEqual(Int32Array.from({ length: 100 }, (_, i) => i))
  expect(order).not.toEqual(order.toSorted())
})
