// Fits a small model: a softmax over TF-IDF vectors plus static token vectors, both trained
// together by stochastic gradient descent on soft labels. build-cascade.ts says which texts and
// labels.
import type { SmallModelParts } from '../../models/cascade/small-model.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { gramRows, gramVocabulary, type SparseRows } from './gram-rows.ts'
import { quantizedRows } from './quantized-rows.ts'

/** Where the vectors of tokens start: float32 [vocabulary, width], with their weights in a mean. */
export type StaticVectors = {
  readonly width: number
  readonly vectors: Float32Array
  /** float32 [vocabulary]; 0 for tokens without a vector. */
  readonly shares: Float32Array
}

/** The texts to fit, and how. */
export type SmallModelTraining = {
  /** Token ids int32 [tokens] of each text. */
  readonly texts: readonly Int32Array[]
  /** float32 [texts, labels]: the probabilities to learn. */
  readonly targets: Float32Array
  readonly labels: number
  readonly vectors: StaticVectors
  readonly epochs?: number | undefined
  readonly seed?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** Learning rates of AdaGrad (Duchi et al. 2011, JMLR 12), which fall linearly to 0. */
const rates = { grams: 1, head: 0.1, vectors: 0.1 } as const
const epochsDefault = 12
/** So that the first step of a weight is not larger than its rate. */
const epsilon = 1e-6

/**
 * Fits the small model; the same texts and seed give the same bytes.
 *
 * @throws WinnowError `cancelled`.
 */
export function fitSmallModel(training: SmallModelTraining): SmallModelParts {
  const { texts, vectors, labels } = training
  const vocabulary = gramVocabulary(texts)
  const rows = gramRows(texts, vocabulary)
  const weights = fitWeights(training, rows, vocabulary.rarity.length)
  const tokens = {
    ...quantizedRows(tokenLogits(weights, vectors, labels), labels),
    shares: vectors.shares,
  }
  const grams = { ...vocabulary, ...quantizedRows(weights.grams, labels) }
  return { bias: weights.bias, grams, tokens }
}

type Weights = {
  /** float32 [labels]. */
  readonly bias: Float32Array
  /** float32 [grams, labels]. */
  readonly grams: Float32Array
  /** float32 [width, labels]. */
  readonly head: Float32Array
  /** float32 [vocabulary, width]. */
  readonly vectors: Float32Array
}

function fitWeights(training: SmallModelTraining, rows: SparseRows, grams: number): Weights {
  const { texts, targets, labels, vectors: start, signal } = training
  const { epochs = epochsDefault, seed = 1 } = training
  const { width, shares } = start
  const vocabulary = shares.length
  const weights: Weights = {
    bias: new Float32Array(labels),
    grams: new Float32Array(grams * labels),
    head: new Float32Array(width * labels),
    vectors: Float32Array.from(start.vectors),
  }
  // Sums of squared gradients, one per row: rows of rare tokens keep long steps.
  const seen = {
    grams: new Float64Array(grams).fill(epsilon),
    vectors: new Float64Array(vocabulary).fill(epsilon),
    head: epsilon,
    bias: epsilon,
  }
  const mean = new Float64Array(width)
  const meanGradient = new Float64Array(width)
  const gradient = new Float64Array(labels)
  const order = Int32Array.from(texts, (_, at) => at)
  const random = seededRandom(seed)
  const steps = epochs * texts.length
  let step = 0
  for (let epoch = 0; epoch < epochs; epoch++) {
    if (signal?.aborted === true) throw new WinnowError('cancelled', 'The fitting was cancelled.')
    random.shuffle(order)
    for (const text of order) {
      const rate = 1 - step++ / steps
      const ids = texts[text]!
      const total = meanVector(ids, { vectors: weights.vectors, shares }, mean)
      const [from, to] = [rows.starts[text]!, rows.starts[text + 1]!]
      gradient.set(weights.bias)
      for (let at = from; at < to; at++) {
        const row = rows.columns[at]! * labels
        const value = rows.values[at]!
        for (let l = 0; l < labels; l++) gradient[l]! += value * weights.grams[row + l]!
      }
      for (let d = 0; d < width; d++) {
        const value = mean[d]!
        for (let l = 0; l < labels; l++) gradient[l]! += value * weights.head[d * labels + l]!
      }
      softmaxInPlace(gradient)
      let squares = 0
      for (let l = 0; l < labels; l++) {
        gradient[l]! -= targets[text * labels + l]!
        squares += gradient[l]! ** 2
      }
      seen.bias += squares
      const biasStep = (rate * rates.grams) / Math.sqrt(seen.bias)
      for (let l = 0; l < labels; l++) weights.bias[l]! -= biasStep * gradient[l]!
      for (let at = from; at < to; at++) {
        const gram = rows.columns[at]!
        const value = rows.values[at]!
        seen.grams[gram]! += value * value * squares
        const change = (rate * rates.grams * value) / Math.sqrt(seen.grams[gram]!)
        const row = gram * labels
        for (let l = 0; l < labels; l++) weights.grams[row + l]! -= change * gradient[l]!
      }
      if (total === 0) continue
      let meanSquares = 0
      let headSquares = 0
      for (let d = 0; d < width; d++) {
        let sum = 0
        for (let l = 0; l < labels; l++) sum += weights.head[d * labels + l]! * gradient[l]!
        meanGradient[d] = sum
        meanSquares += sum * sum
        headSquares += mean[d]! ** 2
      }
      seen.head += (headSquares * squares) / width
      const headStep = (rate * rates.head) / Math.sqrt(seen.head)
      for (let d = 0; d < width; d++) {
        const change = headStep * mean[d]!
        for (let l = 0; l < labels; l++) weights.head[d * labels + l]! -= change * gradient[l]!
      }
      for (const id of ids) {
        const share = (shares[id] ?? 0) / total
        if (share === 0) continue
        seen.vectors[id]! += (share * share * meanSquares) / width
        const change = (rate * rates.vectors * share) / Math.sqrt(seen.vectors[id]!)
        for (let d = 0; d < width; d++)
          weights.vectors[id * width + d]! -= change * meanGradient[d]!
      }
    }
  }
  return weights
}

/** The weighted mean of the vectors of a text, into `mean`; returns the sum of the weights. */
function meanVector(
  ids: Int32Array,
  { vectors, shares }: Pick<StaticVectors, 'vectors' | 'shares'>,
  mean: Float64Array,
): number {
  const width = mean.length
  let total = 0
  mean.fill(0)
  for (const id of ids) {
    const share = shares[id] ?? 0
    if (share === 0) continue
    total += share
    for (let d = 0; d < width; d++) mean[d]! += share * vectors[id * width + d]!
  }
  if (total > 0) for (let d = 0; d < width; d++) mean[d]! /= total
  return total
}

/** float32 [vocabulary, labels]: every vector times the head. */
function tokenLogits(
  { vectors, head }: Weights,
  { width, shares }: StaticVectors,
  labels: number,
): Float32Array {
  const logits = new Float32Array(shares.length * labels)
  for (let token = 0; token < shares.length; token++) {
    for (let d = 0; d < width; d++) {
      const value = vectors[token * width + d]!
      if (value === 0) continue
      for (let l = 0; l < labels; l++) logits[token * labels + l]! += value * head[d * labels + l]!
    }
  }
  return logits
}

function softmaxInPlace(values: Float64Array): void {
  let largest = -Infinity
  for (const value of values) largest = Math.max(largest, value)
  let sum = 0
  for (let at = 0; at < values.length; at++) sum += values[at] = Math.exp(values[at]! - largest)
  for (let at = 0; at < values.length; at++) values[at]! /= sum
}
