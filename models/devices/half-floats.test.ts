// Every 16-bit number comes back as itself, and numbers between two of them go to the nearest.
import { describe, expect, it } from 'vitest'
import { halfFloats } from './half-floats.ts'

/** The number of a binary16: sign, 5 bits of exponent, 10 of fraction (IEEE 754-2019, 3.4). */
function numberOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  if (exponent === 0) return (sign * fraction) / 2 ** 24
  return sign * (1 + fraction / 1_024) * 2 ** (exponent - 15)
}

const halfOf = (number: number): number => halfFloats('weight', Float32Array.of(number))[0]!
/** 0 and all positive finite ones, in order. */
const finite = Array.from({ length: 0x7c00 }, (_, half) => half)

describe('halfFloats', () => {
  it('keeps each number that 16 bits hold, of both signs', () => {
    const all = [...finite, ...finite.map((half) => half | 0x8000), 0x7c00, 0xfc00]
    expect([...halfFloats('weight', Float32Array.from(all, numberOf))]).toEqual(all)
    expect(numberOf(halfOf(NaN))).toBeNaN()
  })

  it('rounds to the nearest, and from the middle to the even one', () => {
    const middles = Float32Array.from(finite.slice(1), (half) => {
      return (numberOf(half - 1) + numberOf(half)) / 2
    })
    const even = finite.slice(1).map((half) => (half % 2 === 0 ? half : half - 1))
    expect([...halfFloats('weight', middles)]).toEqual(even)
    const step = 2 ** -23
    expect([
      ...halfFloats(
        'weight',
        middles.map((one) => one * (1 + step)),
      ),
    ]).toEqual(finite.slice(1))
    expect([
      ...halfFloats(
        'weight',
        middles.map((one) => one * (1 - step)),
      ),
    ]).toEqual(finite.slice(0, -1))
  })

  it('makes numbers below half of the smallest 0', () => {
    expect([halfOf(2 ** -26), halfOf(-(2 ** -26)), halfOf(1e-40)]).toEqual([0, 0x8000, 0])
  })

  it('refuses a finite number that would become infinite', () => {
    expect(halfOf(65_519)).toBe(0x7bff)
    expect(() => halfOf(65_520)).toThrow(/weight holds 65520.*Set inference.precision to fp32/)
    expect(() => halfOf(-1e6)).toThrow(/holds -1000000/)
  })
})
