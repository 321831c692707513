import { expect, test } from 'vitest'
import { scrambledSobolPoint, sobolDimensionsMax, sobolPoint } from './sobol.ts'

test('gives the points of the published direction numbers', () => {
  // scipy 1.17.1: scipy.stats.qmc.Sobol(32, scramble=False).random(8)[5]
  const expected = [
    7, 7, 1, 3, 7, 5, 7, 3, 3, 1, 3, 7, 7, 1, 7, 3, 7, 3, 3, 5, 5, 5, 7, 3, 3, 3, 7, 1, 5, 5, 7, 5,
  ].map((eighths) => eighths / 8)
  expect([...sobolPoint({ index: 5, dimensions: 32 })]).toEqual(expected)
  const first = Array.from({ length: 8 }, (_, index) => sobolPoint({ index, dimensions: 3 })[2])
  expect(first).toEqual([0, 0.5, 0.25, 0.75, 0.625, 0.125, 0.875, 0.375])
})

test('fills every dimension evenly, scrambled or not', () => {
  const dimensions = sobolDimensionsMax
  const points = Array.from({ length: 64 }, (_, index) =>
    scrambledSobolPoint({ index, dimensions, seed: 3 }),
  )
  for (let dimension = 0; dimension < dimensions; dimension++) {
    // One point in each of 64 equal parts of the range.
    const parts = new Set(points.map((point) => Math.floor(point[dimension]! * 64)))
    expect(parts.size).toBe(64)
  }
})

test('scrambles by the seed', () => {
  const at = (seed: number) => scrambledSobolPoint({ index: 9, dimensions: 4, seed })
  expect(at(1)).toEqual(at(1))
  expect(at(1)).not.toEqual(at(2))
})
