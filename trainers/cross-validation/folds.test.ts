// Invariants of folds, on data sets made at random.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import type { Example } from '../files/source-row.ts'
import { planFolds, type FoldOptions } from './folds.ts'

const labels = ['x', 'y', 'z'] as const
/** Enough examples of each label that every fold has two labels to learn. */
const examples: fc.Arbitrary<Example[]> = fc
  .array(
    fc.record({
      near: fc.nat(40),
      customer: fc.option(fc.nat(25), { nil: undefined }),
      time: fc.nat(1_000),
      set: fc.subarray([...labels]),
    }),
    { minLength: 60, maxLength: 150 },
  )
  .map((rows) =>
    rows.map(({ near, customer, time, set }, index): Example => ({
      text: `text ${index}`,
      label: labels[index % 3]!,
      labels: set,
      group: near,
      time,
      attributes: customer === undefined ? undefined : { customer: `c${customer}` },
    })),
  )
const single = examples.map((all) => all.map((example) => ({ ...example, labels: undefined })))
const options = fc.record({
  folds: fc.integer({ min: 2, max: 4 }),
  repeats: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(),
})

/** The folds, or undefined where the data set cannot be divided so. */
function plan(data: readonly Example[], asked: FoldOptions): ReturnType<typeof planFolds> {
  try {
    return planFolds(data, asked)
  } catch (error) {
    if (error instanceof WinnowError) fc.pre(false)
    throw error
  }
}

test.each([
  ['one label each', single, undefined],
  ['sets of labels', examples, undefined],
  ['one label each, by customer', single, 'customer'],
  ['sets of labels, by customer', examples, 'customer'],
])(
  '%s: every example is tested once per repeat, and no group is in two folds',
  (_, made, group) => {
    fc.assert(
      fc.property(made, options, (data, asked) => {
        const planned = plan(data, { ...asked, group })
        expect(planned.length).toBe(asked.folds * asked.repeats)
        for (let repeat = 1; repeat <= asked.repeats; repeat++) {
          const own = planned.filter((fold) => fold.repeat === repeat)
          const tested = own.flatMap(({ test }) => [...test]).sort((a, b) => a - b)
          expect(tested).toEqual([...data.keys()])
          const foldOf = new Map(own.flatMap(({ fold, test }) => [...test].map((i) => [i, fold])))
          const seen = new Map<string, number>()
          for (const [index, { group: near, attributes }] of data.entries()) {
            const keys = [`near ${near}`]
            if (group !== undefined && attributes?.[group]) keys.push(attributes[group])
            for (const key of keys) {
              expect(seen.get(key) ?? foldOf.get(index)).toBe(foldOf.get(index))
              seen.set(key, foldOf.get(index)!)
            }
          }
        }
        for (const { train, test } of planned) {
          expect([...train, ...test].sort((a, b) => a - b)).toEqual([...data.keys()])
        }
      }),
    )
  },
)

test('the seed alone decides, and more repeats do not change the first', () => {
  fc.assert(
    fc.property(single, options, (data, asked) => {
      const planned = plan(data, asked)
      expect(planFolds(data, asked)).toEqual(planned)
      const once = planFolds(data, { ...asked, repeats: 1 })
      expect(planned.slice(0, asked.folds)).toEqual(once)
    }),
  )
})

test('folds of time train on the past only, and tests follow each other', () => {
  fc.assert(
    fc.property(single, fc.integer({ min: 2, max: 4 }), (data, folds) => {
      const planned = plan(data, { folds, seed: 1, byTime: true })
      const timesOf = (indices: Int32Array): number[] => [...indices].map((i) => data[i]!.time!)
      let last = -1
      for (const { train, test } of planned) {
        expect(Math.max(...timesOf(train))).toBeLessThan(Math.min(...timesOf(test)))
        expect(Math.min(...timesOf(test))).toBeGreaterThan(last)
        last = Math.max(...timesOf(test))
        const tested = new Set([...test].map((index) => data[index]!.group))
        for (const index of train) expect(tested.has(data[index]!.group)).toBe(false)
      }
      expect(last).toBe(Math.max(...data.map(({ time }) => time!)))
    }),
  )
})

const many = Array.from({ length: 1_200 }, (_, index): Example => ({
  text: `text ${index}`,
  label: index % 10 === 0 ? 'rare' : 'common',
  // Sizes from 1 to 40.
  attributes: { customer: String(Math.floor(Math.sqrt(index))) },
}))

test('labels are spread evenly, over groups as well', () => {
  const shareOf = (indices: Int32Array): number =>
    [...indices].filter((index) => many[index]!.label === 'rare').length / indices.length
  for (const { test } of planFolds(many, { folds: 5, repeats: 2, seed: 3 })) {
    expect(test.length).toBe(240)
    expect(shareOf(test)).toBe(0.1)
  }
  for (const { test } of planFolds(many, { folds: 5, seed: 3, group: 'customer' })) {
    // Within the size of the largest customer.
    expect(Math.abs(test.length - 240)).toBeLessThan(69)
    expect(Math.abs(shareOf(test) - 0.1)).toBeLessThan(0.01)
  }
})

const few = ['a', 'b', 'c', 'd'].map((text, index) => ({ text, label: index < 2 ? 'x' : 'y' }))

test.each<[string, readonly Example[], FoldOptions, string, RegExp]>([
  ['too few texts', few, { folds: 5, seed: 1 }, 'usage', /--folds 5 .* has 4 groups .* at most 4/],
  [
    'a fold that would learn one label',
    [...few.slice(0, 2), few[2]!],
    { folds: 3, seed: 1 },
    'dataset_invalid',
    /fold \d would train on one label alone, "x"/,
  ],
  ['no such attribute', few, { folds: 2, seed: 1, group: 'team' }, 'usage', /--group team: no/],
  [
    'a mistyped attribute',
    few.map((example) => ({ ...example, attributes: { customer: 'a' } })),
    { folds: 2, seed: 1, group: 'costumer' },
    'usage',
    /attributes are "customer"\. Did you mean customer\?/,
  ],
  [
    'one customer',
    few.map((example) => ({ ...example, attributes: { customer: 'a' } })),
    { folds: 2, seed: 1, group: 'customer' },
    'usage',
    /has 1 group of texts that share neither "customer"/,
  ],
  [
    'no times',
    few,
    { folds: 2, seed: 1, byTime: true },
    'dataset_invalid',
    /4 of 4 examples have no/,
  ],
  [
    'one instant',
    few.map((example) => ({ ...example, time: 5 })),
    { folds: 2, seed: 1, byTime: true },
    'dataset_invalid',
    /1 different time cannot be cut into 3 blocks/,
  ],
  [
    'repeats in order of time',
    few,
    { folds: 2, repeats: 2, seed: 1, byTime: true },
    'usage',
    /--repeats has no meaning/,
  ],
])('refuses %s', (_, data, asked, code, sentence) => {
  const planned = (): unknown => planFolds(data, asked)
  expect(planned).toThrow(sentence)
  expect(planned).toThrow(expect.objectContaining({ code }) as Error)
})
