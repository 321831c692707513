// The arithmetic of a tensor graph. Each operation has one builder, which checks its operands and
// derives the shape of its result. Two symbolic dimensions are equal if their names are. A wrong
// operand is a bug of the caller, so the checks are assertions. Operations that only move elements
// are in layout-operations.ts.
import assert from 'node:assert/strict'
import type { Dimension, ElementType, GraphBuilder, Product, Shape, Value } from './tensor-graph.ts'

/** a + b by element, with NumPy broadcasting. */
export function add(graph: GraphBuilder, a: Value, b: Value): Value {
  return elementwise(graph, { kind: 'add' }, a, b)
}

/** a * b by element, broadcast. */
export function multiply(graph: GraphBuilder, a: Value, b: Value): Value {
  return elementwise(graph, { kind: 'multiply' }, a, b)
}

/** a / b by element, broadcast. */
export function divide(graph: GraphBuilder, a: Value, b: Value): Value {
  return elementwise(graph, { kind: 'divide' }, a, b)
}

/** a - b by element, broadcast. */
export function subtract(graph: GraphBuilder, a: Value, b: Value): Value {
  return elementwise(graph, { kind: 'subtract' }, a, b)
}

/** The smaller of a and b by element, broadcast. */
export function minimum(graph: GraphBuilder, a: Value, b: Value): Value {
  return elementwise(graph, { kind: 'minimum' }, a, b)
}

/** The larger of a and b by element, broadcast. */
export function maximum(graph: GraphBuilder, a: Value, b: Value): Value {
  return elementwise(graph, { kind: 'maximum' }, a, b)
}

/** Square root by element. */
export function squareRoot(graph: GraphBuilder, x: Value): Value {
  return one(graph.append({ kind: 'squareRoot' }, [x], [alike(x)]))
}

/** e^x by element. */
export function exponential(graph: GraphBuilder, x: Value): Value {
  return one(graph.append({ kind: 'exponential' }, [x], [alike(x)]))
}

/** The error function (2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x) by element. */
export function errorFunction(graph: GraphBuilder, x: Value): Value {
  return one(graph.append({ kind: 'errorFunction' }, [x], [alike(x)]))
}

/** The largest element of each row (last axis), which then has size 1. */
export function rowMaximum(graph: GraphBuilder, x: Value): Value {
  return rowExtreme(graph, 'rowMaximum', x)
}

/** The smallest element of each row (last axis), which then has size 1. */
export function rowMinimum(graph: GraphBuilder, x: Value): Value {
  return rowExtreme(graph, 'rowMinimum', x)
}

/** A float32 constant of shape []. */
export function scalar(graph: GraphBuilder, number: number): Value {
  return graph.constant('number', Float32Array.of(number), [])
}

/** x times a number. */
export function scale(graph: GraphBuilder, x: Value, factor: number): Value {
  return multiply(graph, x, scalar(graph, factor))
}

/** Sum over some axes, which `keepDims` keeps with size 1 and which are otherwise removed. */
export function reduceSum(
  graph: GraphBuilder,
  x: Value,
  options: { axes: readonly number[]; keepDims: boolean },
): Value {
  expectType(x, 'float32')
  const { axes, keepDims } = options
  assert.ok(axes.length > 0 && axes.every((axis) => axis >= 0 && axis < x.shape.length))
  const sized = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  const shape = keepDims ? sized : sized.filter((_, axis) => !axes.includes(axis))
  const operation = { kind: 'reduceSum', axes, keepDims } as const
  return one(graph.append(operation, [x], [{ type: 'float32', shape }]))
}

/**
 * One-hot rows: ids int64 [n], count int64 [1] -> float32 [n, size], where `size` names `count`.
 */
export function oneHot(
  graph: GraphBuilder,
  ids: Value,
  options: { count: Value; size: Dimension },
): Value {
  expectType(ids, 'int64')
  const zeroAndOne = graph.constant('zero_and_one', Float32Array.of(0, 1), [2])
  const shape = [...ids.shape, options.size]
  const inputs = [ids, options.count, zeroAndOne]
  return one(graph.append({ kind: 'oneHot' }, inputs, [{ type: 'float32', shape }]))
}

/** a < b by element, broadcast; the result is bool. */
export function less(graph: GraphBuilder, a: Value, b: Value): Value {
  assert.equal(a.type, b.type)
  const shape = broadcast(a.shape, b.shape)
  return one(graph.append({ kind: 'less' }, [a, b], [{ type: 'bool', shape }]))
}

/**
 * Matrix product over the last two axes: [.., m, k] x [.., k, n] -> [.., m, n]. `transposed` names
 * the operands whose last two axes are swapped first; `scale` multiplies the product.
 */
