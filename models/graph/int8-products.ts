// Rewrites a differentiated training graph so that products with weights run in int8, which is
// three to four times as fast on processors with byte multiplication. This file decides which
// products change and what replaces them; the engine quantises the weights and feeds them.
//
// As in SwitchBack (Wortsman et al. 2023, arXiv:2304.13013), the forward product and the gradient
// of its input are quantised, with one scale per row of the activations. The gradient of the
// weights stays float32. Gradients are those of the float32 product (straight-through).
import * as layout from './tensors/layout-operations.ts'
import * as op from './tensors/operations.ts'
import { GraphCopy } from './tensors/graph-copy.ts'
import type { GraphBuilder, Node, TensorGraph, Value } from './tensors/tensor-graph.ts'

/** A weight matrix [rows, columns] that is fed as int8 as well as float32. */
export type Int8Matrix = {
  /** The name of the input with its float32 elements. */
  readonly name: string
  readonly rows: number
  readonly columns: number
}

/**
 * Names of the int8 inputs of a matrix: elements int8 [rows, columns], scales float32 [columns].
 */
export const int8Names = {
  elements: (parameter: string) => `int8:${parameter}`,
  scales: (parameter: string) => `scales:${parameter}`,
} as const

/** Rows and columns of a quantised matrix are multiples of this, because a vector has 16 bytes. */
const sizeMultiple = 16

/**
 * A copy of the graph with int8 products for the weights that `isQuantised` selects by name, and
 * the matrices that it takes as inputs.
 */
export function withInt8Products(
  graph: TensorGraph,
  isQuantised: (parameter: string) => boolean,
): { graph: TensorGraph; matrices: readonly Int8Matrix[] } {
  const copy = new GraphCopy(graph, { parameters: 'inputs' })
  const { builder } = copy
  const int8Inputs = new Int8Inputs(builder)
  const inputs = new Set<Value | undefined>(graph.inputs)
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((one) => [one, node])))
  const additions = biasAdditions(graph, inputs)
  const fused = new Set<Node>()
  for (const node of graph.nodes) {
    const [x, weight] = node.inputs
    const quantised =
      isWeightProduct(node) && inputs.has(weight) && fits(weight!) && isQuantised(weight!.name)
    if (fused.has(node)) continue
    if (!quantised) {
      copy.append(node)
      continue
    }
    const from = copy.of(x!)
    const matrix = int8Inputs.of(weight!)
    if (node.operation.kind === 'matMul' && node.operation.transposed === 'b') {
      copy.set(node.outputs[0]!, gradientProduct(builder, from, matrix))
      continue
    }
    const addition = additions.get(node.outputs[0]!)
    // Rows after a layer normalisation have similar scales, so they need none of their own, and
    // the bias becomes part of the product.
    if (makers.get(x!)?.operation.kind === 'layerNorm' && addition !== undefined) {
      const bias = copy.of(addition.inputs[1]!)
      copy.set(addition.outputs[0]!, op.int8Product(builder, from, { ...matrix, bias }))
      fused.add(addition)
    } else copy.set(node.outputs[0]!, forwardProduct(builder, from, matrix))
  }
  return { graph: copy.finish(), matrices: int8Inputs.matrices }
}

type QuantisedInputs = { readonly elements: Value; readonly scales: Value }

/** The int8 inputs that a graph takes, one pair for each quantised matrix. */
class Int8Inputs {
  readonly #builder: GraphBuilder
  readonly #known = new Map<Value, QuantisedInputs & { readonly matrix: Int8Matrix }>()

  constructor(builder: GraphBuilder) {
    this.#builder = builder
  }

  get matrices(): readonly Int8Matrix[] {
    return Array.from(this.#known.values(), ({ matrix }) => matrix)
  }

  of(weight: Value): QuantisedInputs {
    const known = this.#known.get(weight)
    if (known !== undefined) return known
    const { name, shape } = weight
    const [rows, columns] = shape as [number, number]
    const inputs = {
      matrix: { name, rows, columns },
      elements: this.#builder.input(int8Names.elements(name), 'int8', shape),
      scales: this.#builder.input(int8Names.scales(name), 'float32', [columns]),
    }
    this.#known.set(weight, inputs)
    return inputs
  }
}

/** Bias additions, keyed by the value that they add a bias to; no other node reads that value. */
function biasAdditions(
  { nodes, outputs }: TensorGraph,
  inputs: ReadonlySet<Value | undefined>,
): Map<Value, Node> {
  const readers = new Map<Value | undefined, number>()
  for (const value of [...nodes.flatMap((node) => node.inputs), ...outputs.values()]) {
    readers.set(value, (readers.get(value) ?? 0) + 1)
  }
  const additions = nodes.filter(({ operation, inputs: [to, bias] }) => {
    return operation.kind === 'add' && readers.get(to) === 1 && inputs.has(bias)
  })
  return new Map(additions.map((node) => [node.inputs[0]!, node]))
}

function isWeightProduct({ operation }: Node): boolean {
  if (operation.kind !== 'matMul' || operation.scale !== 1) return false
  return operation.transposed === 'none' || operation.transposed === 'b'
}

function fits({ shape }: Value): boolean {
  const isMultiple = (size: number | string): boolean =>
    typeof size === 'number' && size % sizeMultiple === 0
  return shape.length === 2 && shape.every(isMultiple)
}

/** x [.., rows] -> x W [.., columns]. */
function forwardProduct(builder: GraphBuilder, x: Value, matrix: QuantisedInputs): Value {
  const scale = rowScale(builder, x) // [.., 1]
  const normalised = op.divide(builder, x, scale)
  return op.multiply(builder, op.int8Product(builder, normalised, matrix), scale)
}

/** dy [.., columns] -> dy W^T [.., rows]. The column scales of W are multiplied into dy first. */
function gradientProduct(builder: GraphBuilder, dy: Value, matrix: QuantisedInputs): Value {
  const scaled = op.multiply(builder, dy, matrix.scales)
  const scale = rowScale(builder, scaled) // [.., 1]
  const normalised = op.divide(builder, scaled, scale)
  const elements = layout.transpose(builder, matrix.elements, [1, 0])
  const scales = op.scalar(builder, 1)
  return op.multiply(builder, op.int8Product(builder, normalised, { elements, scales }), scale)
}

/** The largest absolute element of each row, at least 1e-30 so that it can divide: [.., 1]. */
function rowScale(builder: GraphBuilder, x: Value): Value {
  const least = op.scale(builder, op.rowMinimum(builder, x), -1)
  const most = op.maximum(builder, op.rowMaximum(builder, x), least)
  return op.maximum(builder, most, op.scalar(builder, 1e-30))
}
