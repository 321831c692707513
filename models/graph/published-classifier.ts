// Reads encoder and head back from a classifier that Winnow wrote (buildClassifier in encoder.ts),
// so that a version can be differentiated without its base. The weights of an int8 version are
// multiplied out. Imported graphs cannot be read so.
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import { floatTensor, readOnnx, type OnnxExport, type WeightTensor } from './onnx/onnx-reader.ts'
import type { Head } from './encoder.ts'
import { floatWeights } from './int8/float-weights.ts'
import { withTrained } from './trained-weights.ts'
import type { EncoderWeights, LayerWeights, LinearWeights } from './weights/bert-weights.ts'

/** A classifier as `buildClassifier` takes it. */
export type PublishedClassifier = {
  readonly encoder: EncoderWeights
  readonly head: Head
  /** Whether the pooled embedding is scaled to length 1. */
  readonly normalize: boolean
}

const parameter = /^(?:embeddings|layer\.\d+|head)\/(?:.*\/)?(?:words|positions|weight|bias|scale)$/
const empty = new Float32Array(0)

/**
 * Reads the model.onnx of one of Winnow's own versions, with the weights file beside it.
 * `layerMeans` says whether the means of all layers are pooled. Throws `graph_invalid` if the file
 * has no such classifier.
 */
export async function readPublishedClassifier(
  modelPath: string,
  { layerMeans }: { layerMeans: boolean },
): Promise<PublishedClassifier> {
  const onnx = readOnnx(await readFile(modelPath))
  const weights = await readParameters(onnx, dirname(modelPath))
  const find = (name: string): WeightTensor => {
    const tensor = weights.get(name)
    if (tensor !== undefined) return tensor
    throw new WinnowError('graph_invalid', `${modelPath} has no weights ${name}.`)
  }
  const hidden = find('embeddings/words').shape[1]!
  const linear = (path: string): LinearWeights => {
    const [from, to] = find(`${path}/weight`).shape as [number, number]
    return { from, to, weight: empty, bias: empty }
  }
  const norm = { scale: empty, bias: empty }
  const square = { from: hidden, to: hidden, weight: empty, bias: empty }
  const layers: LayerWeights[] = []
  while (weights.has(`layer.${layers.length}/attention/projections/weight`)) {
    const path = `layer.${layers.length}`
    layers.push({
      query: square,
      key: square,
      value: square,
      attentionOutput: linear(`${path}/attention`),
      attentionNorm: norm,
      intermediate: linear(`${path}/feed_forward/wide`),
      output: linear(`${path}/feed_forward`),
      outputNorm: norm,
    })
  }
  const architecture: EncoderWeights = {
    hidden,
    heads: attributeOf(onnx, 'MultiHeadAttention', 'num_heads')?.int ?? 1,
    epsilon: attributeOf(onnx, 'LayerNormalization', 'epsilon')?.float ?? 0,
    vocabulary: find('embeddings/words').shape[0]!,
    positions: find('embeddings/positions').shape[0]!,
    wordEmbedding: empty,
    positionEmbedding: empty,
    typeEmbedding: new Float32Array(hidden),
    embeddingNorm: norm,
    layers,
  }
  const elements = new Map([...weights].map(([name, tensor]) => [name, tensor.elements]))
  const scaled = onnx.nodes.filter(({ operator }) => operator === 'LpNormalization').length
  return {
    ...withTrained(architecture, linear('head'), elements),
    // With the means of layers, each of them is scaled as well.
    normalize: scaled > (layerMeans ? layers.length + 1 : 0),
  }
}

async function readParameters(onnx: OnnxExport, dir: string): Promise<Map<string, WeightTensor>> {
  const files = new Map<string, Uint8Array>()
  const parameters = new Map<string, WeightTensor>()
  for (const [name, tensor] of onnx.constants) {
    if (!parameter.test(name)) continue
    const place = new Map(tensor.externalLocation?.map(({ key, value }) => [key, value]))
    const location = place.get('location')
    if (location === undefined) {
      parameters.set(name, floatTensor(name, tensor))
      continue
    }
    const bytes = files.get(location) ?? (await readFile(join(dir, location)))
    files.set(location, bytes)
    const offset = Number(place.get('offset'))
    const raw = bytes.subarray(offset, offset + Number(place.get('length')))
    parameters.set(name, floatTensor(name, { ...tensor, raw }))
  }
  for (const [name, tensor] of floatWeights(onnx)) parameters.set(name, tensor)
  return parameters
}

function attributeOf({ nodes }: OnnxExport, operator: string, name: string) {
  const node = nodes.find((each) => each.operator === operator)
  return node?.attributes?.find((attribute) => attribute.name === name)
}