export function matMul(
  graph: GraphBuilder,
  a: Value,
  b: Value,
  options: Partial<Product> = {},
): Value {
  const { transposed = 'none', scale = 1 } = options
  expectType(a, 'float32')
  expectType(b, 'float32')
  assert.ok(a.shape.length >= 2 && b.shape.length >= 2, 'matMul needs matrices')
  const [m, k] = matrixOf(a.shape, transposed === 'a' || transposed === 'both')
  const [k2, n] = matrixOf(b.shape, transposed === 'b' || transposed === 'both')
  assert.equal(k, k2, `matMul: inner dimensions ${k} and ${k2} differ`)
  const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n]
  const operation = { kind: 'matMul', transposed, scale } as const
  return one(graph.append(operation, [a, b], [{ type: 'float32', shape }]))
}

/**
 * x w + b in int8 -> float32 [.., n]. x float32 [.., k] is quantised with one scale and zero point
 * for all its elements. w is `elements` int8 [k, n] times `scales` float32 [n], one per column, or
 * []. b is float32 [n].
 */
export function int8Product(
  graph: GraphBuilder,
  x: Value,
  matrix: { elements: Value; scales: Value; bias?: Value | undefined },
): Value {
  const { elements, scales, bias } = matrix
  expectType(x, 'float32')
  expectType(elements, 'int8')
  const [k, n] = matrixOf(elements.shape, false)
  assert.equal(lastOf(x.shape), k, 'int8Product: inner dimensions differ')
  const shape = [...x.shape.slice(0, -1), n]
  // The fourth input would be the zero points of the matrix, which are 0.
  const inputs = [x, elements, scales, undefined, bias]
  return one(graph.append({ kind: 'int8Product' }, inputs, [{ type: 'float32', shape }]))
}

/**
 * x float32 as uint8 of the same shape: x / scale + zero, rounded to the nearest integer (ties to
 * even) and saturated to 0..255. `scale` float32 [] and `zero` uint8 [] are the same for all
 * elements.
 */
export function quantise(
  graph: GraphBuilder,
  x: Value,
  options: { scale: Value; zero: Value },
): Value {
  const { scale, zero } = options
  expectType(x, 'float32')
  expectType(scale, 'float32')
  expectType(zero, 'uint8')
  return one(graph.append({ kind: 'quantise' }, [x, scale, zero], [{ ...alike(x), type: 'uint8' }]))
}

/**
 * Linear layer on quantised operands -> float32 [.., n]. x is uint8 [.., k], made by `quantise`
 * with `scale` and `zero`. The weight is `elements` int8 [k, n] times `scales` float32 [n]. The
 * products are summed up as integers, so the result does not depend on the order. bias is [n].
 */
export function int8Linear(
  graph: GraphBuilder,
  x: Value,
  layer: { scale: Value; zero: Value; elements: Value; scales: Value; bias: Value },
): Value {
  const { scale, zero, elements, scales, bias } = layer
  expectType(x, 'uint8')
  expectType(elements, 'int8')
  const [k, n] = matrixOf(elements.shape, false)
  assert.equal(lastOf(x.shape), k, 'int8Linear: inner dimensions differ')
  assert.deepEqual([scales.shape, bias.shape], [[n], [n]])
  const shape = [...x.shape.slice(0, -1), n]
  // The sixth input would be the zero points of the matrix, which are 0.
  const inputs = [x, elements, scale, scales, zero, undefined, bias]
  return one(graph.append({ kind: 'int8Linear' }, inputs, [{ type: 'float32', shape }]))
}

/** Linear layer x w + b: [.., from] -> [.., to], with weight [from, to] and bias [to]. */
export function linear(
  graph: GraphBuilder,
  x: Value,
  weights: { weight: Value; bias: Value },
): Value {
  return add(graph, matMul(graph, x, weights.weight), weights.bias)
}

/** Looks up rows of a table [rows, width] by int32 or int64 ids [..] -> [.., width]. */
export function gather(graph: GraphBuilder, table: Value, ids: Value): Value {
  assert.ok(ids.type === 'int32' || ids.type === 'int64', 'gather needs integer ids')
  assert.equal(table.shape.length, 2)
  const shape = [...ids.shape, lastOf(table.shape)]
  return one(graph.append({ kind: 'gather' }, [table, ids], [{ type: table.type, shape }]))
}

