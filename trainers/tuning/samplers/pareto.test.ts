// Dominance, the order of trials by it, and the area under a front.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { byDominance, dominatedArea, dominates, nondominated, type LossPair } from './pareto.ts'

const pair: fc.Arbitrary<LossPair> = fc.tuple(fc.nat(9), fc.nat(9))

test('a pair dominates what is no better in either loss, and worse in one', () => {
  expect(dominates([1, 2], [1, 3])).toBe(true)
  expect(dominates([1, 2], [1, 2])).toBe(false)
  expect(dominates([0, 3], [1, 2])).toBe(false)
})

test('the area of a staircase counts each part once', () => {
  const reference: LossPair = [4, 4]
  expect(dominatedArea([], reference)).toBe(0)
  expect(dominatedArea([[1, 2]], reference)).toBe(6)
  expect(
    dominatedArea(
      [
        [1, 2],
        [2, 1],
      ],
      reference,
    ),
  ).toBe(8)
  // One that is dominated adds nothing.
  expect(
    dominatedArea(
      [
        [3, 3],
        [1, 2],
        [2, 1],
      ],
      reference,
    ),
  ).toBe(8)
})

test('the order begins with the front, and no pair stands before one that dominates it', () => {
  fc.assert(
    fc.property(fc.array(pair, { minLength: 1, maxLength: 20 }), (pairs) => {
      const order = byDominance(pairs)
      expect(order.toSorted((a, b) => a - b)).toEqual(pairs.map((_, place) => place))
      const front = new Set(nondominated(pairs))
      expect(new Set(order.slice(0, front.size))).toEqual(front)
      for (const [at, place] of order.entries()) {
        for (const later of order.slice(at + 1)) {
          expect(dominates(pairs[later]!, pairs[place]!)).toBe(false)
        }
      }
    }),
  )
})

test('within a front, the ends and the middle come before a near neighbour', () => {
  const pairs: LossPair[] = [
    [0, 10],
    [0.1, 9.9],
    [5, 5],
    [10, 0],
  ]
  expect(byDominance(pairs).at(-1)).not.toBe(2)
  expect(byDominance(pairs)[0]).toBe(2)
})
