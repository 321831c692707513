// The head against the coefficients of scikit-learn (tests/fixtures/make-logistic-reference.py),
// and its gradient against finite differences.
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { openLogisticProblem, type LabelledFeatures } from './logistic-problem.ts'
import {
  fitLogistic,
  rowWeightsOf,
  trainLogisticRegression,
  type ClassWeighting,
} from './logistic-regression.ts'

type Reference = {
  rows: number
  width: number
  labels: number
  features: number[]
  truth: number[]
  fits: { C: number; classWeighting: ClassWeighting; weight: number[]; bias: number[] }[]
}

const path = new URL('../../tests/fixtures/logistic-reference.json', import.meta.url)
const reference = JSON.parse(await readFile(path, 'utf8')) as Reference
const training: LabelledFeatures = {
  features: {
    rows: Float32Array.from(reference.features),
    count: reference.rows,
    width: reference.width,
  },
  truth: Int32Array.from(reference.truth),
  labels: reference.labels,
}

test.each(reference.fits)(
  'C=$C, $classWeighting: the coefficients of scikit-learn',
  async (fit) => {
    const problem = await openLogisticProblem(training)
    try {
      const found = await fitLogistic(problem, {
        rowWeights: rowWeightsOf(training, fit.classWeighting),
        inverseRegularisation: fit.C,
        precision: 0.001,
      })
      const { weight, bias } = problem.head(found.point)
      expect(found.converged).toBe(true)
      expect(largestDifference(weight, fit.weight)).toBeLessThan(2e-3)
      // Softmax ignores a common shift of the intercepts, so only their differences are compared.
      expect(largestDifference(centred(bias), centred(fit.bias))).toBeLessThan(2e-3)
    } finally {
      await problem.close()
    }
  },
)

test('the gradient agrees with finite differences', async () => {
  const problem = await openLogisticProblem(training)
  const weighting = {
    rowWeights: rowWeightsOf(training, 'balanced').map((weight, row) =>
      row % 5 === 0 ? 0 : weight,
    ),
    inverseRegularisation: 2,
  }
  const point = Float64Array.from({ length: problem.coefficients }, (_, i) => Math.sin(i) / 2)
  const { gradient } = await problem.evaluate(point, weighting)
  const analytic = gradient.slice()
  // With float32 products, values have an error of about 1e-7, so the step must not be small.
  const step = 0.01
  for (let i = 0; i < point.length; i++) {
    const above = await problem.evaluate(nudged(point, { i, by: step }), weighting)
    const below = await problem.evaluate(nudged(point, { i, by: -step }), weighting)
    expect((above.value - below.value) / (2 * step)).toBeCloseTo(analytic[i]!, 4)
  }
  await problem.close()
})

test('chooses C by cross-validation, and is reproducible to the byte', async () => {
  const foldOf = Int32Array.from(training.truth, (_, row) => row % 4)
  const options = { training, foldOf, grid: [0.001, 0.1, 1, 10] }
  const first = await trainLogisticRegression(options)
  const second = await trainLogisticRegression(options)
  expect(first.inverseRegularisation).toBeGreaterThan(0.001)
  expect(first.trials[0]!.macroF1).toBeLessThan(first.trials[1]!.macroF1)
  expect(first.head.weight).toEqual(second.head.weight)
  expect(first.head.bias).toEqual(second.head.bias)
  expect(first.heldOutProbabilities).toEqual(second.heldOutProbabilities)
})

test('a held-out row has no influence on its own prediction', async () => {
  const foldOf = Int32Array.from(training.truth, (_, row) => row % 4)
  const flipped = { ...training, truth: training.truth.slice() }
  flipped.truth[0] = (flipped.truth[0]! + 1) % training.labels
  const fits = await Promise.all(
    [training, flipped].map((each) =>
      trainLogisticRegression({ training: each, foldOf, grid: [1] }),
    ),
  )
  const [row, sameRow] = fits.map((fit) => fit.heldOutProbabilities.subarray(0, training.labels))
  expect(row).toEqual(sameRow)
})

test('stops when it is aborted', async () => {
  const signal = AbortSignal.abort()
  const foldOf = Int32Array.from(training.truth, (_, row) => row % 2)
  const fit = trainLogisticRegression({ training, foldOf, grid: [1], signal })
  await expect(fit).rejects.toMatchObject({ code: 'cancelled' })
})

function nudged(point: Float64Array, { i, by }: { i: number; by: number }): Float64Array {
  const moved = point.slice()
  moved[i] = moved[i]! + by
  return moved
}

function centred(values: ArrayLike<number>): number[] {
  const all = Array.from(values)
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length
  return all.map((value) => value - mean)
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0)
}
