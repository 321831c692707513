// Rewrites a serving graph so that linear layers compute in int8. This file owns the nodes that
// replace a layer; quantise-linear.ts chooses the numbers.
//
// The input of a layer is divided by factors before it is quantised. After attention that costs
// nothing: attention is linear in its values, so the columns of the values are divided instead.
import { WinnowError } from '../../../schemas/errors.ts'
import { GraphCopy } from '../tensors/graph-copy.ts'
import * as op from '../tensors/operations.ts'
import type { GraphBuilder, Node, TensorGraph, Value } from '../tensors/tensor-graph.ts'
import { linearLayers, type LinearLayer } from './linear-layers.ts'
import type { QuantisedLinear } from './quantise-linear.ts'

/** The names of a quantised layer's constants, after the name of its matrix. */
export const int8Constants = {
  elements: (weight: string) => `${weight}:int8`,
  scales: (weight: string) => `${weight}:scales`,
  /** What the input is multiplied by: 1 / factors. */
  shares: (weight: string) => `${weight}:shares`,
  bias: (weight: string) => `${weight}:bias`,
} as const

/**
 * The graph with the given layers in int8, by the name of their matrix. Throws `graph_invalid` if
 * it has no layer of a name.
 */
export function withInt8Layers(
  graph: TensorGraph,
  quantised: ReadonlyMap<string, QuantisedLinear>,
): TensorGraph {
  const layers = linearLayers(graph).filter(({ name }) => quantised.has(name))
  if (layers.length < quantised.size) {
    throw new WinnowError(
      'graph_invalid',
      `The graph has ${layers.length} of the ${quantised.size} layers that were quantised.`,
    )
  }
  const copy = new GraphCopy(graph, { parameters: 'constants' })
  const byProduct = new Map<Node, LinearLayer>(layers.map((layer) => [layer.product, layer]))
  const additions = new Set(layers.map(({ addition }) => addition))
  for (const node of graph.nodes) {
    const layer = byProduct.get(node)
    if (layer !== undefined) {
      const own = withValueFactors(quantised.get(layer.name)!, layer, quantised)
      const result = int8Layer(copy.builder, { name: layer.name, x: copy.of(layer.input), ...own })
      copy.set(layer.addition.outputs[0]!, result)
    } else if (!additions.has(node)) copy.append(node)
  }
  return copy.finish()
}

/** The matrix that a quantised layer stands for, float32 [from, to]. */
export function floatWeight(layer: {
  readonly elements: Int8Array
  readonly scales: Float32Array
  readonly shares: Float32Array | undefined
}): Float32Array {
  const { elements, scales, shares } = layer
  const to = scales.length
  return Float32Array.from(elements, (element, at) => {
    return element * scales[at % to]! * (shares?.[Math.floor(at / to)] ?? 1)
  })
}

const projections = /^(layer\.\d+\/attention)\/projections\/weight$/

/**
 * Divides the columns of the values by the factors of the layer after the attention, which need no
 * node of their own then; and takes the factors away from that layer.
 */
function withValueFactors(
  layer: QuantisedLinear,
  { name, after }: LinearLayer,
  quantised: ReadonlyMap<string, QuantisedLinear>,
): QuantisedLinear {
  if (after === 'attention') return { ...layer, factors: undefined }
  const attention = projections.exec(name)?.[1]
  const factors = attention && quantised.get(`${attention}/weight`)?.factors
  if (!factors) return layer
  const scales = Float32Array.from(layer.scales)
  const bias = Float32Array.from(layer.bias)
  const first = layer.to - factors.length
  for (const [k, factor] of factors.entries()) {
    scales[first + k]! /= factor
    bias[first + k]! /= factor
  }
  return { ...layer, scales, bias }
}

/** x float32 [.., from] -> [.., to]. */
function int8Layer(
  graph: GraphBuilder,
  layer: QuantisedLinear & { readonly name: string; readonly x: Value },
): Value {
  const { name, x, from, to, factors } = layer
  const scale = graph.constant(`${name}:scale`, Float32Array.of(layer.scale), [])
  const zero = graph.constant(`${name}:zero`, Uint8Array.of(layer.zero), [])
  const elements = graph.constant(int8Constants.elements(name), layer.elements, [from, to])
  const scales = graph.constant(int8Constants.scales(name), layer.scales, [to])
  const bias = graph.constant(int8Constants.bias(name), layer.bias, [to])
  let input = x
  if (factors !== undefined) {
    const shares = factors.map((factor) => 1 / factor)
    input = op.multiply(graph, x, graph.constant(int8Constants.shares(name), shares, [from]))
  }
  const levels = op.quantise(graph, input, { scale, zero })
  return op.int8Linear(graph, levels, { scale, zero, elements, scales, bias })
}
