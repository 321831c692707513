// The rule of pruning as a function: when it stops a trial, and what holds for every history.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stopsAtRung } from './asha.ts'
import { isBetter, metricNames } from './study.ts'

const stops = (
  epochs: number[],
  others: number[][],
  metric: 'accuracy' | 'log_loss' = 'accuracy',
) =>
  stopsAtRung({
    epochs,
    others: others.map((each) => ({ epochs: each })),
    metric,
    reductionFactor: 3,
  })

test('stops what is below the best third of a rung', () => {
  expect(stops([0.5], [])).toBe(false)
  expect(stops([0.5], [[0.6]])).toBe(true)
  expect(stops([0.5], [[0.6], [0.4]])).toBe(true)
  // Two of four go on.
  expect(stops([0.5], [[0.6], [0.4], [0.3]])).toBe(false)
  expect(stops([0.5], [[0.6], [0.55], [0.3]])).toBe(true)
  expect(stops([0.5], [[0.6], [0.4], [0.3]], 'log_loss')).toBe(true)
  // Equal values are not below each other.
  expect(stops([0.5], [[0.5], [0.5], [0.5]])).toBe(false)
})

test('looks at the trials that reached the rung, and only at rungs', () => {
  expect(stops([0.9, 0.1], [[0.5, 0.9]])).toBe(false)
  expect(stops([0.9, 0.9, 0.1], [[0.5]])).toBe(false)
  expect(stops([0.9, 0.9, 0.1], [[0.5, 0.5, 0.2]])).toBe(true)
  expect(stops(new Array<number>(9).fill(0.1), [new Array<number>(9).fill(0.2)])).toBe(true)
})

test('begins at its first rung', () => {
  const others = [{ epochs: [0.9, 0.9, 0.9] }]
  const ask = (epochs: number[]) =>
    stopsAtRung({ epochs, others, metric: 'accuracy', reductionFactor: 3, firstRung: 3 })
  expect(ask([0.1])).toBe(false)
  expect(ask([0.1, 0.1])).toBe(false)
  expect(ask([0.1, 0.1, 0.1])).toBe(true)
})

test('puts a value that is no number last, and ignores those of others', () => {
  expect(stops([NaN], [[0.1]])).toBe(true)
  expect(stops([NaN], [])).toBe(false)
  expect(stops([0.1], [[NaN], [NaN]])).toBe(false)
})

const history = fc.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }))

test('never stops the best value of a rung, and the same history gives the same answer', () => {
  const epochs = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 1,
    maxLength: 12,
  })
  fc.assert(
    fc.property(
      epochs,
      history,
      fc.constantFrom(...metricNames),
      fc.integer({ min: 2, max: 5 }),
      (own, all, metric, reductionFactor) => {
        const others = all.map((each) => ({ epochs: each }))
        const ask = () => stopsAtRung({ epochs: own, others, metric, reductionFactor })
        const value = own.at(-1)!
        const isBest = all.every((each) => {
          const other = each[own.length - 1]
          return other === undefined || !isBetter(metric, other, value)
        })
        if (isBest) expect(ask()).toBe(false)
        expect(ask()).toBe(ask())
        // The order of the others does not matter.
        const reversed = { epochs: own, others: others.toReversed(), metric, reductionFactor }
        expect(stopsAtRung(reversed)).toBe(ask())
      },
    ),
  )
})
