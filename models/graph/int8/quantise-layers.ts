// Quantises the linear layers of a serving graph on texts that it will meet: runs the graph in
// float32 to see what goes into each layer. quantise-linear.ts turns that into int8 layers.
import { WinnowError } from '../../../schemas/errors.ts'
import { writeOnnx } from '../onnx/onnx-writer.ts'
import type { TensorGraph } from '../tensors/tensor-graph.ts'
import { batchesOf, sampleRows, secondMoments } from './layer-inputs.ts'
import { inputName, linearLayers, showInputs } from './linear-layers.ts'
import { quantiseLinear, type QuantisedLinear } from './quantise-linear.ts'

export type QuantiseOptions = {
  readonly signal?: AbortSignal | undefined
  /** Called after each layer. */
  readonly onProgress?: ((progress: { done: number; of: number }) => void) | undefined
}

/**
 * The linear layers of a graph with the inputs of `buildClassifier` in int8, by the name of their
 * matrix. `texts` are token ids int32 [tokens], as will be classified: a few hundred are enough.
 * Throws `graph_invalid` if the graph has no such layers.
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
    const model = writeOnnx(showInputs(graph, group), { name: 'calibration' })
    const samples = await sampleRows(model, { outputs: group.map(inputName), batches })
    for (const layer of group) {
      options.signal?.throwIfAborted()
      const { rows } = samples.get(inputName(layer))!
      const moments = await secondMoments(rows, layer.from)
      const factors = layer.after === 'attention' ? 'free' : 'node'
      quantised.set(layer.name, quantiseLinear({ ...layer, rows, moments }, { factors }))
      options.onProgress?.({ done: quantised.size, of: layers.length })
    }
  }
  return quantised
}