/** Layer normalisation over the last axis (Ba et al. 2016, arXiv:1607.06450): same shape. */
export function layerNorm(
  graph: GraphBuilder,
  x: Value,
  options: { scale: Value; bias: Value; epsilon: number },
): Value {
  const width = lastOf(x.shape)
  assert.deepEqual(options.scale.shape, [width])
  assert.deepEqual(options.bias.shape, [width])
  const operation = { kind: 'layerNorm', epsilon: options.epsilon } as const
  const statistic = { type: x.type, shape: [...x.shape.slice(0, -1), 1] }
  const inputs = [x, options.scale, options.bias]
  // The gradient needs the mean and the inverse standard deviation; the writer omits them if
  // unused.
  const [result] = graph.append(operation, inputs, [alike(x), statistic, statistic])
  return result!
}

/** Gaussian error linear unit in its exact (erf) form (arXiv:1606.08415): same shape. */
export function gelu(graph: GraphBuilder, x: Value): Value {
  expectType(x, 'float32')
  return one(graph.append({ kind: 'gelu' }, [x], [alike(x)]))
}

/** Logarithm of the softmax over the last axis: same shape. */
export function logSoftmax(graph: GraphBuilder, x: Value): Value {
  expectType(x, 'float32')
  return one(graph.append({ kind: 'logSoftmax' }, [x], [alike(x)]))
}

/** Softmax over the last axis: same shape. */
export function softmax(graph: GraphBuilder, x: Value): Value {
  expectType(x, 'float32')
  return one(graph.append({ kind: 'softmax' }, [x], [alike(x)]))
}

/** 1 / (1 + exp(-x)). If the exponential overflows, the result is 0, which is the right limit. */
export function sigmoid(graph: GraphBuilder, x: Value): Value {
  const one = scalar(graph, 1)
  return divide(graph, one, add(graph, exponential(graph, scale(graph, x, -1)), one))
}

/** Divides each row (last axis) by its Euclidean length; a zero row stays zero. Same shape. */
export function l2Normalize(graph: GraphBuilder, x: Value): Value {
  expectType(x, 'float32')
  return one(graph.append({ kind: 'l2Normalize' }, [x], [alike(x)]))
}

/**
 * Scaled dot-product attention over all heads (arXiv:1706.03762):
 * query, key, value [batch, tokens, hidden] -> [batch, tokens, hidden].
 * With `lengths` int32 [batch], keys at positions >= length are masked.
 */
export function attention(
  graph: GraphBuilder,
  operands: { query: Value; key: Value; value: Value; heads: number; lengths?: Value | undefined },
): Value {
  const { query, key, value, heads, lengths } = operands
  assert.deepEqual(key.shape, value.shape)
  const hidden = lastOf(query.shape)
  assert.ok(typeof hidden === 'number' && hidden % heads === 0, 'heads must divide the hidden size')
  if (lengths !== undefined) expectType(lengths, 'int32')
  // The fourth input of MultiHeadAttention is a bias of the projections, which is already added.
  const inputs = [query, key, value, undefined, lengths]
  return one(graph.append({ kind: 'attention', heads }, inputs, [alike(query)]))
}

function rowExtreme(graph: GraphBuilder, kind: 'rowMaximum' | 'rowMinimum', x: Value): Value {
  expectType(x, 'float32')
  const shape = [...x.shape.slice(0, -1), 1]
  return one(graph.append({ kind }, [x], [{ type: 'float32', shape }]))
}

type Elementwise = {
  readonly kind: 'add' | 'subtract' | 'multiply' | 'divide' | 'minimum' | 'maximum'
}

function elementwise(graph: GraphBuilder, operation: Elementwise, a: Value, b: Value): Value {
  assert.equal(a.type, b.type, `${operation.kind}: ${a.type} and ${b.type} differ`)
  const shape = broadcast(a.shape, b.shape)
  return one(graph.append(operation, [a, b], [{ type: a.type, shape }]))
}

/**
 * The shape that a and b broadcast to: axes align at the end, and are equal or one of them is 1.
 */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1
    const right = b[axis - rank + b.length] ?? 1
    assert.ok(
      left === right || left === 1 || right === 1,
      `shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`,
    )
    return left === 1 ? right : left
  })
}

function matrixOf(shape: Shape, transposed: boolean): [Dimension, Dimension] {
  const [rows, columns] = shape.slice(-2) as [Dimension, Dimension]
  return transposed ? [columns, rows] : [rows, columns]
}

function one(values: readonly Value[]): Value {
  const [value] = values
  assert.ok(value !== undefined)
  return value
}

function alike(x: Value): { type: ElementType; shape: Shape } {
  return { type: x.type, shape: x.shape }
}

function lastOf(shape: Shape): Dimension {
  const last = shape.at(-1)
  assert.ok(last !== undefined, 'a scalar has no last axis')
  return last
}

function expectType(x: Value, type: ElementType): void {
  assert.equal(x.type, type, `${x.name} is ${x.type}, expected ${type}`)
}
