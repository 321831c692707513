// The minimiser on functions with a known minimum.
import { expect, test } from 'vitest'
import { minimizeLbfgs, type Objective } from './lbfgs.ts'

/** The Rosenbrock function, a curved valley with its minimum 0 at (1, 1). */
const rosenbrock: Objective = (point) => {
  const [x = 0, y = 0] = point
  const valley = y - x * x
  const gradient = Float64Array.of(-400 * x * valley - 2 * (1 - x), 200 * valley)
  return Promise.resolve({ value: 100 * valley * valley + (1 - x) ** 2, gradient })
}

test('minimises the Rosenbrock function', async () => {
  const start = Float64Array.of(-1.2, 1)
  const result = await minimizeLbfgs(rosenbrock, start, { gradientMax: 1e-8, iterationsMax: 200 })
  expect(result.converged).toBe(true)
  expect(result.point[0]).toBeCloseTo(1, 6)
  expect(result.point[1]).toBeCloseTo(1, 6)
  expect(result.iterations).toBeLessThan(60)
  expect(start).toEqual(Float64Array.of(-1.2, 1))
})

const scales = Float64Array.from({ length: 50 }, (_, i) => 10 ** (i / 24))
const quadratic: Objective = (point) =>
  Promise.resolve({
    value: point.reduce((sum, x, i) => sum + (scales[i]! * (x - i) ** 2) / 2, 0),
    gradient: point.map((x, i) => scales[i]! * (x - i)),
  })
const bounds = { gradientMax: 1e-6, iterationsMax: 500 }

test('minimises a badly scaled quadratic', async () => {
  const result = await minimizeLbfgs(quadratic, new Float64Array(50), bounds)
  expect(result.converged).toBe(true)
  for (const [i, x] of result.point.entries()) expect(x).toBeCloseTo(i, 4)
})

test('needs at most two steps with the inverse Hessian, whatever its scale', async () => {
  const options = {
    ...bounds,
    precondition: (vector: Float64Array) =>
      Promise.resolve(vector.map((x, i) => (7 * x) / scales[i]!)),
  }
  const result = await minimizeLbfgs(quadratic, new Float64Array(50), options)
  expect(result.converged).toBe(true)
  expect(result.iterations).toBeLessThanOrEqual(4)
})

test('continues with the corrections of an earlier search', async () => {
  const plain = await minimizeLbfgs(quadratic, new Float64Array(50), bounds)
  const { corrections } = plain
  const start = plain.point.map((x, i) => x + 0.01 * Math.sin(i))
  const again = await minimizeLbfgs(quadratic, start, { ...bounds, corrections })
  const anew = await minimizeLbfgs(quadratic, start, bounds)
  expect(again.converged).toBe(true)
  expect(again.evaluations).toBeLessThanOrEqual(anew.evaluations)
  expect(plain.corrections).toHaveLength(10)
})

test('reports when the iterations run out', async () => {
  const options = { gradientMax: 1e-12, iterationsMax: 3 }
  const result = await minimizeLbfgs(rosenbrock, Float64Array.of(-1.2, 1), options)
  expect(result).toMatchObject({ converged: false, iterations: 3 })
})

test('refuses a start where the loss is not finite', async () => {
  const broken: Objective = () => Promise.resolve({ value: NaN, gradient: new Float64Array(1) })
  const run = minimizeLbfgs(broken, new Float64Array(1), { gradientMax: 1, iterationsMax: 1 })
  await expect(run).rejects.toMatchObject({ code: 'training_diverged' })
})
