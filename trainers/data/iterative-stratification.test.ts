// Iterative stratification: each fold gets its share of every label, and groups stay together.
import { expect, test } from 'vitest'
import { stratifiedSetParts } from './iterative-stratification.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { labelsOfExample, type Example } from '../files/source-row.ts'
import { stratifiedFolds, stratifiedSplit } from './split.ts'

const random = seededRandom(11)
const shares: Record<string, number> = { common: 0.5, usual: 0.2, rare: 0.03 }
const examples = Array.from({ length: 1_000 }, (_, index): Example => {
  const labels = Object.entries(shares).flatMap(([label, share]) =>
    random.uint32() / 2 ** 32 < share ? [label] : [],
  )
  return { text: `text ${index}`, label: JSON.stringify(labels), labels }
})

function countOf(label: string, indices: readonly number[]): number {
  return indices.filter((index) => labelsOfExample(examples[index]!).includes(label)).length
}

test('each fold has its share of every label', () => {
  const foldOf = stratifiedFolds(examples, { folds: 4, seed: 1 })
  const all = Array.from(foldOf.keys())
  for (const fold of [0, 1, 2, 3]) {
    const own = all.filter((index) => foldOf[index] === fold)
    expect(Math.abs(own.length - 250)).toBeLessThanOrEqual(3)
    for (const label of Object.keys(shares)) {
      expect(Math.abs(countOf(label, own) - countOf(label, all) / 4)).toBeLessThanOrEqual(1)
    }
  }
})

test('a split holds out its share, the same for the same seed', () => {
  const split = stratifiedSplit(examples, { fraction: 0.1, seed: 5 })
  expect(split).toEqual(stratifiedSplit(examples, { fraction: 0.1, seed: 5 }))
  expect(Math.abs(split.validation.length - 100)).toBeLessThanOrEqual(2)
  const rare = countOf('rare', Array.from(split.validation))
  expect(Math.abs(rare - countOf('rare', Array.from(examples.keys())) / 10)).toBeLessThan(1)
  expect(split.unsplitLabels).toEqual([])
})

test('groups stay together, and one example of a label stays for training', () => {
  const few: Example[] = [
    { text: 'a', label: '', labels: ['x', 'y'] },
    { text: 'A ', label: '', labels: ['x', 'y'] },
    ...Array.from({ length: 8 }, (_, i) => ({ text: `b ${i}`, label: '', labels: ['y'] })),
  ]
  const partOf = stratifiedSetParts(few, {
    groups: [[0, 1], [2], [3], [4], [5], [6], [7], [8], [9]],
    shares: [0.5, 0.5],
    seed: 1,
  })
  expect(partOf[0]).toBe(partOf[1])
  const split = stratifiedSplit([few[0]!, ...few.slice(2)], { fraction: 0.2, seed: 1 })
  expect(split.train).toContain(0)
  expect(split.unsplitLabels).toEqual([{ label: 'x', examples: 1 }])
})
