// Quantises the linear layers of a serving graph on texts that it will meet: runs the graph in
// float32 to see what goes into each layer. quantise-linear.ts turns that into int8 layers.
import { InferenceSession, Tensor } from '../../runtime/onnx-runtime.ts'
import { sessionOptions } from '../../inference/session-options.ts'
import { WinnowError } from '../../../schemas/errors.ts'
import { writeOnnx } from '../onnx/onnx-writer.ts'
import * as op from '../tensors/operations.ts'
import { GraphBuilder, type TensorGraph } from '../tensors/tensor-graph.ts'
import { inputName, linearLayers, showInputs, type LinearLayer } from './linear-layers.ts'
import { quantiseLinear, type QuantisedLinear } from './quantise-linear.ts'

export type QuantiseOptions = {
  readonly signal?: AbortSignal | undefined
  /** Called after each layer. */
  readonly onProgress?: (progress: { done: number; of: number }) => void
}

/** Rows of inputs that are kept for a layer; they bound the memory, 25 MB for 1,536 channels. */
const rowsMax = 4_096
/** Texts of one length that run together. */
const batchTokensMax = 512

/**
 * The linear layers of a graph with the inputs of `buildClassifier` (padding `exact`) in int8, by
 * the name of their matrix. `texts` are token ids int32 [tokens], as will be classified: a few
 * hundred are enough. Throws `graph_invalid` if the graph has no such layers.
 */
export async function quantiseLayers(
  graph: TensorGraph,
  texts: readonly Int32Array[],
  options: QuantiseOptions = {},
): Promise<ReadonlyMap<string, QuantisedLinear>> {
  const layers = linearLayers(graph)
  if (layers.length === 0) {
    throw new WinnowError('graph_invalid', 'The graph has no linear layers to quantise.')
  }
  const batches = batchesOf(texts)
  const quantised = new Map<string, QuantisedLinear>()
  // One layer of the encoder at a time: the inputs of all layers together would take gigabytes.
  for (const group of Map.groupBy(layers, ({ name }) => name.split('/', 1)[0]).values()) {
    for (const [layer, rows] of await inputsOf(graph, group, batches)) {
      options.signal?.throwIfAborted()
      const moments = await secondMoments(rows, layer.from)
      quantised.set(
        layer.name,
        quantiseLinear(
          { ...layer, rows, moments },
          { factors: layer.after === 'attention' ? 'free' : 'node' },
        ),
      )
      options.onProgress?.({ done: quantised.size, of: layers.length })
    }
  }
  return quantised
}

type Batch = { readonly ids: Int32Array; readonly dims: readonly [number, number] }

/** The texts in batches of one length each. */
function batchesOf(texts: readonly Int32Array[]): readonly Batch[] {
  const batches: Batch[] = []
  for (const [tokens, members] of Map.groupBy(texts, ({ length }) => length)) {
    const size = Math.max(1, Math.floor(batchTokensMax / tokens))
    for (let start = 0; start < members.length; start += size) {
      const part = members.slice(start, start + size)
      const ids = new Int32Array(part.length * tokens)
      for (const [index, member] of part.entries()) ids.set(member, index * tokens)
      batches.push({ ids, dims: [part.length, tokens] })
    }
  }
  return batches
}

/** The inputs of the layers, float32 [rows, from] each, evenly chosen from all tokens. */
async function inputsOf(
  graph: TensorGraph,
  layers: readonly LinearLayer[],
  batches: readonly Batch[],
): Promise<ReadonlyMap<LinearLayer, Float32Array>> {
  const tokens = batches.reduce((sum, { ids }) => sum + ids.length, 0)
  const every = Math.max(1, Math.ceil(tokens / rowsMax))
  const bytes = writeOnnx(showInputs(graph, layers), { name: 'calibration' })
  const session = await InferenceSession.create(bytes, sessionOptions)
  const rows = new Map(
    layers.map((layer) => [layer, new Float32Array(Math.ceil(tokens / every) * layer.from)]),
  )
  let seen = 0
  let kept = 0
  try {
    for (const { ids, dims } of batches) {
      const results = await session.run({ input_ids: new Tensor('int32', ids, [...dims]) })
      const first = (every - (seen % every)) % every
      for (const [layer, sample] of rows) {
        const inputs = results[inputName(layer)]!.data as Float32Array
        for (let row = first, at = kept; row < ids.length; row += every, at++) {
          sample.set(inputs.subarray(row * layer.from, (row + 1) * layer.from), at * layer.from)
        }
      }
      for (const result of Object.values(results)) result.dispose()
      kept += Math.ceil((ids.length - first) / every)
      seen += ids.length
    }
  } finally {
    await session.release()
  }
  return rows
}

/** The mean of x_i x_j over the rows: float32 [width, width]. */
async function secondMoments(rows: Float32Array, width: number): Promise<Float32Array> {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'float32', ['rows', width])
  const count = rows.length / width
  const moments = op.matMul(graph, x, x, { transposed: 'a', scale: 1 / count })
  graph.output('moments', moments)
  const bytes = writeOnnx(graph.finish(), { name: 'moments' })
  const session = await InferenceSession.create(bytes, sessionOptions)
  try {
    const results = await session.run({ x: new Tensor('float32', rows, [count, width]) })
    return Float32Array.from(results['moments']!.data as Float32Array)
  } finally {
    await session.release()
  }
}
