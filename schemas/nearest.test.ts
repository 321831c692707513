// What counts as near, and in which order.
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
