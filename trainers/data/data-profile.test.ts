// Lengths and scripts of texts.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dataProfile } from './data-profile.ts'

const profile = (...texts: string[]) => dataProfile(texts.map((text) => ({ text })))

test('counts each text in the script of most of its letters', () => {
  const { scripts } = profile(
    ...[
      'hello',
      'grüße',
      'привет',
      'hello мир',
      '今日は晴れ',
      '今天天气',
      '안녕',
      'مرحبا',
      '123 😀',
    ],
  )
  expect(scripts).toEqual([
    { script: 'Latin', texts: 3 },
    { script: 'Arabic', texts: 1 },
    { script: 'Cyrillic', texts: 1 },
    { script: 'Han', texts: 1 },
    { script: 'Hangul', texts: 1 },
    { script: 'Japanese', texts: 1 },
    { script: 'none', texts: 1 },
  ])
})

test('gives quantiles of the lengths', () => {
  const { lengths } = profile(...Array.from({ length: 100 }, (_, at) => 'x'.repeat(at + 1)))
  expect(lengths).toMatchObject({ shortest: 1, median: 50, p95: 95, longest: 100 })
})

test('puts each text into one bin, and bins follow each other', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1 }), (sizes) => {
      const { bins, shortest, longest } = profile(...sizes.map((size) => 'x'.repeat(size))).lengths
      expect(bins.reduce((sum, { texts }) => sum + texts, 0)).toBe(sizes.length)
      expect(bins.length).toBeLessThanOrEqual(24)
      expect(bins[0]!.from).toBe(shortest)
      expect(bins.at(-1)!.to).toBe(longest)
      for (const [at, { from }] of bins.slice(1).entries()) expect(from).toBe(bins[at]!.to + 1)
    }),
  )
})
