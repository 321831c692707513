// The inverse against an exact one, and sketches that cannot cover every direction.
import { expect, test } from 'vitest'
import { inverseCurvature, sketchCurvature } from './curvature-sketch.ts'

/** A diagonal covariance, whose eigenvalues are its diagonal. */
const sketchOf = (diagonal: number[]) =>
  sketchCurvature({
    width: diagonal.length,
    trace: diagonal.reduce((sum, value) => sum + value, 0),
    times: (columns, rank) =>
      Promise.resolve(columns.map((value, i) => value * diagonal[Math.floor(i / rank)]!)),
  })

test('is the exact inverse if the basis spans every direction', async () => {
  const diagonal = [4, 1, 0.25]
  const sketch = await sketchOf(diagonal)
  expect(sketch.rank).toBe(3)
  const { outside, inner } = inverseCurvature(sketch, { curvature: 0.5, penalty: 0.1 })
  for (const [i, value] of diagonal.entries()) {
    for (let j = 0; j < 3; j++) {
      let entry = i === j ? outside : 0
      for (let a = 0; a < 3; a++) {
        for (let b = 0; b < 3; b++) {
          entry += sketch.basis[i * 3 + a]! * inner[a * 3 + b]! * sketch.basisTransposed[b * 3 + j]!
        }
      }
      expect(entry).toBeCloseTo(i === j ? 1 / (0.5 * value + 0.1) : 0, 4)
    }
  }
})

test('finds the directions with large eigenvalues, and the mean of the rest', async () => {
  const diagonal = Array.from({ length: 400 }, (_, i) => (i < 20 ? 100 : 0.5))
  const sketch = await sketchOf(diagonal)
  expect(sketch.rank).toBe(128)
  expect(sketch.rest).toBeCloseTo(0.5, 2)
})

test('drops linearly dependent directions', async () => {
  const sketch = await sketchOf([1, 1, 0, 0])
  expect(sketch.rank).toBe(2)
  expect(sketch.rest).toBeCloseTo(0, 6)
})
