// Writes versions of several models over one tiny encoder, or over others, as `train --method head`
// does over a real one.
import { join } from 'node:path'
import { buildClassifier, type PooledLayers } from '../../models/graph/encoder.ts'
import { layOutWeights, writeWeights } from '../../models/graph/onnx/external-weights.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import type { EncoderWeights } from '../../models/graph/weights/bert-weights.ts'
import { weightsFileName, type ModelVersion } from '../../models/store/version-files.ts'
import { writeVersion } from '../../models/store/version-store.ts'
import { tinyHidden, tinyWeights } from './tiny-encoder.ts'
import { tinyTokenizerJson } from './tiny-tokenizer.ts'

export type HeadVersionOptions = {
  readonly storeDir: string
  readonly name: string
  readonly labels: readonly string[]
  /** Tells heads apart; the same seed gives the same head. Default 1. */
  readonly seed?: number
  /** Default: the tiny encoder. */
  readonly encoder?: EncoderWeights
  readonly pooledLayers?: PooledLayers
  readonly maxTokens?: number
}

/** A tiny encoder whose word vectors are large enough for a weights file of their own. */
export function wordyWeights(): EncoderWeights {
  const vocabulary = 3_000
  const wordEmbedding = Float32Array.from({ length: vocabulary * tinyHidden }, (_, i) =>
    Math.sin(i),
  )
  return { ...tinyWeights(), vocabulary, wordEmbedding }
}

/** Writes the next version of a model, a head with made-up weights. */
export async function writeHeadVersion(options: HeadVersionOptions): Promise<ModelVersion> {
  const { storeDir, name, labels, seed = 1, encoder = tinyWeights() } = options
  const { pooledLayers = 'last', maxTokens = 12 } = options
  const width = pooledLayers === 'every' ? (encoder.layers.length + 1) * tinyHidden : tinyHidden
  const head = {
    from: width,
    to: labels.length,
    weight: Float32Array.from({ length: width * labels.length }, (_, i) => Math.sin(i * 7 + seed)),
    bias: Float32Array.from(labels, (_, i) => Math.cos(i + seed) / 10),
  }
  const graph = buildClassifier(encoder, head, { padding: 'exact', normalize: true, pooledLayers })
  const weights = layOutWeights(graph, (constant) => !constant.startsWith('head/'))
  const external = { ...weights, location: weightsFileName }
  const weightsPath = join(storeDir, 'tiny-weights')
  if (weights.places.size > 0) await writeWeights(weightsPath, weights)
  return writeVersion({
    storeDir,
    name,
    manifest: {
      labels: [...labels],
      base: 'tiny',
      method: 'head',
      precision: 'fp32',
      maxTokens,
      pooling: pooledLayers === 'every' ? 'layer-means' : 'mean',
      hidden: width,
      metrics: {},
      trainingRun: 'none',
    },
    model: { bytes: writeOnnx(graph, { name, weights: external }) },
    tokenizer: { bytes: Buffer.from(tinyTokenizerJson()) },
    weights: weights.places.size > 0 ? { path: weightsPath } : undefined,
  })
}
