// Student's t against SciPy 1.17's, and Nadeau and Bengio's correction against their formula.
import { expect, test } from 'vitest'
import { compareFolds, summarizeFolds } from './corrected-t.ts'
import { criticalT, twoSidedPValue } from './student-t.ts'

test.each([
  [0, 4, 1],
  [0.1, 1, 0.936548965138893],
  [0.5, 2, 2 / 3],
  [1.3, 4, 0.2634515964712241],
  [2.776445105, 4, 0.05000000001011946],
  [4.2, 9, 0.002306692506540238],
  [8, 29, 8.012575649631688e-9],
  [40, 3, 3.4380680789158506e-5],
  [2, 499, 0.04604176678785596],
])('the tails beyond %d with %d degrees of freedom', (t, degrees, expected) => {
  expect(twoSidedPValue(t, degrees) / expected).toBeCloseTo(1, 11)
  expect(twoSidedPValue(-t, degrees)).toBe(twoSidedPValue(t, degrees))
})

test.each([
  [1, 12.706204736174694],
  [2, 4.302652729749462],
  [4, 2.7764451051977934],
  [9, 2.262157162798205],
  [49, 2.0095752371292392],
  [499, 1.9647293909876886],
])('the critical t of 95 %% with %d degrees of freedom', (degrees, expected) => {
  expect(criticalT(0.95, degrees)).toBeCloseTo(expected, 9)
})

const values = [0.9, 0.92, 0.88, 0.91, 0.89]
const sizes = values.map(() => ({ trained: 80, tested: 20 }))

test('the interval is wider than that of independent folds by the share of tested examples', () => {
  const { mean, deviation, low, high } = summarizeFolds(values, sizes)
  expect(mean).toBeCloseTo(0.9, 12)
  expect(deviation).toBeCloseTo(Math.sqrt(0.001 / 4), 12)
  const reach = 2.7764451051977934 * Math.sqrt((1 / 5 + 20 / 80) * (0.001 / 4))
  expect(high - mean).toBeCloseTo(reach, 9)
  expect(mean - low).toBeCloseTo(reach, 9)
})

test('a difference is judged by its spread over the folds', () => {
  const second = values.map((value, fold) => value - 0.01 - 0.001 * (fold % 2))
  const { mean, t, pValue } = compareFolds({ first: values, second }, sizes)
  expect(mean).toBeCloseTo(0.0104, 12)
  // Variance 3e-7 of 0.010, 0.011, 0.010, 0.011, 0.010.
  expect(t).toBeCloseTo(0.0104 / Math.sqrt((1 / 5 + 1 / 4) * 3e-7), 6)
  expect(pValue).toBeLessThan(0.001)
  const turned = compareFolds({ first: second, second: values }, sizes)
  expect(turned.t).toBeCloseTo(-t!, 9)
  expect(turned.pValue).toBeCloseTo(pValue, 12)
})

test('equal recipes do not differ', () => {
  const same = compareFolds({ first: values, second: values }, sizes)
  expect(same).toMatchObject({ mean: 0, t: null, pValue: 1 })
})
