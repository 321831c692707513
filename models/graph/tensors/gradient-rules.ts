// The derivative of each operation, as nodes of the same graph. The table is keyed by the closed
// union of operations: a new one does not compile until it has a rule. Which rules are applied in
// which order is gradient.ts.
import assert from 'node:assert/strict'
import * as layout from './layout-operations.ts'
import * as op from './operations.ts'
import type { Dimension, GraphBuilder, Node, Operation, Shape, Value } from './tensor-graph.ts'

/**
 * What is known when a node is differentiated: gradients of its outputs, and which inputs count.
 */
export type Backward = {
  /** One an output; undefined where the loss does not depend on it. */
  readonly upstream: readonly (Value | undefined)[]
  /** One an input: whether anybody wants its gradient. */
  readonly needed: readonly boolean[]
}

type Context<Kind extends Operation['kind']> = Backward & {
  readonly graph: GraphBuilder
  readonly operation: Extract<Operation, { kind: Kind }>
  /** The inputs and outputs of the node; an input left out is undefined. */
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  /** Gradient of the first output. */
  readonly dy: Value
}
type Rule<Kind extends Operation['kind']> = (
  context: Context<Kind>,
) => readonly (Value | undefined)[]

/** The gradients of a node's inputs, in their order; undefined where there is none. */
export function gradientRule(
  graph: GraphBuilder,
  node: Node,
  backward: Backward,
): readonly (Value | undefined)[] {
  const { operation, outputs } = node
  // The table pairs each kind with a rule for that kind, which TypeScript cannot see through a
  // lookup.
  const rule = rules[operation.kind] as Rule<Operation['kind']>
  const inputs = node.inputs as readonly Value[]
  const dy = backward.upstream[0] ?? op.scale(graph, outputs[0]!, 0)
  return rule({ graph, operation, inputs, outputs, dy, ...backward })
}

/** Of a shape, a comparison or whole numbers: nothing to differentiate. */
const constant = (): readonly undefined[] => []

/** Of the operations that int8-products.ts uses. */
const afterwards = 'products are rounded in graphs that are differentiated already'

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
  minimum: ({ graph, inputs: [a, b], dy }) => chosen(graph, { dy, a: a!, b: b!, aWins: [a!, b!] }),
  maximum: ({ graph, inputs: [a, b], dy }) => chosen(graph, { dy, a: a!, b: b!, aWins: [b!, a!] }),
  squareRoot: ({ graph, outputs: [y], dy }) => [
    op.divide(graph, op.scale(graph, dy, 0.5), y!), // dy / (2 y)
  ],
  exponential: ({ graph, outputs: [y], dy }) => [op.multiply(graph, dy, y!)],
  errorFunction: ({ graph, inputs: [x], dy }) => {
    const bell = op.exponential(graph, op.scale(graph, op.multiply(graph, x!, x!), -1))
    return [op.multiply(graph, dy, op.scale(graph, bell, 2 / Math.sqrt(Math.PI)))]
  },
  rowMaximum: () => assert.fail(afterwards),
  rowMinimum: () => assert.fail(afterwards),
  int8Product: () => assert.fail(afterwards),
  less: constant,
  matMul: (context) => productRule(context),
  gather: ({ graph, inputs: [table, ids], dy }) => [rowSums(graph, table!, { ids: ids!, dy })],
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
    // A zero row has no direction; its gradient is finite rather than right.
    const divisor = op.maximum(graph, length, op.scalar(graph, 1e-12))
    const along = op.multiply(graph, y!, sumLast(graph, op.multiply(graph, dy, y!)))
    return [op.divide(graph, op.subtract(graph, dy, along), divisor)]
  },
  attention: () => assert.fail('fused attention has no gradient; build it written out'),
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

