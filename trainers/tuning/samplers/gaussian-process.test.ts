import { expect, test } from 'vitest'
import { fitGaussianProcess } from './gaussian-process.ts'

test('follows a smooth function, and knows where it does not know', () => {
  const at = [0, 0.15, 0.3, 0.45, 0.6]
  const points = at.map((x) => Float64Array.of(x, 0.5))
  const values = Float64Array.from(at, (x) => Math.sin(6 * x))
  const { process } = fitGaussianProcess({ points, values, isCategorical: [false, false] })
  const near = process.posterior(Float64Array.of(0.4, 0.5))
  expect(near.mean).toBeCloseTo(Math.sin(2.4), 1)
  const far = process.posterior(Float64Array.of(1, 0.5))
  expect(far.deviation).toBeGreaterThan(3 * near.deviation)
  expect(near.deviation).toBeGreaterThan(0)
})

test('tells choices apart, but not by their order', () => {
  const points = [0, 1, 2].flatMap((choice) => [0.1, 0.9].map((x) => Float64Array.of(x, choice)))
  const values = Float64Array.from(points, ([, choice]) => (choice === 1 ? 1 : -1))
  const { process } = fitGaussianProcess({ points, values, isCategorical: [false, true] })
  const meanOf = (choice: number) => process.posterior(Float64Array.of(0.5, choice)).mean
  expect(meanOf(1)).toBeGreaterThan(0.5)
  expect(meanOf(0)).toBeCloseTo(meanOf(2), 6)
})

test('takes points that were tried twice', () => {
  const points = Array.from({ length: 6 }, () => Float64Array.of(0.5))
  const values = Float64Array.of(1, -1, 1, -1, 1, -1)
  const { process } = fitGaussianProcess({ points, values, isCategorical: [false] })
  expect(process.posterior(points[0]!).mean).toBeCloseTo(0, 1)
})
