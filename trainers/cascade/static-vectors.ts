// Static vectors of tokens: what the encoder gives for each token alone, reduced to fewer
// dimensions (as in model2vec, Tulkens and van Dongen 2024), and the weight of each token in the
// mean of a text. fit-small-model.ts starts from them.
import type { TextEncoder } from '../../models/inference/text-encoder.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { StaticVectors } from './fit-small-model.ts'
import { principalAxes, type VectorRows } from './principal-axes.ts'

/** The columns of the vectors. */
const columns = 128
/**
 * Only the last components of a wider embedding count; of the means of all layers, the top one's.
 */
const componentsMax = 384
/**
 * Tokens with a vector: those of the texts, up to the first number, and others with the lowest ids,
 * which are the most frequent ones in most vocabularies, up to the second.
 */
const occurringMax = 50_000
const tokensWanted = 10_000
const batch = 512
/** The constant of smooth inverse frequency (Arora et al. 2017, ICLR). */
const smoothing = 1e-3

/** The tokens of an encoder, and the texts by which they are weighted. */
export type StaticVectorOptions = {
  readonly encoder: Pick<TextEncoder, 'embed' | 'hidden' | 'tokenize'>
  readonly vocabulary: number
  /** Token ids int32 [tokens] of the training texts. */
  readonly texts: readonly Int32Array[]
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: { done: number; total: number }) => void) | undefined
}

/** Encodes the tokens; the same encoder and texts give the same vectors. */
export async function staticVectors(options: StaticVectorOptions): Promise<StaticVectors> {
  const { encoder, vocabulary, texts } = options
  const around = specialTokens(encoder)
  const counts = tokenCounts(texts, vocabulary)
  for (const special of [...around.before, ...around.after]) counts[special] = 0
  const tokens = encodedTokens(counts, new Set([...around.before, ...around.after]))
  const rows = await encodeTokens(tokens, { ...options, around })
  const { rows: reduced, width } = principalAxes(rows, columns)
  const scale = 1 / rootMeanSquare(reduced)
  const size = (tokens.at(-1) ?? -1) + 1
  const vectors = new Float32Array(size * width)
  const shares = new Float32Array(size)
  const total = counts.reduce((sum, count) => sum + count, 0) + tokens.length / 2
  for (const [row, token] of tokens.entries()) {
    for (let d = 0; d < width; d++) vectors[token * width + d] = reduced[row * width + d]! * scale
    shares[token] = smoothing / (smoothing + (counts[token]! + 0.5) / total)
  }
  return { width, vectors, shares }
}

/** For models without an encoder of their own: no token has a vector. */
export const noVectors: StaticVectors = {
  width: 1,
  vectors: new Float32Array(0),
  shares: new Float32Array(0),
}

/** The ids before and after the words of every text. */
function specialTokens({ tokenize }: StaticVectorOptions['encoder']): {
  before: readonly number[]
  after: readonly number[]
} {
  const empty = [...tokenize('').ids]
  const { ids } = tokenize('a')
  const before = empty.findIndex((id, at) => ids[at] !== id)
  return before < 0
    ? { before: empty, after: [] }
    : { before: empty.slice(0, before), after: empty.slice(before) }
}

function tokenCounts(texts: readonly Int32Array[], vocabulary: number): Float64Array {
  const counts = new Float64Array(vocabulary)
  for (const ids of texts) for (const id of ids) counts[id]! += 1
  return counts
}

/** The tokens to encode, ascending. */
function encodedTokens(counts: Float64Array, special: ReadonlySet<number>): number[] {
  const occurring: number[] = []
  const others: number[] = []
  for (const [token, count] of counts.entries()) {
    if (!special.has(token)) (count > 0 ? occurring : others).push(token)
  }
  const further = others.slice(0, Math.max(0, tokensWanted - occurring.length))
  return [...occurring.slice(0, occurringMax), ...further].sort((a, b) => a - b)
}

async function encodeTokens(
  tokens: readonly number[],
  options: StaticVectorOptions & { around: ReturnType<typeof specialTokens> },
): Promise<VectorRows> {
  const { encoder, around, signal, onProgress } = options
  const { before, after } = around
  const width = Math.min(encoder.hidden, componentsMax)
  const rows = new Float32Array(tokens.length * width)
  for (let start = 0; start < tokens.length; start += batch) {
    if (signal?.aborted === true) throw new WinnowError('cancelled', 'The build was cancelled.')
    const group = tokens.slice(start, start + batch)
    const outcomes = await Promise.all(
      group.map((token) => encoder.embed(Int32Array.of(...before, token, ...after))),
    )
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.kind === 'ok') rows.set(outcome.embedding.slice(-width), (start + at) * width)
    }
    onProgress?.({ done: start + group.length, total: tokens.length })
  }
  return { rows, width }
}

function rootMeanSquare(values: Float32Array): number {
  const sum = values.reduce((total, value) => total + value * value, 0)
  return sum === 0 ? 1 : Math.sqrt(sum / values.length)
}
