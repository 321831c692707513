// The derivative of each operation, as nodes of the same graph. The table is keyed by the closed
// union of operations, so a new operation does not compile until it has a rule. gradient.ts decides
// which rules apply, in which order.
import assert from 'node:assert/strict'
import * as layout from './layout-operations.ts'
import * as op from './operations.ts'
import type { Dimension, GraphBuilder, Node, Operation, Shape, Value } from './tensor-graph.ts'

/** What gradient.ts knows about a node before it applies the node's rule. */
export type Backward = {
  /** The gradient of each output; undefined where the loss does not depend on the output. */
  readonly upstream: readonly (Value | undefined)[]
  /** For each input, whether its gradient is needed. */
  readonly needed: readonly boolean[]
}

type Context<Kind extends Operation['kind']> = Backward & {
  readonly graph: GraphBuilder
  readonly operation: Extract<Operation, { kind: Kind }>
  /** The inputs of the node; an omitted input is undefined. */
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  /** Gradient of the first output. */
  readonly dy: Value
}
type Rule<Kind extends Operation['kind']> = (
  context: Context<Kind>,
) => readonly (Value | undefined)[]

/** The gradients of a node's inputs, in the order of the inputs; undefined where there is none. */
export function gradientRule(
  graph: GraphBuilder,
  node: Node,
  backward: Backward,
): readonly (Value | undefined)[] {
  const { operation, outputs } = node
  // The table pairs each kind with a rule for that kind. TypeScript loses this in a lookup.
  const rule = rules[operation.kind] as Rule<Operation['kind']>
  const inputs = node.inputs as readonly Value[]
  const dy = backward.upstream[0] ?? op.scale(graph, outputs[0]!, 0)
  return rule({ graph, operation, inputs, outputs, dy, ...backward })
}

/** For shapes, comparisons and integers, whose derivative is zero or undefined. */
const constant = (): readonly undefined[] => []

/** For the operations that int8-products.ts adds to a graph after differentiation. */
const addedLater = 'int8 products are added to a graph after it is differentiated'

