// Numbers of 32 bits are read as people wrote them, and stay the same numbers.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { shortFloat } from './short-float.ts'

it.each([0.1, -2.5, 19.99, 1e-7, 3.4e38, 123_456.78, 0, -0, 7, NaN, Infinity])('%d', (value) => {
  const float = Math.fround(value)
  expect(String(shortFloat(float))).toBe(
    Number.isInteger(float) ? String(float) : String(Number(value.toPrecision(8))),
  )
})

it('is the same number of 32 bits', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (value) => {
      expect(Math.fround(shortFloat(value))).toBe(value)
    }),
  )
})
