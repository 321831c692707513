// What counts as near, and in which order.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearest, nearestFew } from './nearest.ts'

test('the nearest candidate is the one with the fewest edits, whatever the case', () => {
  expect(nearest('Spamm', ['ham', 'spam', 'spammer'])).toBe('spam')
  expect(nearest('refund', ['parcel', 'praise'])).toBeUndefined()
  expect(nearest('mail', [])).toBeUndefined()
})

test('several are sorted by their edits, and no more than asked for', () => {
  const labels = new Set(['refunds', 'refund', 'refunded', 'parcel'])
  expect(nearestFew('refund', labels, 3)).toEqual(['refund', 'refunded', 'refunds'])
  expect(nearestFew('refund', labels, 1)).toEqual(['refund'])
})

test.each([
  ['spma', ['spam']],
  ['SPAM', ['spam', 'spam-eu']],
  ['intent', ['intents']],
  ['sentimnet', ['sentiment']],
  ['weather', []],
])("names near '%s'", (name, near) => {
  const names = ['spam', 'spam-eu', 'intents', 'sentiment', 'spin']
  expect(nearestFew(name, names, 3)).toEqual(near)
})

test.each(['x', 'ab', 'a', ''])("'%s' is too short for a guess", (name) => {
  expect(nearestFew(name, ['ab', 'abc', 'spam', 'xy'], 3)).toEqual([])
})

test.each([
  ['mial', true],
  ['mails', true],
  ['mai', true],
  ['nail', true],
  ['mlia', false],
  ['liam', false],
])("'%s' may have been 'mail': %s", (name, isNear) => {
  expect(nearest(name, ['mail'])).toBe(isNear ? 'mail' : undefined)
})

/** Optimal string alignment as the textbook has it, with every cell. */
function distance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length
  const [restA, restB] = [a.slice(1), b.slice(1)]
  if (a[0] === b[0]) return distance(restA, restB)
  const isSwapped = a[0] === b[1] && a[1] === b[0]
  const swapped = isSwapped ? distance(a.slice(2), b.slice(2)) : Infinity
  return 1 + Math.min(distance(restA, b), distance(a, restB), distance(restA, restB), swapped)
}

test('a candidate is near when there is at most one edit for every three letters', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 })
  fc.assert(
    fc.property(word, word, (name, candidate) => {
      const isInside =
        candidate.length > 2 && (candidate.includes(name) || name.includes(candidate))
      const edits = Math.min(distance(name, candidate), isInside ? 1 : Infinity)
      const isNear = name.length > 2 && edits <= name.length / 3
      expect(nearest(name, [candidate])).toBe(isNear ? candidate : undefined)
    }),
    { numRuns: 2_000 },
  )
})
