// Rates follow their schedule, targets sum to 1 for all weights, and dropout drops at its rate,
// reproducibly for a seed and step.
import { expect, test } from 'vitest'
import { defaultRecipe } from './fine-tuning-task.ts'
import {
  DropoutMasks,
  contrastivePairs,
  rateFeeds,
  scheduleFactor,
  multiLabelLossTargets,
  lossTargets,
} from './step-inputs.ts'

const floats = (tensor: { data: unknown } | undefined): Float32Array => tensor!.data as Float32Array

test('rates rise for a tenth of the steps and then fall to nearly nothing', () => {
  const shares = Array.from({ length: 100 }, (_, i) =>
    scheduleFactor(i + 1, { steps: 100, warmUpShare: 0.1 }),
  )
  expect(shares[0]).toBeCloseTo(0.1)
  expect(shares[9]).toBe(1)
  expect(shares[54]).toBeCloseTo(46 / 91)
  expect(shares[99]).toBeCloseTo(1 / 91)
  expect(scheduleFactor(101, { steps: 100, warmUpShare: 0.1 })).toBe(0)
  expect(scheduleFactor(1, { steps: 1, warmUpShare: 0.1 })).toBe(1)
})

test('rates can fall by a half cosine', () => {
  const schedule = { steps: 101, warmUpShare: 0, schedule: 'cosine' } as const
  const shares = Array.from({ length: 101 }, (_, i) => scheduleFactor(i + 1, schedule))
  expect(shares[1]).toBeGreaterThan(0.999)
  expect(shares[51]).toBeCloseTo(0.5, 1)
  expect(shares.at(-1)).toBeLessThan(0.001)
  expect(shares).toEqual(shares.toSorted((a, b) => b - a))
})

test('lower layers have lower rates, and the head has its own', () => {
  const recipe = {
    ...defaultRecipe,
    encoderRate: 1e-4,
    layerDecay: 0.5,
    warmUpShare: 0,
    weightDecay: 0.1,
  }
  const groups = ['embeddings', 'layer.0', 'layer.1', 'head']
  const feeds = rateFeeds(1, { recipe, groups, layers: 2, steps: 10 })
  const kept = groups.map((group) => 1 - floats(feeds[`decay_factor:${group}`])[0]!)
  const rates = [0.25e-4, 0.5e-4, 1e-4, 1e-3]
  for (const [i, rate] of rates.entries()) expect(kept[i]).toBeCloseTo(rate * 0.1, 6)
})

test('targets are smoothed, weighted and divided by the weights of the batch', () => {
  const targets = lossTargets(Int32Array.of(0, 1), {
    classWeights: Float32Array.of(1, 3),
    labelSmoothing: 0.2,
  })
  const expected = [0.9 / 4, 0.1 / 4, 0.3 / 4, 2.7 / 4]
  for (const [i, number] of floats(targets).entries()) expect(number).toBeCloseTo(expected[i]!)
})

test('masks depend on seed and step, and preserve the mean', () => {
  const make = (seed: number): DropoutMasks =>
    new DropoutMasks({ rate: 0.1, hidden: 8, tokensMax: 4_096, seed })
  const sites = [
    { name: 'a', perToken: true },
    { name: 'b', perToken: false },
  ]
  const options = { sites, batch: 32, tokens: 64 }
  const first = make(1).feeds(7, options)
  expect(first['a']!.dims).toEqual([32, 64, 8])
  expect(first['b']!.dims).toEqual([32, 8])
  const mask = floats(first['a'])
  expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.9)]))
  expect(mask.reduce((sum, each) => sum + each, 0) / mask.length).toBeCloseTo(1, 1)
  expect(floats(make(1).feeds(7, options)['a'])).toEqual(mask)
  expect(floats(make(1).feeds(8, options)['a'])).not.toEqual(mask)
  expect(floats(make(2).feeds(7, options)['a'])).not.toEqual(mask)
})

test('multi-label targets weigh presence and absence of each label, smoothed', () => {
  const { data, dims } = multiLabelLossTargets(Uint8Array.of(1, 0), {
    labels: 1,
    labelSmoothing: 0.5,
  })
  expect(dims).toEqual([2, 1, 2])
  expect(Array.from(data as Float32Array)).toEqual([0.375, 0.125, 0.125, 0.375])
})

test('pairs weigh the same for each text with others of its label, and no text pairs with itself', () => {
  const pairs = contrastivePairs(Int32Array.of(0, 1, 0, 0, 2, 1), 2)
  const targets = floats(pairs['pair_targets'])
  const row = (text: number): number[] => [...targets.subarray(text * 6, text * 6 + 6)]
  // Five texts have others of their label; together their pairs weigh 2.
  expect(row(0).map((weight) => Math.round(weight * 1e6) / 1e6)).toEqual([0, 0, 0.2, 0.2, 0, 0])
  expect(row(1).map((weight) => Math.round(weight * 1e6) / 1e6)).toEqual([0, 0, 0, 0, 0, 0.4])
  expect(row(4)).toEqual([0, 0, 0, 0, 0, 0])
  const mask = floats(pairs['pair_mask'])
  expect([...mask].map((bias, i) => (i % 7 === 0 ? bias < -1_000 : bias === 0))).not.toContain(
    false,
  )
  expect([...floats(contrastivePairs(Int32Array.of(0, 1), 1)['pair_targets'])]).toEqual([
    0, 0, 0, 0,
  ])
})
