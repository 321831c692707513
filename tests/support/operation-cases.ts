// A small example of every operation of a tensor graph, for its gradient tests and the comparison
// of engines. It owns the examples and their graphs, not the expected results.
import fc from 'fast-check'
import { gradientsOf } from '../../models/graph/tensors/gradient.ts'
import * as layout from '../../models/graph/tensors/layout-operations.ts'
import * as op from '../../models/graph/tensors/operations.ts'
import { GraphBuilder } from '../../models/graph/tensors/tensor-graph.ts'
import type { Operation, TensorGraph, Value } from '../../models/graph/tensors/tensor-graph.ts'

/** A function of float inputs, with the shapes of these. */
export type OperationCase = {
  readonly shapes: readonly (readonly number[])[]
  readonly build: (graph: GraphBuilder, ...inputs: Value[]) => Value
  /** The range of the inputs; [-2, 2] by default. */
  readonly range?: readonly [number, number]
}

const count = (graph: GraphBuilder, number: number): Value =>
  graph.constant('count', BigInt64Array.of(BigInt(number)), [1])
/** Levels from -1.28 to 1.27, so that some inputs saturate. */
const levels = (graph: GraphBuilder) => ({
  scale: graph.constant('scale', Float32Array.of(0.01), []),
  zero: graph.constant('zero', Uint8Array.of(128), []),
})
const ids = (graph: GraphBuilder): Value => graph.constant('ids', Int32Array.of(2, 0, 2, 1), [2, 2])

/**
 * Operations without a gradient: those whose result is whole numbers or booleans, attention
 * (written out for training), and those that enter a graph only after differentiation.
 */
export const withoutGradient = [
  ...(['less', 'sizeOf', 'oneHot', 'attention'] as const),
  ...(['rowMaximum', 'rowMinimum', 'int8Product', 'quantise', 'int8Linear'] as const),
] as const
type WithoutGradient = (typeof withoutGradient)[number]
type Differentiable = Exclude<Operation['kind'], WithoutGradient>

/**
 * A case for each operation with a gradient; the first word of a name is the operation. A new
 * operation does not compile until it is here.
 */
export const differentiableCases: Record<
  Differentiable | `${Differentiable} ${string}`,
  OperationCase
