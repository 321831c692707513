// Products with weights in 8 bits instead of 32, in a graph that was differentiated already: three
// to four times as fast where the processor multiplies bytes. It owns which products change and
// what they become; the bytes of the weights are the engine's to feed.
//
// As in SwitchBack (Wortsman et al. 2023, arXiv:2304.13013), the forward product and that of the
// gradient of its input are rounded, row by row of what flows, and the gradient of the weights is
// not. Gradients are those of products that are not rounded.
import assert from 'node:assert/strict'
import * as layout from './tensors/layout-operations.ts'
import * as op from './tensors/operations.ts'
import { GraphBuilder, type Node, type TensorGraph, type Value } from './tensors/tensor-graph.ts'

/** A weight matrix [rows, columns] that is fed in 8 bits as well. */
export type Int8Matrix = {
  /** The input with its float32 elements. */
  readonly name: string
  readonly rows: number
  readonly columns: number
}

/** Inputs of a matrix in 8 bits: elements int8 [rows, columns] and the scale of each column. */
export const int8Names = {
  elements: (parameter: string) => `int8:${parameter}`,
  scales: (parameter: string) => `scales:${parameter}`,
} as const

/** Rows and columns of a matrix that is rounded are multiples of it: vectors have 16 bytes. */
const sizesMultiple = 16

/**
 * The graph with rounded products of the weights that `isRounded` names, and the matrices that it
 * wants as inputs.
 */
export function withInt8Products(
  graph: TensorGraph,
  isRounded: (parameter: string) => boolean,
): { graph: TensorGraph; matrices: readonly Int8Matrix[] } {
  const copy = new Copy(graph)
  const { builder } = copy
  const inputs = new Set<Value | undefined>(graph.inputs)
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((one) => [one, node])))
  const additions = biasAdditions(graph, inputs)
  const fused = new Set<Node>()
  for (const node of graph.nodes) {
    const [x, weight] = node.inputs
    const rounded =
      isWeightProduct(node) && inputs.has(weight) && fits(weight!) && isRounded(weight!.name)
    if (fused.has(node)) continue
    if (!rounded) {
      copy.append(node)
      continue
    }
    const from = copy.of(x!)
    const matrix = copy.matrixOf(weight!)
    if (node.operation.kind === 'matMul' && node.operation.transposed === 'b') {
      copy.set(node, gradientProduct(builder, from, matrix))
      continue
    }
    const addition = additions.get(node.outputs[0]!)
    // Rows of a layer normalisation are level already, and the bias can join in.
    if (makers.get(x!)?.operation.kind === 'layerNorm' && addition !== undefined) {
      const bias = copy.of(addition.inputs[1]!)
      copy.set(addition, op.int8Product(builder, from, { ...matrix, bias }))
      fused.add(addition)
    } else copy.set(node, forwardProduct(builder, from, matrix))
  }
  return { graph: copy.finish(), matrices: copy.matrices }
}

type RoundedInputs = { readonly elements: Value; readonly scales: Value }

/** A graph under construction that takes over nodes of another one. */
class Copy {
  readonly builder = new GraphBuilder({ parameters: 'inputs' })
  readonly #original: TensorGraph
  readonly #values = new Map<Value, Value>()
  readonly #matrices = new Map<Value, RoundedInputs & { readonly matrix: Int8Matrix }>()

  constructor(original: TensorGraph) {
    this.#original = original
    for (const input of original.inputs) {
      this.#values.set(input, this.builder.input(input.name, input.type, input.shape))
    }
    for (const [value, elements] of original.constants) {
      const shape = value.shape as readonly number[]
      this.#values.set(value, this.builder.constant(value.name, elements, shape))
    }
  }

  get matrices(): readonly Int8Matrix[] {
    return Array.from(this.#matrices.values(), ({ matrix }) => matrix)
  }

  /** What a value of the original is here. */
  of(value: Value): Value {
    const own = this.#values.get(value)
    assert.ok(own !== undefined, `${value.name} is not there yet`)
    return own
  }

  /** Takes a node over as it is. */
  append({ operation, inputs, outputs }: Node): void {
    const own = inputs.map((input) => input && this.of(input))
    const results = this.builder.append(operation, own, outputs)
    for (const [place, output] of outputs.entries()) this.#values.set(output, results[place]!)
  }

  /** Says what stands here for the result of a node. */
  set(node: Node, value: Value): void {
    this.#values.set(node.outputs[0]!, value)
  }

  matrixOf(weight: Value): RoundedInputs {
    const known = this.#matrices.get(weight)
    if (known !== undefined) return known
    const { name, shape } = weight
    const [rows, columns] = shape as [number, number]
    const inputs = {
      matrix: { name, rows, columns },
      elements: this.builder.input(int8Names.elements(name), 'int8', shape),
      scales: this.builder.input(int8Names.scales(name), 'float32', [columns]),
    }
    this.#matrices.set(weight, inputs)
    return inputs
  }

  finish(): TensorGraph {
    for (const [name, value] of this.#original.outputs) this.builder.output(name, this.of(value))
    return this.builder.finish()
  }
}

/** Additions of an input to something that nothing else reads, by what they are added to. */
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
    typeof size === 'number' && size % sizesMultiple === 0
  return shape.length === 2 && shape.every(isMultiple)
}

/** x [.., rows] -> x W [.., columns]. */
function forwardProduct(builder: GraphBuilder, x: Value, matrix: RoundedInputs): Value {
  const size = rowSize(builder, x) // [.., 1]
  const level = op.divide(builder, x, size)
  return op.multiply(builder, op.int8Product(builder, level, matrix), size)
}

/** dy [.., columns] -> dy W^T [.., rows]: the scales of the columns go to dy. */
function gradientProduct(builder: GraphBuilder, dy: Value, matrix: RoundedInputs): Value {
  const scaled = op.multiply(builder, dy, matrix.scales)
  const size = rowSize(builder, scaled) // [.., 1]
  const level = op.divide(builder, scaled, size)
  const elements = layout.transpose(builder, matrix.elements, [1, 0])
  const scales = op.scalar(builder, 1)
  return op.multiply(builder, op.int8Product(builder, level, { elements, scales }), size)
}

/** The largest absolute element of each row, and never 0: [.., 1]. */
function rowSize(builder: GraphBuilder, x: Value): Value {
  const least = op.scale(builder, op.rowMinimum(builder, x), -1)
  const most = op.maximum(builder, op.rowMaximum(builder, x), least)
  return op.maximum(builder, most, op.scalar(builder, 1e-30))
}
