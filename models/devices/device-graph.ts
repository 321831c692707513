// Builds the graph that a GPU runs from the graph of a version: the same encoder and head without
// padding, on request with 16-bit numbers. It is built when a session opens and not stored, so a
// version needs no second file.
import { buildClassifier, type EncoderOptions } from '../graph/encoder.ts'
import { readOnnx, type OnnxExport } from '../graph/onnx/onnx-reader.ts'
import { readPublishedClassifier } from '../graph/published-classifier.ts'
import type { TensorGraph } from '../graph/tensors/tensor-graph.ts'
import { readMappedModel } from '../graph/weights/mapped-weights.ts'
import { halfGraph } from './half-graph.ts'

/** How a GPU stores weights and activations. */
export type DevicePrecision = 'fp32' | 'fp16'

/** The operators of a classifier that encoder.ts builds in fp32. */
const plainOperators: ReadonlySet<string | undefined> = new Set([
  ...['Add', 'Cast', 'Concat', 'Div', 'Exp', 'Gather', 'Gelu', 'LayerNormalization', 'Less'],
  ...['LpNormalization', 'MatMul', 'Mul', 'MultiHeadAttention', 'Shape', 'Slice', 'Softmax'],
  ...['Split', 'Squeeze', 'Unsqueeze'],
])

/**
 * The graph input_ids int32 [batch, tokens] -> logits float32 [batch, labels] for texts of one
 * length. In fp16, word vectors and layers have 16 bits; pooling, head and logits keep 32, because
 * sums over many tokens lose most. Undefined unless the model at `modelPath` is a plain classifier
 * of Winnow's: an imported or quantised one runs as it is.
 */
export async function readDeviceGraph(
  modelPath: string,
  precision: DevicePrecision,
): Promise<TensorGraph | undefined> {
  const onnx = readOnnx(readMappedModel(modelPath))
  const options = optionsOf(onnx)
  if (options === undefined) return undefined
  const layerMeans = options.pooledLayers === 'every'
  const { encoder, head, normalize } = await readPublishedClassifier(modelPath, { layerMeans })
  const build = (padding: EncoderOptions['padding']): TensorGraph =>
    buildClassifier(encoder, head, { ...options, normalize, padding })
  // The names of nodes tell what each computes, so equal lists mean that nothing was overlooked.
  const rebuilt = build(onnx.users.has('lengths') ? 'lengths' : 'exact').nodes
  if (rebuilt.map(({ outputs }) => outputs[0]!.name).join() !== namesOf(onnx)) return undefined
  const graph = logitsOnly(build('exact'))
  return precision === 'fp32' ? graph : halfGraph(graph, isLayer)
}

/** Whether a value belongs to the word vectors or a layer, and not to pooling or the head. */
function isLayer(name: string): boolean {
  return /^(?:embeddings|layer\.\d+)\//.test(name)
}

function namesOf({ nodes }: OnnxExport): string {
  return nodes.map(({ name }) => name).join()
}

/** How the classifier was built, as far as its names tell; undefined if it is no plain one. */
function optionsOf({ nodes, constants }: OnnxExport) {
  if (!nodes.every(({ operator }) => plainOperators.has(operator))) return undefined
  const [features] = constants.get('head/weight')?.dims ?? []
  const [, hidden] = constants.get('embeddings/words')?.dims ?? []
  if (features === undefined || hidden === undefined) return undefined
  const link = nodes.some(({ operator }) => operator === 'Softmax') ? 'softmax' : 'sigmoid'
  const pooling = constants.has('pool/first') ? 'cls' : 'mean'
  const pooledLayers = features === hidden ? 'last' : 'every'
  return { link, pooling, pooledLayers } as const
}

/** The graph without its probabilities, which are computed from logits on the host. */
function logitsOnly(graph: TensorGraph): TensorGraph {
  const logits = graph.outputs.get('logits')!
  const end = graph.nodes.findIndex(({ outputs }) => outputs.includes(logits)) + 1
  const nodes = graph.nodes.slice(0, end)
  const used = new Set(nodes.flatMap(({ inputs }) => inputs))
  const constants = new Map([...graph.constants].filter(([value]) => used.has(value)))
  return { ...graph, constants, nodes, outputs: new Map([['logits', logits]]) }
}