> = {
  add: { shapes: [[2, 3], [3]], build: (g, a, b) => op.add(g, a, b) },
  subtract: {
    shapes: [
      [2, 1],
      [2, 3],
    ],
    build: (g, a, b) => op.subtract(g, a, b),
  },
  multiply: {
    shapes: [
      [2, 3],
      [2, 1],
    ],
    build: (g, a, b) => op.multiply(g, a, b),
  },
  'multiply by itself': { shapes: [[3]], build: (g, a) => op.multiply(g, a, a) },
  divide: { shapes: [[2, 3], [3]], range: [0.5, 2], build: (g, a, b) => op.divide(g, a, b) },
  minimum: { shapes: [[2, 3], [3]], build: (g, a, b) => op.minimum(g, a, b) },
  maximum: { shapes: [[2, 3], [3]], build: (g, a, b) => op.maximum(g, a, b) },
  squareRoot: { shapes: [[2, 2]], range: [0.5, 2], build: (g, a) => op.squareRoot(g, a) },
  exponential: { shapes: [[2, 2]], build: (g, a) => op.exponential(g, a) },
  errorFunction: { shapes: [[2, 2]], build: (g, a) => op.errorFunction(g, a) },
  matMul: {
    shapes: [
      [2, 3],
      [3, 4],
    ],
    build: (g, a, b) => op.matMul(g, a, b),
  },
  'matMul with a shared matrix': {
    shapes: [
      [2, 2, 3],
      [3, 2],
    ],
    build: (g, a, b) => op.matMul(g, a, b, { scale: 0.5 }),
  },
  'matMul with a shared row': {
    shapes: [
      [1, 2],
      [2, 2, 3],
    ],
    build: (g, a, b) => op.matMul(g, a, b),
  },
  'matMul a transposed': {
    shapes: [
      [2, 3, 2],
      [2, 3, 4],
    ],
    build: (g, a, b) => op.matMul(g, a, b, { transposed: 'a' }),
  },
  'matMul b transposed': {
    shapes: [
      [2, 2, 3],
      [2, 4, 3],
    ],
    build: (g, a, b) => op.matMul(g, a, b, { transposed: 'b', scale: 0.7 }),
  },
  'matMul both transposed': {
    shapes: [
      [3, 2],
      [4, 3],
    ],
    build: (g, a, b) => op.matMul(g, a, b, { transposed: 'both' }),
  },
  gather: { shapes: [[3, 2]], build: (g, table) => op.gather(g, table, ids(g)) },
  layerNorm: {
    shapes: [[2, 2, 4], [4], [4]],
    build: (g, x, scale, bias) => op.layerNorm(g, x, { scale: scale, bias: bias, epsilon: 1e-2 }),
  },
  gelu: { shapes: [[2, 3]], build: (g, x) => op.gelu(g, x) },
  softmax: { shapes: [[2, 3]], build: (g, x) => op.softmax(g, x) },
  logSoftmax: { shapes: [[2, 3]], build: (g, x) => op.logSoftmax(g, x) },
  reduceSum: {
    shapes: [[2, 3, 2]],
    build: (g, x) => op.reduceSum(g, x, { axes: [1], keepDims: true }),
  },
  'reduceSum without the axes': {
    shapes: [[2, 3, 2]],
    build: (g, x) => op.reduceSum(g, x, { axes: [0, 2], keepDims: false }),
  },
  l2Normalize: { shapes: [[2, 3]], range: [0.5, 2], build: (g, x) => op.l2Normalize(g, x) },
  split: {
    shapes: [[2, 4]],
    build: (g, x) => {
      const [left, right] = layout.split(g, x, 2)
      return op.multiply(g, left!, right!)
    },
  },
  'split where one part counts': {
    shapes: [[2, 4]],
    build: (g, x) => layout.split(g, x, 2)[1]!,
  },
  take: {
    shapes: [[3, 2]],
    build: (g, x) => layout.take(g, x, { axis: 0, count: count(g, 2), size: 2 }),
  },
  drop: {
    shapes: [[3, 2]],
    build: (g, x) => layout.drop(g, x, { axis: 1, count: count(g, 1), size: 1 }),
  },
  concat: {
    shapes: [
      [2, 1],
      [2, 3],
    ],
    build: (g, x, y) => layout.concat(g, [x, y, x], { axis: 1, size: 5 }),
  },
  'concat after drop': {
    shapes: [
      [3, 2],
      [1, 2],
    ],
    build: (g, x, y) => {
      const rest = layout.drop(g, x, { axis: 0, count: count(g, 1), size: 2 })
      return layout.concat(g, [y, rest, y], { axis: 0, size: 4 })
    },
  },
  expand: {
    shapes: [
      [2, 1],
      [2, 3],
    ],
    build: (g, x, like) => op.multiply(g, layout.expandLike(g, x, like), like),
  },
  reshape: { shapes: [[2, 6]], build: (g, x) => layout.reshape(g, x, [2, 3, 2]) },
  transpose: { shapes: [[2, 3, 2]], build: (g, x) => layout.transpose(g, x, [1, 2, 0]) },
  squeeze: { shapes: [[2, 1]], build: (g, x) => layout.squeeze(g, x, 1) },
  unsqueeze: { shapes: [[2]], build: (g, x) => layout.unsqueeze(g, x, 0) },
  cast: { shapes: [[2, 3]], build: (g, x) => op.multiply(g, layout.cast(g, x, 'float32'), x) },
}

