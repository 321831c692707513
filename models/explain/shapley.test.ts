// Shapley values of games whose values are known: linear ones, products, and words of several tokens.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Classifier } from '../inference/classifier.ts'
import { sampleShapley } from './shapley.ts'
import type { TokenPieces } from './token-pieces.ts'
import type { WordGroup } from './word-groups.ts'

const tokens: TokenPieces = {
  prefix: 1,
  suffix: 1,
  maskId: 0,
  unknownId: undefined,
  padId: undefined,
  unknownWords: true,
  piecesOf: () => [],
}
const odds = { target: 0, temperature: 1, link: 'sigmoid' } as const

/** A classifier whose one logit depends on the tokens that are shown. */
function gameOf(value: (shown: readonly boolean[]) => number) {
  const asked: string[] = []
  const classifier = {
    classifyWhenRoom: (ids: Int32Array) => {
      const shown = Array.from(ids.subarray(1, -1), (id) => id !== 0)
      asked.push(shown.map(Number).join(''))
      const logits = Float32Array.of(value(shown))
      return Promise.resolve({ result: Promise.resolve({ kind: 'ok', logits }) })
    },
  } as unknown as Classifier
  return { classifier, asked }
}

function idsOf(count: number): Int32Array {
  return Int32Array.from([101, ...Array.from({ length: count }, (_, at) => at + 1), 102])
}

const singles = (count: number): WordGroup[] =>
  Array.from({ length: count }, (_, at) => ({ first: at, end: at + 1 }))

function estimate(
  game: ReturnType<typeof gameOf>,
  words: readonly WordGroup[],
  sampling: { seed?: number; samplesMax?: number } = {},
) {
  const { classifier } = game
  const ids = idsOf(words.at(-1)!.end)
  return sampleShapley(ids, { classifier, tokens, words, odds, ...sampling })
}

const sum = (values: readonly { value: number }[]): number =>
  values.reduce((total, { value }) => total + value, 0)

describe('sampled Shapley values', () => {
  it('of a sum are its terms, without an error', async () => {
    const terms = [1, -2, 0.5, 4]
    const game = gameOf((shown) => terms.reduce((all, term, at) => all + (shown[at] ? term : 0), 3))
    const found = await estimate(game, singles(4))
    for (const [at, { value, standardError }] of found.words.entries()) {
      expect(value).toBeCloseTo(terms[at]!, 5)
      expect(standardError).toBeCloseTo(0, 5)
    }
    expect([found.baselineLogOdds, found.textLogOdds]).toEqual([3, 6.5])
    expect(found.permutations).toBe(16)
  })

  it('of a product of two are equal shares, which a pair of orders gives exactly', async () => {
    const game = gameOf(([a, b]) => (a && b ? 6 : 0))
    const { words } = await estimate(game, singles(3))
    expect(words.map(({ value }) => value)).toEqual([3, 3, 0])
  })

  it('come within their standard errors of the exact ones', async () => {
    // A majority of seven with weights: the exact values come from all 5,040 orders.
    const weights = [5, 3, 3, 2, 2, 1, 1]
    const value = (shown: readonly boolean[]) =>
      weights.reduce((all, weight, at) => all + (shown[at] ? weight : 0), 0) > 8 ? 10 : 0
    const exact = exactShapley(weights.length, value)
    const { words, permutations } = await estimate(gameOf(value), singles(7))
    for (const [at, { value: estimated, standardError }] of words.entries()) {
      expect(Math.abs(estimated - exact[at]!)).toBeLessThan(4 * standardError)
      expect(standardError).toBeLessThanOrEqual(0.05 * Math.max(...exact) + 0.05)
    }
    expect(permutations).toBeGreaterThan(16)
  })

  it('add up to the difference from the baseline, whatever the game', async () => {
    const games = fc.array(fc.float({ min: -9, max: 9, noNaN: true }), {
      minLength: 64,
      maxLength: 64,
    })
    await fc.assert(
      fc.asyncProperty(games, fc.integer({ min: 0, max: 99 }), async (table, seed) => {
        const game = gameOf((shown) => table[shown.reduce((at, one) => 2 * at + Number(one), 0)]!)
        const words = [{ first: 0, end: 2 }, { first: 2, end: 3 }, { first: 3, end: 6 }] // prettier-ignore
        const found = await estimate(game, words, { seed })
        const difference = found.textLogOdds - found.baselineLogOdds
        expect(sum(found.words)).toBeCloseTo(difference, 9)
        expect(sum(found.tokens)).toBeCloseTo(difference, 9)
        for (const [at, { first, end }] of words.entries()) {
          expect(sum(found.tokens.slice(first, end))).toBeCloseTo(found.words[at]!.value, 9)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('keep the tokens of a word together', async () => {
    const game = gameOf(() => 0)
    await estimate(game, [{ first: 0, end: 2 }, { first: 2, end: 4 }]) // prettier-ignore
    for (const shown of game.asked) {
      const [a, b, c, d] = shown
      expect(a !== b && c !== d).toBe(false)
    }
  })

  it('are the same for a seed, and end at the limit of classifications', async () => {
    const value = (shown: readonly boolean[]) =>
      shown.reduce((all, one, at) => (one ? Math.sin(3 * all + at) * 5 : all), 0)
    const run = (seed: number) => estimate(gameOf(value), singles(40), { seed, samplesMax: 500 })
    expect(await run(7)).toEqual(await run(7))
    expect((await run(7)).words).not.toEqual((await run(8)).words)
    const game = gameOf(value)
    await estimate(game, singles(40), { samplesMax: 500 })
    expect(game.asked.length).toBeGreaterThanOrEqual(500)
    // The last pair of orders is finished.
    expect(game.asked.length).toBeLessThan(500 + 2 * 40)
    expect(new Set(game.asked).size).toBe(game.asked.length)
  })
})

/** The values over all orders. */
function exactShapley(count: number, value: (shown: readonly boolean[]) => number): number[] {
  const totals = new Array<number>(count).fill(0)
  let orders = 0
  const visit = (shown: boolean[], gains: readonly number[]): void => {
    if (shown.every(Boolean)) {
      orders++
      for (const [at, gain] of gains.entries()) totals[at]! += gain
    }
    for (const [at, one] of shown.entries()) {
      if (one) continue
      const next = shown.with(at, true)
      visit(next, gains.toSpliced(at, 1, value(next) - value(shown)))
    }
  }
  visit(new Array<boolean>(count).fill(false), new Array<number>(count).fill(0))
  return totals.map((total) => total / orders)
}
