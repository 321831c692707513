// Writes trained parameters back into the weights of an encoder with its head. It reverses what
// encoder.ts does to weights: merged projections are split again. The folded token-type row stays
// folded into the positions.
import assert from 'node:assert/strict'
import type {
  EncoderWeights,
  LayerWeights,
  LinearWeights,
  NormWeights,
} from './weights/bert-weights.ts'
import type { Head } from './encoder.ts'

/** Trained float32 elements, keyed by the parameter's name in the training graph. */
export type TrainedParameters = ReadonlyMap<string, Float32Array>

/**
 * Encoder and head with the trained elements. Weights that were not trained are shared with the
 * originals, not copied.
 */
export function withTrained(
  weights: EncoderWeights,
  head: Head,
  trained: TrainedParameters,
): { encoder: EncoderWeights; head: Head } {
  const used = new Set<string>()
  const read = (name: string): Float32Array | undefined => {
    used.add(name)
    return trained.get(name)
  }
  const positions = read('embeddings/positions')
  const encoder: EncoderWeights = {
    ...weights,
    wordEmbedding: read('embeddings/words') ?? weights.wordEmbedding,
    positionEmbedding: positions ?? weights.positionEmbedding,
    // encoder.ts added the row of token type 0 to every position before training.
    typeEmbedding:
      positions === undefined
        ? weights.typeEmbedding
        : new Float32Array(weights.typeEmbedding.length),
    embeddingNorm: norm(read, 'embeddings', weights.embeddingNorm),
    layers: weights.layers.map((layer, index) => trainedLayer(read, `layer.${index}`, layer)),
  }
  const trainedHead = linear(read, 'head', head)
  for (const name of trained.keys())
    assert.ok(used.has(name), `${name} has no place in the encoder or head`)
  return { encoder, head: trainedHead }
}

type Read = (name: string) => Float32Array | undefined

function trainedLayer(read: Read, path: string, layer: LayerWeights): LayerWeights {
  return {
    ...projections(read, `${path}/attention/projections`, layer),
    attentionOutput: linear(read, `${path}/attention`, layer.attentionOutput),
    attentionNorm: norm(read, `${path}/attention`, layer.attentionNorm),
    intermediate: linear(read, `${path}/feed_forward/wide`, layer.intermediate),
    output: linear(read, `${path}/feed_forward`, layer.output),
    outputNorm: norm(read, `${path}/feed_forward`, layer.outputNorm),
  }
}

/** Query, key and value from the merged weight [hidden, 3 hidden] and bias [3 hidden]. */
function projections(
  read: Read,
  path: string,
  layer: LayerWeights,
): Pick<LayerWeights, 'query' | 'key' | 'value'> {
  const weight = read(`${path}/weight`)
  const bias = read(`${path}/bias`)
  const { query, key, value } = layer
  if (weight === undefined || bias === undefined) return { query, key, value }
  const { from, to } = query
  const projection = (index: number): LinearWeights => {
    const own = new Float32Array(from * to)
    for (let row = 0; row < from; row++) {
      const start = (row * 3 + index) * to
      own.set(weight.subarray(start, start + to), row * to)
    }
    return { from, to, weight: own, bias: bias.slice(index * to, (index + 1) * to) }
  }
  return { query: projection(0), key: projection(1), value: projection(2) }
}

function linear(read: Read, path: string, original: LinearWeights): LinearWeights {
  const weight = read(`${path}/weight`) ?? original.weight
  return { ...original, weight, bias: read(`${path}/bias`) ?? original.bias }
}

function norm(read: Read, path: string, original: NormWeights): NormWeights {
  const scale = read(`${path}/norm/scale`) ?? original.scale
  return { scale, bias: read(`${path}/norm/bias`) ?? original.bias }
}