/** The other operations, each on one float tensor [2, 3]. */
export const otherCases: Record<WithoutGradient | `${WithoutGradient} ${string}`, OperationCase> = {
  less: {
    shapes: [
      [2, 1],
      [1, 3],
    ],
    build: (g, a, b) => layout.cast(g, op.less(g, a, b), 'float32'),
  },
  sizeOf: {
    shapes: [[2, 3]],
    build: (g, x) => layout.cast(g, layout.sizeOf(g, x, 1), 'float32'),
  },
  oneHot: {
    shapes: [[4, 3]],
    build: (g, x) => {
      const wide = layout.cast(g, layout.reshape(g, ids(g), [4]), 'int64')
      return op.multiply(g, op.oneHot(g, wide, { count: layout.sizeOf(g, x, 1), size: 3 }), x)
    },
  },
  attention: {
    shapes: [
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 4],
    ],
    build: (g, query, key, value) => op.attention(g, { query, key, value, heads: 2 }),
  },
  rowMaximum: { shapes: [[2, 3, 4]], build: (g, x) => op.rowMaximum(g, x) },
  rowMinimum: { shapes: [[2, 3, 4]], build: (g, x) => op.rowMinimum(g, x) },
  int8Product: {
    shapes: [[2, 3, 4], [2]],
    build: (g, x, bias) => {
      // At most 63: processors without VNNI add pairs of products in 16 bits, which would overflow
      // with 127.
      const elements = g.constant('elements', Int8Array.of(63, -3, 40, 0, -63, 5, 9, 31), [4, 2])
      const scales = g.constant('scales', Float32Array.of(0.5, 0.01), [2])
      return op.int8Product(g, x, { elements, scales, bias })
    },
  },
  quantise: {
    shapes: [[2, 3]],
    build: (g, x) => layout.cast(g, op.quantise(g, x, levels(g)), 'float32'),
  },
  int8Linear: {
    shapes: [[2, 3, 4], [2]],
    build: (g, x, bias) => {
      const elements = g.constant('elements', Int8Array.of(63, -3, 40, 0, -63, 5, 9, 31), [4, 2])
      const scales = g.constant('scales', Float32Array.of(0.5, 0.01), [2])
      const { scale, zero } = levels(g)
      const x8 = op.quantise(g, x, { scale, zero })
      return op.int8Linear(g, x8, { scale, zero, elements, scales, bias })
    },
  },
  'attention of padded texts': {
    shapes: [
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 4],
    ],
    build: (g, query, key, value) => {
      const lengths = g.constant('lengths', Int32Array.of(3, 1), [2])
      return op.attention(g, { query, key, value, heads: 2, lengths })
    },
  },
}

/** The graph of a case: inputs x0, x1, ... and the output `result`. */
export function caseGraph({ shapes, build }: OperationCase): TensorGraph {
  const graph = new GraphBuilder()
  const result = build(graph, ...shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape)))
  graph.output('result', result)
  return graph.finish()
}

/**
 * The same graph with the output `loss`, the sum of the result times fixed uneven weights, and the
 * gradients dx0, dx1, ...
 */
export function gradientGraph({ shapes, build }: OperationCase): TensorGraph {
  const graph = new GraphBuilder()
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape))
  const result = build(graph, ...inputs)
  const sizes = result.shape as readonly number[]
  const uneven = Float32Array.from({ length: elementCount(sizes) }, (_, i) => Math.cos(3 * i + 1))
  const weighted = op.multiply(graph, result, graph.constant('uneven', uneven, sizes))
  const loss = op.reduceSum(graph, weighted, { axes: [...sizes.keys()], keepDims: false })
  graph.output('loss', loss)
  for (const [i, gradient] of gradientsOf(graph, loss, inputs).entries()) {
    graph.output(`dx${i}`, gradient)
  }
  return graph.finish()
}

/** Inputs for a case: each element from its range, in steps of 1/1024. */
export function caseInputs({
  shapes,
  range: [low, high] = [-2, 2],
}: OperationCase): fc.Arbitrary<Float32Array[]> {
  const number = fc.noBias(fc.integer({ min: low * 1024, max: high * 1024 }))
  return fc.tuple(
    ...shapes.map((shape) => {
      const length = elementCount(shape)
      const steps = fc.array(number, { minLength: length, maxLength: length })
      return steps.map((row) => Float32Array.from(row, (step) => step / 1024))
    }),
  )
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}
