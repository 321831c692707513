import fc from 'fast-check'
import { expect, it } from 'vitest'
import { spansOf } from './attribution-spans.ts'

it('shades words by their share of the strongest, and leaves weak ones alone', () => {
  const words = [
    { text: 'Free', start: 0, end: 4, attribution: 2 },
    { text: 'lunch', start: 5, end: 10, attribution: -1 },
    { text: 'on', start: 11, end: 13, attribution: 0.01 },
  ]
  expect(
    spansOf('Free lunch on', words).map(({ part, sign, strength }) => [part, sign, strength]),
  ).toEqual([
    ['Free', 'for', 1],
    [' ', undefined, 0],
    ['lunch', 'against', 0.5],
    [' on', undefined, 0],
  ])
})

it('gives the whole text back, whatever the places', () => {
  const word = fc.record({
    text: fc.constant(''),
    start: fc.nat(40),
    end: fc.nat(40),
    attribution: fc.double({ min: -9, max: 9, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.array(word), (text, words) => {
      expect(
        spansOf(text, words)
          .map(({ part }) => part)
          .join(''),
      ).toBe(text)
    }),
  )
})
