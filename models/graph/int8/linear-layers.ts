// Finds the linear layers of a serving graph (encoder.ts) that can compute in int8, and makes the
// graph show what goes into them. What replaces them is decided in quantise-linear.ts.
import type { Node, TensorGraph, Value } from '../tensors/tensor-graph.ts'

/** A product with a constant matrix, and the addition of its bias. */
export type LinearLayer = {
  /** The name of the matrix, such as `layer.0/attention/projections/weight`. */
  readonly name: string
  /** float32 [.., from] */
  readonly input: Value
  /** The operation that computes the input. */
  readonly after: Node['operation']['kind']
  readonly product: Node
  readonly addition: Node
  /** float32 [from, to] row-major */
  readonly weight: Float32Array
  /** float32 [to] */
  readonly bias: Float32Array
  readonly from: number
  readonly to: number
}

/** The linear layers inside of the encoder's transformer layers, in the order of the graph. */
export function linearLayers(graph: TensorGraph): readonly LinearLayer[] {
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((one) => [one, node])))
  return graph.nodes.flatMap((product) => {
    const [input, weight] = product.inputs
    if (product.operation.kind !== 'matMul' || !weight?.name.startsWith('layer.')) return []
    const addition = graph.nodes.find(
      ({ operation, inputs }) => operation.kind === 'add' && inputs[0] === product.outputs[0],
    )
    const elements = graph.constants.get(weight)
    const bias = addition && graph.constants.get(addition.inputs[1]!)
    const after = makers.get(input!)?.operation.kind
    if (!(elements instanceof Float32Array) || !(bias instanceof Float32Array)) return []
    if (after === undefined) return []
    const [from, to] = weight.shape as readonly [number, number]
    const operands = { input: input!, after, product, addition: addition!, from, to }
    return [{ name: weight.name, weight: elements, bias, ...operands }]
  })
}

/** The name of the output of `showInputs` that has the input of a layer. */
export function inputName({ name }: LinearLayer): string {
  return `input of ${name}`
}

/** The graph with the inputs of some layers as its only outputs. */
export function showInputs(graph: TensorGraph, layers: readonly LinearLayer[]): TensorGraph {
  return { ...graph, outputs: new Map(layers.map((layer) => [inputName(layer), layer.input])) }
}