/** C = A B, each perhaps transposed: dA and dB are products of dC with the other operand. */
function productRule(context: Context<'matMul'>): readonly (Value | undefined)[] {
  const { graph, operation, inputs, dy, needed } = context
  const [a, b] = inputs as [Value, Value]
  const { transposed, scale } = operation
  const product = (x: Value, y: Value, which: 'none' | 'a' | 'b' | 'both'): Value =>
    op.matMul(graph, x, y, { transposed: which, scale })
  // A matrix shared by a batch gets one product over all rows instead of a sum of products.
  if (transposed === 'none' && b.shape.length === 2 && a.shape.length > 2) {
    return [
      needed[0] ? product(dy, b, 'b') : undefined,
      needed[1]
        ? turnedProduct(graph, { x: rowsOf(graph, a), y: rowsOf(graph, dy), scale })
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
 * x^T y times `scale`. A narrow x is transposed before the product instead of in it, which the
 * runtime does faster: 10 % of the product of 288 rows, 384 and 1,536 columns. Turning a wide one
 * costs more than it saves.
 */
function turnedProduct(
  graph: GraphBuilder,
  { x, y, scale }: { x: Value; y: Value; scale: number },
): Value {
  const [from, to] = [x.shape[1]!, y.shape[1]!]
  const isNarrow = typeof from === 'number' && typeof to === 'number' && from <= to
  if (!isNarrow) return op.matMul(graph, x, y, { transposed: 'a', scale })
  return op.matMul(graph, layout.transpose(graph, x, [1, 0]), y, { scale })
}

/**
 * With n = (x - mean) / deviation and g = dy * scale, over the last axis: dx = (g - mean(g) - n *
 * mean(g * n)) / deviation. Both means are products with the scale as a column, which take one pass
 * each.
 */
function layerNormRule(context: Context<'layerNorm'>): readonly (Value | undefined)[] {
  const { graph, inputs, outputs, dy, needed } = context
  const [x, scale, bias] = inputs as [Value, Value, Value]
  const [, mean, inverseDeviation] = outputs as [Value, Value, Value] // [.., 1]
  const width = x.shape.at(-1)
  assert.ok(typeof width === 'number', 'the normalised axis has a fixed size')
  const normal = op.multiply(graph, op.subtract(graph, x, mean), inverseDeviation)
  const along = op.multiply(graph, dy, normal)
  const shares = layout.unsqueeze(graph, op.scale(graph, scale, 1 / width), 1) // [width, 1]
  const meanOf = (value: Value): Value => op.matMul(graph, value, shares) // [.., 1]
  const dx = (): Value => {
    const centred = op.subtract(graph, op.multiply(graph, dy, scale), meanOf(dy))
    const straight = op.subtract(graph, centred, op.multiply(graph, normal, meanOf(along)))
    return op.multiply(graph, straight, inverseDeviation)
  }
  return [
    needed[0] ? dx() : undefined,
    needed[1] ? sumTo(graph, along, scale) : undefined,
    needed[2] ? sumTo(graph, dy, bias) : undefined,
  ]
}

/**
 * gelu(x) = x P(x), so its derivative is P(x) + x p(x), with the normal distribution's P and p.
 * With u = x / root(2) that is (1 + erf(u)) / 2 + u e^(-u^2) / root(pi), whose last factor joins
 * the exponent.
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

/** The gradient goes to the operand that won; equal operands give it to b. */
function chosen(
  graph: GraphBuilder,
  { dy, a, b, aWins }: { dy: Value; a: Value; b: Value; aWins: readonly [Value, Value] },
): readonly Value[] {
  const toA = op.multiply(graph, dy, layout.cast(graph, op.less(graph, ...aWins), 'float32'))
  return [sumTo(graph, toA, a), sumTo(graph, op.subtract(graph, dy, toA), b)]
}

/**
 * Adds each row of dy to the row of the table that its id names. A product with one-hot rows, since
 * scattered addition on several threads has no fixed order. Ids [..], dy [.., width].
 */
function rowSums(graph: GraphBuilder, table: Value, { ids, dy }: { ids: Value; dy: Value }): Value {
  const flat = layout.reshape(graph, ids, [countOf(ids.shape)])
  const wide = layout.cast(graph, flat, 'int64')
  const count = layout.sizeOf(graph, table, 0)
  const choice = op.oneHot(graph, wide, { count, size: table.shape[0]! }) // [ids, rows]
  return op.matMul(graph, choice, rowsOf(graph, dy), { transposed: 'a' }) // [rows, width]
}

/** Undoes broadcasting: sums dy over the axes along which `like` was repeated. */
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

/** The product of sizes: a number, or a symbol such as `batch*tokens`. */
function countOf(shape: Shape): Dimension {
  const fixed = shape.every((size) => typeof size === 'number')
  return fixed ? shape.reduce((product, size) => product * size, 1) : shape.join('*')
}

function zeros(graph: GraphBuilder, shape: Shape): Value {
  const sizes = shape.map((size) => {
    assert.ok(typeof size === 'number', 'only a table of fixed size can be cut differentiably')
    return size
  })
  const count = sizes.reduce((product, size) => product * size, 1)
  return graph.constant('zeros', new Float32Array(count), sizes)
}
