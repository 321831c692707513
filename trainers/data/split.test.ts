// Invariants of splits and folds, on random data sets.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Example } from '../files/source-row.ts'
import { duplicateKey, stratifiedFolds, stratifiedSplit } from './split.ts'

const example: fc.Arbitrary<Example> = fc.record({
  text: fc
    .constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
    .chain((word) => fc.constantFrom(word, ` ${word.toUpperCase()}\n`, `${word} ${word}`)),
  label: fc.constantFrom('x', 'y', 'z'),
})
const examples = fc.array(example, { minLength: 1, maxLength: 60 })
const seed = fc.nat()

test('every example is on one side, and no text is on both', () => {
  fc.assert(
    fc.property(examples, seed, (data, seed) => {
      const { train, validation, duplicates } = stratifiedSplit(data, { fraction: 0.4, seed })
      const all = [...train, ...validation].sort((a, b) => a - b)
      expect(all).toEqual(data.map((_, index) => index))
      const keyOf = (index: number) => duplicateKey(data[index]!.text)
      const trained = new Set(Array.from(train, keyOf))
      for (const index of validation) expect(trained.has(keyOf(index))).toBe(false)
      const different = new Set(data.map(({ text }) => duplicateKey(text))).size
      expect(duplicates).toBe(data.length - different)
    }),
  )
})

test('no text is in two folds', () => {
  fc.assert(
    fc.property(examples, seed, (data, seed) => {
      const foldOf = stratifiedFolds(data, { folds: 3, seed })
      const seen = new Map<string, number>()
      for (const [index, fold] of foldOf.entries()) {
        const key = duplicateKey(data[index]!.text)
        expect(seen.get(key) ?? fold).toBe(fold)
        seen.set(key, fold)
      }
    }),
  )
})

const many = Array.from({ length: 1_000 }, (_, index): Example => {
  const label = index % 10 === 0 ? 'rare' : 'common'
  return { text: `text ${index}`, label }
})

test('the split and the folds are stratified', () => {
  const { validation } = stratifiedSplit(many, { fraction: 0.2, seed: 7 })
  expect(validation.length).toBe(200)
  expect(validation.filter((index) => many[index]!.label === 'rare').length).toBe(20)
  const foldOf = stratifiedFolds(many, { folds: 4, seed: 7 })
  for (let fold = 0; fold < 4; fold++) {
    const inFold = many.filter((_, index) => foldOf[index] === fold)
    expect(inFold.length).toBe(250)
    expect(inFold.filter(({ label }) => label === 'rare').length).toBe(25)
  }
})

test('the split depends on the seed', () => {
  const split = (seed: number) => stratifiedSplit(many, { fraction: 0.2, seed }).validation
  expect(split(1)).toEqual(split(1))
  expect(split(1)).not.toEqual(split(2))
})

test('a label with one text stays in train and is reported', () => {
  const data = [...many, { text: 'only one', label: 'single' }]
  const { validation, unsplitLabels } = stratifiedSplit(data, { fraction: 0.2, seed: 7 })
  expect(unsplitLabels).toEqual([{ label: 'single', examples: 1 }])
  expect(validation).not.toContain(1_000)
})
