// A BERT encoder with made-up weights that loads in milliseconds, for tests of what surrounds a
// model. Tests of figures that users see run on the real base encoder.
import { writeFile } from 'node:fs/promises'
import type {
  EncoderWeights,
  LinearWeights,
  NormWeights,
} from '../../models/graph/weights/bert-weights.ts'
import { buildClassifier, buildEncoder, type Padding } from '../../models/graph/encoder.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'

export const tinyHidden = 8
export const tinyVocabulary = 50
export const tinyPositions = 32
/** A text with this id gets an embedding, and so logits, that are not finite numbers. */
export const poisonId = 49

/** Weights of a tiny encoder; the same each time. */
export function tinyWeights(): EncoderWeights {
  return weightsFrom(sequence())
}

/** A head of three labels whose numbers follow those of the tiny encoder. */
export function tinyHead(): LinearWeights {
  const next = sequence()
  weightsFrom(next)
  const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, next)
  return { from: tinyHidden, to: 3, weight: numbers(tinyHidden * 3), bias: numbers(3) }
}

function weightsFrom(next: () => number): EncoderWeights {
  const numbers = (count: number): Float32Array => Float32Array.from({ length: count }, next)
  const linear = (from: number, to: number): LinearWeights => ({
    from,
    to,
    weight: numbers(from * to),
    bias: numbers(to),
  })
  const norm = (): NormWeights => ({ scale: numbers(tinyHidden), bias: numbers(tinyHidden) })
  const wordEmbedding = numbers(tinyVocabulary * tinyHidden)
  wordEmbedding.fill(NaN, poisonId * tinyHidden)
  return {
    hidden: tinyHidden,
    heads: 2,
    vocabulary: tinyVocabulary,
    positions: tinyPositions,
    epsilon: 1e-12,
    wordEmbedding,
    positionEmbedding: numbers(tinyPositions * tinyHidden),
    typeEmbedding: numbers(2 * tinyHidden),
    embeddingNorm: norm(),
    layers: [0, 1].map(() => ({
      query: linear(tinyHidden, tinyHidden),
      key: linear(tinyHidden, tinyHidden),
      value: linear(tinyHidden, tinyHidden),
      attentionOutput: linear(tinyHidden, tinyHidden),
      attentionNorm: norm(),
      intermediate: linear(tinyHidden, 2 * tinyHidden),
      output: linear(2 * tinyHidden, tinyHidden),
      outputNorm: norm(),
    })),
  }
}

/** Writes a tiny encoder (output `embedding`) to `path`. */
export async function writeTinyEncoder(
  path: string,
  padding: 'exact' | 'lengths' = 'exact',
): Promise<void> {
  const graph = buildEncoder(tinyWeights(), { padding, normalize: true })
  await writeFile(path, writeOnnx(graph, { name: 'tiny' }))
}

/** Writes a tiny classifier (outputs `logits` and `probabilities`) of three labels to `path`. */
export async function writeTinyClassifier(path: string, padding: Padding = 'exact'): Promise<void> {
  const next = sequence()
  const head: LinearWeights = {
    from: tinyHidden,
    to: 3,
    weight: Float32Array.from({ length: tinyHidden * 3 }, next),
    bias: Float32Array.from({ length: 3 }, next),
  }
  const graph = buildClassifier(tinyWeights(), head, { padding, normalize: true })
  await writeFile(path, writeOnnx(graph, { name: 'tiny' }))
}

/** Numbers between -1 and 1 without an obvious pattern, the same each time (a Weyl sequence). */
function sequence(): () => number {
  let step = 0
  return () => ((++step * 0.6180339887498949) % 1) * 2 - 1
}
