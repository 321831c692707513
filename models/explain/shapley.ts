// A sampling estimate of Shapley values (Shapley 1953), the average over all orders in which words
// are revealed of how much each moves the log-odds of a label (Castro, Gomez and Tejada 2009,
// doi:10.1016/j.cor.2008.04.004). It needs only the classifier, so it works for every model.
//
// The tokens of a word stay together in an order, so a word's value is that of the game of words,
// and its tokens share it as Owen values do (Owen 1977, "Values of games with a priori unions").
// Orders come in pairs, each with its reverse, which cancels part of the variance (antithetic
// sampling; Mitchell et al. 2022, "Sampling permutations for Shapley value estimation", JMLR 23).
import { WinnowError } from '../../schemas/errors.ts'
import type { Classifier } from '../inference/classifier.ts'
import { mapInOrder } from '../runtime/map-in-order.ts'
import { seededRandom, type SeededRandom } from '../runtime/seeded-random.ts'
import { logOdds, type OddsOptions } from './label-odds.ts'
import { hideWhere, replacementOf, type Replacement } from './occlusion.ts'
import type { TokenPieces } from './token-pieces.ts'
import type { WordGroup } from './word-groups.ts'

/** An estimate of one value, in log-odds, with its standard error. */
export type Estimate = { readonly value: number; readonly standardError: number }

/** Estimates in log-odds: positive where a token or word speaks for the label. */
export type ShapleyValues = {
  readonly replacement: Replacement
  readonly tokens: readonly Estimate[]
  /** The sum over all words, as over all tokens, is that of the text minus the baseline. */
  readonly words: readonly Estimate[]
  /** The log-odds of the text, and of the text with every token hidden. */
  readonly textLogOdds: number
  readonly baselineLogOdds: number
  readonly permutations: number
}

/** How long to sample. */
export type SamplingOptions = {
  /** The seed of the orders. Default 1. */
  readonly seed?: number | undefined
  /** Classifications after which no further orders are drawn. Default 2,000. */
  readonly samplesMax?: number | undefined
}

/** With fewer pairs of orders, the standard error is not known well enough to stop by it. */
const pairsMin = 8
const pairsMax = 512
/** Texts of one round, so that there are batches to fill. */
const roundTextsMin = 64
/** Sampling ends when each word's standard error is at most this share of the largest value. */
const standardErrorShare = 0.05
/** A standard error of so few log-odds is small whatever the values are. */
const standardErrorSmall = 0.01
const samplesMaxDefault = 2_000
const windowTextsMax = 4_096

type Game = {
  readonly classifier: Classifier
  readonly tokens: TokenPieces
  readonly words: readonly WordGroup[]
  readonly odds: OddsOptions
  readonly signal?: AbortSignal | undefined
}

/**
 * Estimates the values of the tokens and words of ids int32 [tokens] (special tokens around them
 * are kept). Sampling ends when each word's standard error is at most 5 % of the largest value, or
 * 0.01 log-odds, or after `samplesMax` classifications.
 *
 * Throws `model_incompatible` if the model gives no finite number, what `signal` aborts with, and
 * as Classifier.classify.
 */
export async function sampleShapley(
  ids: Int32Array,
  options: Game & SamplingOptions,
): Promise<ShapleyValues> {
  const { words, seed = 1, samplesMax = samplesMaxDefault } = options
  const count = words.at(-1)?.end ?? 0
  const game = coalitionOdds(ids, options)
  const ends = [new Uint8Array(count), new Uint8Array(count).fill(1)]
  const [baselineLogOdds, textLogOdds] = (await game.logOddsOf(ends)) as [number, number]
  const random = seededRandom(seed)
  const ofTokens = new Moments(count)
  const ofWords = new Moments(words.length)
  const roundPairs = Math.ceil(roundTextsMin / (2 * count))
  const isDone = (): boolean =>
    ofWords.count >= pairsMax ||
    game.samples() >= samplesMax ||
    (ofWords.count >= pairsMin && isPrecise(ofWords.estimates()))
  while (ofWords.count < 2 || !isDone()) {
    const orders = Array.from({ length: roundPairs }, () => orderPair(words, random)).flat()
    const found = await game.logOddsOf(orders.flatMap((order) => [...coalitions(order)]))
    for (let first = 0; first < orders.length; first += 2) {
      const pair = [first, first + 1].map((at) =>
        gainsOf(orders[at]!, found.slice(at * (count + 1), (at + 1) * (count + 1))),
      )
      const gains = Float64Array.from(pair[0]!, (gain, token) => (gain + pair[1]![token]!) / 2)
      ofTokens.add(gains)
      ofWords.add(Float64Array.from(words, ({ first, end }) => sum(gains.subarray(first, end))))
    }
  }
  return {
    replacement: replacementOf(options.tokens),
    tokens: ofTokens.estimates(),
    words: ofWords.estimates(),
    textLogOdds,
    baselineLogOdds,
    permutations: 2 * ofWords.count,
  }
}

