// Which bracket a trial belongs to.
import { expect, test } from 'vitest'
import { bracketOf, bracketsFor } from './hyperband.ts'

test('has a bracket for each power of the reduction factor', () => {
  expect([1, 2, 3, 8, 9, 26, 27].map((epochs) => bracketsFor(epochs, 3))).toEqual([
    ...[1, 1, 2, 2, 3, 3, 4],
  ])
})

test('gives the brackets the shares of the paper, spread over the trials', () => {
  // Table 1 of the paper: η = 3 and R = 81 start 81, 34, 15, 8 and 5 trials.
  const options = { brackets: 5, reductionFactor: 3 }
  const of = Array.from({ length: 143 }, (_, trial) => bracketOf(trial, options))
  const counts = [0, 1, 2, 3, 4].map((bracket) => of.filter((each) => each === bracket).length)
  expect(counts).toEqual([81, 34, 15, 8, 5])
  expect(of[0]).toBe(0)
  // No bracket waits for the end: half of the trials have about half of each share.
  const half = of.slice(0, 71)
  expect(half.filter((each) => each === 1).length).toBeCloseTo(17, -1)
  expect(half.filter((each) => each === 4).length).toBeGreaterThan(1)
})

test('is ASHA with one bracket', () => {
  expect(bracketOf(17, { brackets: 1, reductionFactor: 3 })).toBe(0)
})
