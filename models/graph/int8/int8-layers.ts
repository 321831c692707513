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
  const splits = new Map(
    graph.nodes.flatMap((node) =>
      node.operation.kind === 'split' ? [[node.inputs[0], node] as const] : [],
    ),
  )
  const replaced = new Set<Node>(layers.map(({ addition }) => addition))
  for (const node of graph.nodes) {
    const layer = byProduct.get(node)
    if (replaced.has(node)) continue
    if (layer === undefined) {
      copy.append(node)
      continue
    }
    const own = withValueFactors(quantised.get(layer.name)!, layer, quantised)
    const sum = layer.addition.outputs[0]!
    const split = splits.get(sum)
    const results = split?.outputs ?? [sum]
    const x = copy.of(layer.input)
    const values = int8Layer(copy.builder, { ...own, name: layer.name, x, parts: results.length })
    for (const [at, result] of results.entries()) copy.set(result, values[at]!)
    // The parts are computed one by one, which spares the copies of a split.
    if (split !== undefined) replaced.add(split)
  }
  return copy.finish()
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

/** x float32 [.., from] -> so many parts of equal width, which are [.., to] together. */
function int8Layer(
  graph: GraphBuilder,
  layer: QuantisedLinear & { readonly name: string; readonly x: Value; readonly parts: number },
): readonly Value[] {
  const { name, x, from, to, factors, parts } = layer
  const scale = graph.constant(`${name}:scale`, Float32Array.of(layer.scale), [])
  const zero = graph.constant(`${name}:zero`, Uint8Array.of(layer.zero), [])
  let input = x
  if (factors !== undefined) {
    const shares = factors.map((factor) => 1 / factor)
    input = op.multiply(graph, x, graph.constant(int8Constants.shares(name), shares, [from]))
  }
  const levels = op.quantise(graph, input, { scale, zero })
  const width = to / parts
  return Array.from({ length: parts }, (_, part) => {
    const own = parts === 1 ? name : partName(name, part)
    const [start, end] = [part * width, (part + 1) * width]
    const elements = columnsOf(layer.elements, { from, to, start, end })
    return op.int8Linear(graph, levels, {
      scale,
      zero,
      elements: graph.constant(int8Constants.elements(own), elements, [from, width]),
      scales: graph.constant(int8Constants.scales(own), layer.scales.slice(start, end), [width]),
      bias: graph.constant(int8Constants.bias(own), layer.bias.slice(start, end), [width]),
    })
  })
}

/** The name of a part of a layer's matrix. */
export function partName(weight: string, part: number): string {
  return `${weight}:part ${part}`
}

/** The columns from `start` to `end` of a matrix [from, to]. */
export function columnsOf(
  elements: Int8Array,
  matrix: { from: number; to: number; start: number; end: number },
): Int8Array {
  const { from, to, start, end } = matrix
  const width = end - start
  if (width === to) return elements
  const part = new Int8Array(from * width)
  for (let row = 0; row < from; row++) {
    part.set(elements.subarray(row * to + start, row * to + end), row * width)
  }
  return part
}