/** A random order of the tokens that keeps those of a word together, and its reverse. */
function orderPair(words: readonly WordGroup[], random: SeededRandom): [Int32Array, Int32Array] {
  const order = random
    .shuffle([...words])
    .flatMap(({ first, end }) =>
      random.shuffle(Array.from({ length: end - first }, (_, at) => first + at)),
    )
  return [Int32Array.from(order), Int32Array.from(order.toReversed())]
}

/** The sets of shown tokens along an order, from none to all: a 1 for each token that is shown. */
function* coalitions(order: Int32Array): Generator<Uint8Array> {
  const shown = new Uint8Array(order.length)
  yield shown.slice()
  for (const token of order) {
    shown[token] = 1
    yield shown.slice()
  }
}

/** How much each token raised the log-odds when it was shown: float64 [tokens]. */
function gainsOf(order: Int32Array, logOddsAlong: readonly number[]): Float64Array {
  const gains = new Float64Array(order.length)
  for (const [at, token] of order.entries()) {
    gains[token] = logOddsAlong[at + 1]! - logOddsAlong[at]!
  }
  return gains
}

/** The log-odds of sets of shown tokens; each set is classified once. */
function coalitionOdds(ids: Int32Array, { classifier, tokens, odds, signal }: Game) {
  const known = new Map<string, number>()
  const keyOf = (shown: Uint8Array): string => Buffer.from(shown).toString('latin1')
  const start = (shown: Uint8Array) =>
    classifier.classifyWhenRoom(
      hideWhere(ids, tokens, (token) => shown[token] === 0),
      { signal },
    )
  return {
    samples: () => known.size,
    logOddsOf: async (sets: readonly Uint8Array[]): Promise<number[]> => {
      const missing = new Map(
        sets.map((shown) => [keyOf(shown), shown] as const).filter(([key]) => !known.has(key)),
      )
      const keys = missing.keys()
      const outcomes = mapInOrder(missing.values(), start, { windowMax: windowTextsMax })
      for await (const outcome of outcomes) {
        if (outcome.kind === 'rejected') {
          throw new WinnowError('model_incompatible', outcome.error.message)
        }
        known.set(keys.next().value!, logOdds(outcome.logits, odds))
      }
      return sets.map((shown) => known.get(keyOf(shown))!)
    },
  }
}

/** Mean and standard error of each of some values, by Welford's method (1962). */
class Moments {
  count = 0
  readonly #means: Float64Array
  readonly #squares: Float64Array

  constructor(size: number) {
    this.#means = new Float64Array(size)
    this.#squares = new Float64Array(size)
  }

  add(values: Float64Array): void {
    this.count++
    for (const [at, value] of values.entries()) {
      const before = value - this.#means[at]!
      this.#means[at]! += before / this.count
      this.#squares[at]! += before * (value - this.#means[at]!)
    }
  }

  estimates(): Estimate[] {
    return Array.from(this.#means, (value, at) => ({
      value,
      standardError: Math.sqrt(this.#squares[at]! / (this.count - 1) / this.count),
    }))
  }
}

function isPrecise(estimates: readonly Estimate[]): boolean {
  const largest = Math.max(...estimates.map(({ value }) => Math.abs(value)))
  const errorMax = Math.max(standardErrorShare * largest, standardErrorSmall)
  return estimates.every(({ standardError }) => standardError <= errorMax)
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}
