// What counts as near, and in which order.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearest, nearestFew } from './nearest.ts'

test('the nearest candidate is the one with the fewest changed letters, whatever their case', () => {
  expect(nearest('Spamm', ['ham', 'spam', 'spammer'])).toBe('spam')
  expect(nearest('refund', ['parcel', 'praise'])).toBeUndefined()
  expect(nearest('a', ['b'])).toBe('b')
  expect(nearest('x', [])).toBeUndefined()
})

test('several are sorted by their distance, and no more than asked for', () => {
  const labels = new Set(['refunds', 'refund', 'refunded', 'parcel'])
  expect(nearestFew('refund', labels, 3)).toEqual(['refund', 'refunds', 'refunded'])
  expect(nearestFew('refund', labels, 1)).toEqual(['refund'])
})

/** The textbook's, with every cell. */
function distance(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length
  const [restA, restB] = [a.slice(1), b.slice(1)]
  if (a[0] === b[0]) return distance(restA, restB)
  return 1 + Math.min(distance(restA, b), distance(a, restB), distance(restA, restB))
}

test('a candidate is near when at most a third of the letters, or one, differ', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 7 })
  fc.assert(
    fc.property(word, word, (name, candidate) => {
      const isNear = distance(name, candidate) <= Math.max(1, name.length / 3)
      expect(nearest(name, [candidate])).toBe(isNear ? candidate : undefined)
    }),
    { numRuns: 500 },
  )
})
