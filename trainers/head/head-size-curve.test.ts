// The size curve of heads on small features: nested parts, all labels in each, and its cost bound.
import { expect, test } from 'vitest'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { sizeCurveText } from '../evaluation/size-curve.ts'
import { headSizeCurve, wantedSizeCurve } from './head-size-curve.ts'
import { trainLogisticRegression } from './logistic-regression.ts'

const labels = 3
const width = 12

/** Rows around one direction per label, with noise, in three folds, and what a search gives. */
async function task(count: number) {
  const random = seededRandom(5)
  const truth = Int32Array.from({ length: count }, (_, row) => row % labels)
  const rows = Float32Array.from({ length: count * width }, (_, at) => {
    const own = at % width === truth[Math.floor(at / width)]
    return (own ? 0.7 : 0) + (random.uint32() / 2 ** 32 - 0.5)
  })
  const features = { rows, count, width }
  const foldOf = Int32Array.from(truth, (_, row) => Math.floor(row / labels) % 3)
  const training = { features, labels, truth }
  const fit = await trainLogisticRegression({ training, foldOf, grid: [10] })
  return { ...fit, training, foldOf, seed: 1 }
}

test('doubles the examples from point to point, and more of them are better', async () => {
  const curve = (await headSizeCurve(await task(900)))!
  const { points, measuredOn } = curve
  expect(points.map(({ examples }) => examples)).toEqual([38, 74, 150, 300, 600])
  expect(measuredOn).toBe('held-out thirds of the training texts')
  const accuracies = points.map(({ accuracy }) => accuracy.mean)
  expect(accuracies.at(-1)).toBeGreaterThan(accuracies[0]! + 0.03)
  for (const { accuracy, macroF1 } of points) {
    expect(accuracy.low).toBeLessThanOrEqual(accuracy.mean)
    expect(accuracy.high).toBeGreaterThanOrEqual(accuracy.mean)
    expect(macroF1.mean).toBeCloseTo(accuracy.mean, 1)
  }
  expect(await headSizeCurve(await task(900))).toEqual(curve)
})

test('begins where each label has two examples, and needs two points', async () => {
  expect((await headSizeCurve(await task(60)))!.points.map(({ examples }) => examples)).toEqual([
    10, 20, 40,
  ])
  expect(await headSizeCurve(await task(9))).toBe(undefined)
})

test('is left out by default where it would cost minutes', async () => {
  const { training, ...others } = await task(60)
  const huge = { ...training, features: { ...training.features, count: 1e9 } }
  expect(await wantedSizeCurve('cheap', { ...others, training: huge })).toBe(undefined)
  expect(await wantedSizeCurve('never', { ...others, training })).toBe(undefined)
  expect(await wantedSizeCurve('cheap', { ...others, training })).toBeDefined()
})

test('says whether the last doubling helped', () => {
  const at = (examples: number, mean: number) => {
    const score = { mean, low: mean - 0.001, high: mean + 0.001 }
    return { examples, accuracy: score, macroF1: score }
  }
  const said = (...points: ReturnType<typeof at>[]) => sizeCurveText({ points, measuredOn: '' })
  expect(said(at(1_000, 0.8), at(2_000, 0.83))).toBe(
    'From 1,000 to 2,000 training examples, accuracy rose by 3.0 points. More labels are likely to help.',
  )
  expect(said(at(1_000, 0.8), at(2_000, 0.799))).toContain('fell by 0.1 points. More labels of the')
  expect(said(at(1_000, 0.8))).toBe('')
})
