// The estimate against the exact Jaccard index, and the groups against a comparison of all pairs.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  hashFunctions,
  minHashSignature,
  nearDuplicateGroups,
  resemblance,
} from './near-duplicates.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'

const words = fc.array(fc.constantFrom('parcel', 'money', 'late', 'please', 'where', 'is', 'my'), {
  minLength: 5,
  maxLength: 40,
})

test('the fraction of equal minima estimates the Jaccard index', () => {
  const functions = hashFunctions(1_024)
  fc.assert(
    fc.property(words, words, (a, b) => {
      const [left, right] = [a.join(' '), [...a.slice(0, 10), ...b].join(' ')]
      const exact = resemblance(left, right)
      const [one, other] = [left, right].map((text) => minHashSignature(text, functions))
      const deviation = Math.sqrt((exact * (1 - exact)) / 1_024)
      const equal = one!.filter((minimum, i) => minimum === other![i]).length
      expect(Math.abs(equal / 1_024 - exact)).toBeLessThan(6 * deviation + 0.01)
    }),
    { numRuns: 60, seed: 1 },
  )
})

const random = seededRandom(4)
const letters = (count: number): string =>
  Array.from({ length: count }, () => String.fromCharCode(97 + random.below(26))).join('')

test('groups texts that differ in one word, and no others', () => {
  const originals = Array.from({ length: 200 }, () => letters(120))
  const copies = originals.map((text) => `${text}!`)
  const groups = nearDuplicateGroups([...originals, ...copies], { threshold: 0.9 })
  for (let i = 0; i < 200; i++) {
    expect(groups[i]).toBe(i)
    expect(groups[200 + i]).toBe(i)
  }
})

test('every grouped pair is similar, and nearly every similar pair is grouped', () => {
  const texts = Array.from({ length: 60 }, () => letters(100)).flatMap((text) => [
    text,
    text.slice(0, 100 - random.below(40)),
  ])
  const groups = nearDuplicateGroups(texts, { threshold: 0.8 })
  let resembling = 0
  let found = 0
  for (let pair = 0; pair < texts.length; pair += 2) {
    const grouped = groups[pair + 1] === groups[pair]
    const alike = resemblance(texts[pair]!, texts[pair + 1]!) >= 0.8
    if (alike) resembling++
    if (alike && grouped) found++
    if (!alike) expect(grouped).toBe(false)
  }
  expect(resembling).toBeGreaterThan(10)
  expect(found / resembling).toBeGreaterThan(0.85)
})

test('handles short texts, empty texts and many equal texts', () => {
  expect([...nearDuplicateGroups(['a', 'a', '', 'b', ''], { threshold: 0.9 })]).toEqual([
    0, 0, 2, 3, 2,
  ])
  const same = nearDuplicateGroups(
    Array.from({ length: 20_000 }, () => 'the same text'),
    {
      threshold: 0.9,
    },
  )
  expect(same.every((group) => group === 0)).toBe(true)
})
