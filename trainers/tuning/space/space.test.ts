import fc from 'fast-check'
import { expect, test } from 'vitest'
import { branches } from '../../../tests/support/objective-functions.ts'
import { cellOf, unitOfValue, unitsOf, valueAtUnit, valuesAt, type Parameter } from './space.ts'

function numeric(kind: 'float' | 'int', low: number, high: number, scale: 'linear' | 'log') {
  return { name: 'x', domain: { kind, low, high, scale }, when: [] } satisfies Parameter
}

test('spreads whole numbers evenly, the ends included', () => {
  const counts = new Map<unknown, number>()
  for (let step = 0; step < 300; step++) {
    const value = valueAtUnit(numeric('int', 3, 5, 'linear'), (step + 0.5) / 300)
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  expect([...counts]).toEqual([
    [3, 100],
    [4, 100],
    [5, 100],
  ])
})

test('spreads a log scale by orders of magnitude', () => {
  const rate = numeric('float', 1e-5, 1e-1, 'log')
  expect(valueAtUnit(rate, 0)).toBe(1e-5)
  expect(valueAtUnit(rate, 0.5)).toBeCloseTo(1e-3, 12)
  expect(unitOfValue(rate, 1e-2)).toBeCloseTo(0.75, 12)
})

test('takes a number outside of the domain for its nearest end', () => {
  const share = numeric('float', 0, 0.3, 'linear')
  expect(unitOfValue(share, 0.5)).toBe(1)
  expect(unitOfValue(share, 'none')).toBeUndefined()
})

test('has no value of an inactive parameter', () => {
  const off = valuesAt(branches.space, Float64Array.of(0.9, 0.5, 0.5, 0.5, 0.1))
  expect(off).toEqual({ branch: 'off', flag: true })
  expect(unitsOf(branches.space, off)).toEqual([5 / 6, undefined, undefined, undefined, 0.25])
})

const domains = fc
  .tuple(
    fc.constantFrom('float', 'int'),
    fc.integer({ min: 1, max: 1_000 }),
    fc.integer({ min: 0, max: 1_000 }),
    fc.constantFrom('linear', 'log'),
  )
  .map(([kind, low, width, scale]) => numeric(kind, low, low + width, scale))

test('goes from values to the unit range and back', () => {
  fc.assert(
    fc.property(domains, fc.double({ min: 0, max: 1, noNaN: true }), (parameter, unit) => {
      const value = valueAtUnit(parameter, unit) as number
      const { low, high, kind } = parameter.domain
      expect(value >= low && value <= high).toBe(true)
      const back = unitOfValue(parameter, value)!
      expect(back >= 0 && back <= 1).toBe(true)
      if (kind === 'int') expect(valueAtUnit(parameter, back)).toBe(value)
      const [from, to] = cellOf(parameter, unit)
      expect(from <= unit + 1e-9 && unit <= to + 1e-9).toBe(true)
    }),
  )
})
