// A BERT encoder small enough to load in milliseconds, with made-up weights, and texts for it. For
// tests of what surrounds a model; tests of numbers that users see run on the real base encoder.
import { writeFile } from 'node:fs/promises'
import type {
  EncoderWeights,
  LinearWeights,
  NormWeights,
} from '../../models/graph/weights/bert-weights.ts'
import { buildClassifier, buildEncoder, type Padding } from '../../models/graph/encoder.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import { seededRandom } from '../../trainers/data/seeded-random.ts'
import { packTexts } from '../../trainers/embeddings/encoded-texts.ts'
import type { FineTuningTask } from '../../trainers/encoder/fine-tuning-task.ts'

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

/** Texts of 3 to 9 tokens; the label is the one of ids 1 to 3 that a text holds. */
export function tinyTexts(count: number, seed: number): FineTuningTask['train'] {
  const random = seededRandom(seed)
  const truth = new Int32Array(count).map(() => random.below(3))
  const texts = Array.from(truth, (label) => {
    const text = Int32Array.from({ length: 3 + random.below(7) }, () => 10 + random.below(4))
    text[random.below(text.length)] = label + 1
    return text
  })
  return { texts: packTexts(texts), truth }
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