const rules: { readonly [Kind in Operation['kind']]: Rule<Kind> } = {
  add: ({ graph, inputs: [a, b], dy }) => [sumTo(graph, dy, a!), sumTo(graph, dy, b!)],
  subtract: ({ graph, inputs: [a, b], dy }) => [
    sumTo(graph, dy, a!),
    op.scale(graph, sumTo(graph, dy, b!), -1),
  ],
  multiply: ({ graph, inputs: [a, b], dy, needed }) => [
    needed[0] ? sumTo(graph, op.multiply(graph, dy, b!), a!) : undefined,
    needed[1] ? sumTo(graph, op.multiply(graph, dy, a!), b!) : undefined,
  ],
  divide: ({ graph, inputs: [a, b], outputs: [y], dy, needed }) => {
    const quotient = op.divide(graph, dy, b!) // dy / b; d(a / b) / db = -(a / b) / b
    return [
      needed[0] ? sumTo(graph, quotient, a!) : undefined,
      needed[1]
        ? op.scale(graph, sumTo(graph, op.multiply(graph, quotient, y!), b!), -1)
        : undefined,
    ]
  },
  minimum: ({ graph, inputs: [a, b], dy }) =>
    routeToWinner(graph, { dy, a: a!, b: b!, aWins: [a!, b!] }),
  maximum: ({ graph, inputs: [a, b], dy }) =>
    routeToWinner(graph, { dy, a: a!, b: b!, aWins: [b!, a!] }),
  squareRoot: ({ graph, outputs: [y], dy }) => [
    op.divide(graph, op.scale(graph, dy, 0.5), y!), // dy / (2 y)
  ],
  exponential: ({ graph, outputs: [y], dy }) => [op.multiply(graph, dy, y!)],
  errorFunction: ({ graph, inputs: [x], dy }) => {
    const bell = op.exponential(graph, op.scale(graph, op.multiply(graph, x!, x!), -1))
    return [op.multiply(graph, dy, op.scale(graph, bell, 2 / Math.sqrt(Math.PI)))]
  },
  rowMaximum: () => assert.fail(addedLater),
  rowMinimum: () => assert.fail(addedLater),
  int8Product: () => assert.fail(addedLater),
  quantise: () => assert.fail(addedLater),
  int8Linear: () => assert.fail(addedLater),
  less: constant,
  matMul: (context) => productRule(context),
  gather: ({ graph, inputs: [table, ids], dy }) => [scatterRows(graph, table!, { ids: ids!, dy })],
  layerNorm: (context) => layerNormRule(context),
  gelu: ({ graph, inputs: [x], dy }) => [geluRule(graph, x!, dy)],
  softmax: ({ graph, outputs: [y], dy }) => {
    const mean = sumLast(graph, op.multiply(graph, dy, y!)) // [.., 1]
    return [op.multiply(graph, op.subtract(graph, dy, mean), y!)]
  },
  logSoftmax: ({ graph, outputs: [y], dy }) => {
    const spread = op.multiply(graph, op.exponential(graph, y!), sumLast(graph, dy))
    return [op.subtract(graph, dy, spread)]
  },
  reduceSum: ({ graph, operation, inputs: [x], dy }) => {
    const { axes } = operation
    const ones = x!.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    return [layout.expandLike(graph, layout.reshape(graph, dy, ones), x!)]
  },
  oneHot: constant,
  l2Normalize: ({ graph, inputs: [x], outputs: [y], dy }) => {
    const length = op.squareRoot(graph, sumLast(graph, op.multiply(graph, x!, x!))) // [.., 1]
    // A zero row has no direction, so its gradient is undefined; the bound keeps it finite.
    const divisor = op.maximum(graph, length, op.scalar(graph, 1e-12))
    const along = op.multiply(graph, y!, sumLast(graph, op.multiply(graph, dy, y!)))
    return [op.divide(graph, op.subtract(graph, dy, along), divisor)]
  },
  attention: () => assert.fail('fused attention has no gradient; build decomposed attention'),
  split: ({ graph, inputs: [x], outputs, upstream }) => {
    const axis = x!.shape.length - 1
    const parts = outputs.map((part, i) => upstream[i] ?? op.scale(graph, part, 0))
    return [layout.concat(graph, parts, { axis, size: x!.shape[axis]! })]
  },
  sizeOf: constant,
  take: ({ graph, operation: { axis }, inputs: [x, count], dy }) => {
    const rest = layout.drop(graph, zeros(graph, x!.shape), { axis, count: count!, size: 'rest' })
    return [layout.concat(graph, [dy, rest], { axis, size: x!.shape[axis]! })]
  },
  drop: ({ graph, operation: { axis }, inputs: [x, count], dy }) => {
    const first = layout.take(graph, zeros(graph, x!.shape), { axis, count: count!, size: 'first' })
    return [layout.concat(graph, [first, dy], { axis, size: x!.shape[axis]! })]
  },
  concat: ({ graph, operation: { axis }, inputs, dy }) => {
    let rest = dy
    return inputs.map((part) => {
      const count = layout.sizeOf(graph, part, axis)
      const own = layout.take(graph, rest, { axis, count, size: part.shape[axis]! })
      rest = layout.drop(graph, rest, { axis, count, size: 'rest' })
      return own
    })
  },
  expand: ({ graph, inputs: [x], dy }) => [sumTo(graph, dy, x!)],
  reshape: ({ graph, inputs: [x], dy }) => [layout.reshape(graph, dy, x!.shape)],
  transpose: ({ graph, operation: { order }, dy }) => [
    layout.transpose(
      graph,
      dy,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ],
  cast: ({ graph, inputs: [x], dy }) =>
    x!.type === 'float32' ? [layout.cast(graph, dy, 'float32')] : [],
  squeeze: ({ graph, operation: { axis }, dy }) => [layout.unsqueeze(graph, dy, axis)],
  unsqueeze: ({ graph, operation: { axis }, dy }) => [layout.squeeze(graph, dy, axis)],
}

/** For C = A B, either perhaps transposed, dA and dB are products of dC with the other operand. */
function productRule(context: Context<'matMul'>): readonly (Value | undefined)[] {
  const { graph, operation, inputs, dy, needed } = context
  const [a, b] = inputs as [Value, Value]
  const { transposed, scale } = operation
  const product = (x: Value, y: Value, which: 'none' | 'a' | 'b' | 'both'): Value =>
    op.matMul(graph, x, y, { transposed: which, scale })
  // For a matrix that the whole batch shares, one product over all rows replaces a sum of products.
  if (transposed === 'none' && b.shape.length === 2 && a.shape.length > 2) {
    return [
      needed[0] ? product(dy, b, 'b') : undefined,
      needed[1]
        ? transposedProduct(graph, { x: rowsOf(graph, a), y: rowsOf(graph, dy), scale })
        : undefined,
    ]
  }
  const forA = {
    none: () => product(dy, b, 'b'),
    a: () => product(b, dy, 'b'),
    b: () => product(dy, b, 'none'),
    both: () => product(b, dy, 'both'),
  }
  const forB = {
    none: () => product(a, dy, 'a'),
    a: () => product(a, dy, 'none'),
    b: () => product(dy, a, 'a'),
    both: () => product(dy, a, 'both'),
  }
  return [
    needed[0] ? sumTo(graph, forA[transposed](), a) : undefined,
    needed[1] ? sumTo(graph, forB[transposed](), b) : undefined,
  ]
}

/**
 * x^T y times `scale`. A narrow x is transposed before the product, because ONNX Runtime is then
 * faster: it saves 10 % of a product of 288 rows by 384 and 1,536 columns. Transposing a wide x
 * costs more than it saves.
 */
function transposedProduct(
  graph: GraphBuilder,
  { x, y, scale }: { x: Value; y: Value; scale: number },
): Value {
  const [from, to] = [x.shape[1]!, y.shape[1]!]
  const isNarrow = typeof from === 'number' && typeof to === 'number' && from <= to
  if (!isNarrow) return op.matMul(graph, x, y, { transposed: 'a', scale })
  return op.matMul(graph, layout.transpose(graph, x, [1, 0]), y, { scale })
}

/**
 * With n = (x - mean) / deviation and g = dy * scale over the last axis,
 * dx = (g - mean(g) - n * mean(g * n)) / deviation. Each mean is one pass: a matrix product with
 * scale / width as a column.
 */
function layerNormRule(context: Context<'layerNorm'>): readonly (Value | undefined)[] {
  const { graph, inputs, outputs, dy, needed } = context
  const [x, scale, bias] = inputs as [Value, Value, Value]
  const [, mean, inverseDeviation] = outputs as [Value, Value, Value] // [.., 1]
  const width = x.shape.at(-1)
  assert.ok(typeof width === 'number', 'the normalised axis has a fixed size')
  const normal = op.multiply(graph, op.subtract(graph, x, mean), inverseDeviation)
  const dyNormal = op.multiply(graph, dy, normal)
  const column = layout.unsqueeze(graph, op.scale(graph, scale, 1 / width), 1) // [width, 1]
  const scaledMean = (value: Value): Value => op.matMul(graph, value, column) // [.., 1]
  const dx = (): Value => {
    const centred = op.subtract(graph, op.multiply(graph, dy, scale), scaledMean(dy))
    const projection = op.multiply(graph, normal, scaledMean(dyNormal))
    return op.multiply(graph, op.subtract(graph, centred, projection), inverseDeviation)
  }
  return [
    needed[0] ? dx() : undefined,
    needed[1] ? sumTo(graph, dyNormal, scale) : undefined,
    needed[2] ? sumTo(graph, dy, bias) : undefined,
  ]
}

/**
 * gelu(x) = x P(x), so its derivative is P(x) + x p(x), where P and p are the cumulative
 * distribution and the density of the standard normal. With u = x / sqrt(2) that is
 * (1 + erf(u)) / 2 + u exp(-u^2) / sqrt(pi); the code moves 1 / sqrt(pi) into the exponent.
 */
function geluRule(graph: GraphBuilder, x: Value, dy: Value): Value {
  const u = op.scale(graph, x, Math.SQRT1_2)
  const half = op.scalar(graph, 0.5)
  const cumulative = op.add(graph, op.multiply(graph, op.errorFunction(graph, u), half), half)
  const factor = op.scalar(graph, -Math.log(Math.PI) / 2)
  const bell = op.exponential(graph, op.subtract(graph, factor, op.multiply(graph, u, u)))
  const derivative = op.add(graph, cumulative, op.multiply(graph, u, bell))
  return op.multiply(graph, dy, derivative)
}

/** Of a minimum or maximum: the gradient goes to the chosen operand, or to b if both are equal. */
function routeToWinner(
  graph: GraphBuilder,
  { dy, a, b, aWins }: { dy: Value; a: Value; b: Value; aWins: readonly [Value, Value] },
): readonly Value[] {
  const toA = op.multiply(graph, dy, layout.cast(graph, op.less(graph, ...aWins), 'float32'))
  return [sumTo(graph, toA, a), sumTo(graph, op.subtract(graph, dy, toA), b)]
}

/**
 * Adds each row of dy [.., width] to the table row that its id in ids [..] names. It is a product
 * with one-hot rows, because a scatter-add on several threads has no fixed order.
 */
function scatterRows(
  graph: GraphBuilder,
  table: Value,
  { ids, dy }: { ids: Value; dy: Value },
): Value {
  const flat = layout.reshape(graph, ids, [countOf(ids.shape)])
  const indices = layout.cast(graph, flat, 'int64')
  const count = layout.sizeOf(graph, table, 0)
  const oneHot = op.oneHot(graph, indices, { count, size: table.shape[0]! }) // [ids, rows]
  return op.matMul(graph, oneHot, rowsOf(graph, dy), { transposed: 'a' }) // [rows, width]
}

/** Reverses broadcasting: sums dy over the axes along which `like` was repeated. */
function sumTo(graph: GraphBuilder, dy: Value, like: Value): Value {
  const extra = dy.shape.length - like.shape.length
  const leading = Array.from({ length: extra }, (_, axis) => axis)
  const own = extra === 0 ? dy : op.reduceSum(graph, dy, { axes: leading, keepDims: false })
  const axes = [...like.shape.keys()].filter(
    (axis) => like.shape[axis] === 1 && own.shape[axis] !== 1,
  )
  return axes.length === 0 ? own : op.reduceSum(graph, own, { axes, keepDims: true })
}

function sumLast(graph: GraphBuilder, x: Value): Value {
  return op.reduceSum(graph, x, { axes: [x.shape.length - 1], keepDims: true })
}

/** [.., width] -> [rows, width]. */
function rowsOf(graph: GraphBuilder, x: Value): Value {
  return layout.reshape(graph, x, [countOf(x.shape.slice(0, -1)), x.shape.at(-1)!])
}

/** The product of all sizes: a number, or a symbol such as `batch*tokens`. */
function countOf(shape: Shape): Dimension {
  const fixed = shape.every((size) => typeof size === 'number')
  return fixed ? shape.reduce((product, size) => product * size, 1) : shape.join('*')
}

function zeros(graph: GraphBuilder, shape: Shape): Value {
  const sizes = shape.map((size) => {
    assert.ok(typeof size === 'number', 'take and drop are differentiable only for a fixed size')
    return size
  })
  const count = sizes.reduce((product, size) => product * size, 1)
  return graph.constant('zeros', new Float32Array(count), sizes)
}
