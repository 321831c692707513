// The operations of a tensor graph: one builder each, which checks its operands and derives the
// shape of its result. Symbolic dimensions are equal when their names are. A mistake here is a
// bug of the caller, hence assertions. Arithmetic happens in whichever runtime executes the graph.
import assert from 'node:assert/strict'
import type { Dimension, ElementType, GraphBuilder, Shape, Value } from './tensor-graph.ts'

/** a + b, broadcast as NumPy does. */
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

/** bool: a < b by element, broadcast. */
export function less(graph: GraphBuilder, a: Value, b: Value): Value {
  assert.equal(a.type, b.type)
  const shape = broadcast(a.shape, b.shape)
  return one(graph.append({ kind: 'less' }, [a, b], [{ type: 'bool', shape }]))
}

/** Matrix product over the last two axes: [.., m, k] x [.., k, n] -> [.., m, n]. */
export function matMul(graph: GraphBuilder, a: Value, b: Value): Value {
  expectType(a, 'float32')
  expectType(b, 'float32')
  assert.ok(a.shape.length >= 2 && b.shape.length >= 2, 'matMul needs matrices')
  const [m, k] = a.shape.slice(-2) as [Dimension, Dimension]
  const [k2, n] = b.shape.slice(-2) as [Dimension, Dimension]
  assert.equal(k, k2, `matMul: inner dimensions ${k} and ${k2} differ`)
  const shape = [...broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n]
  return one(graph.append({ kind: 'matMul' }, [a, b], [{ type: 'float32', shape }]))
}

/** x w + b: [.., from] -> [.., to] with weight [from, to] and bias [to]. */
export function linear(
  graph: GraphBuilder,
  x: Value,
  weights: { weight: Value; bias: Value },
): Value {
  return add(graph, matMul(graph, x, weights.weight), weights.bias)
}

/** Rows of a table [rows, width] by int32 or int64 ids [..] -> [.., width]. */
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
  return one(graph.append(operation, [x, options.scale, options.bias], [alike(x)]))
}

/** Gaussian error linear unit in its exact (erf) form (arXiv:1606.08415): same shape. */
export function gelu(graph: GraphBuilder, x: Value): Value {
  expectType(x, 'float32')
  return one(graph.append({ kind: 'gelu' }, [x], [alike(x)]))
}

/** Softmax over the last axis: same shape. */
export function softmax(graph: GraphBuilder, x: Value): Value {
  expectType(x, 'float32')
  return one(graph.append({ kind: 'softmax' }, [x], [alike(x)]))
}

/** Divides each row (last axis) by its Euclidean length; a zero row stays zero. Same shape. */
export function l2Normalize(graph: GraphBuilder, x: Value): Value {
  expectType(x, 'float32')
  return one(graph.append({ kind: 'l2Normalize' }, [x], [alike(x)]))
}

/**
 * Scaled dot-product attention over all heads (arXiv:1706.03762):
 * query, key, value [batch, tokens, hidden] -> [batch, tokens, hidden].
 * With `lengths` int32 [batch], keys at positions >= length are not attended to.
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
  // Fourth input of MultiHeadAttention is a bias for the projections, which they already have.
  const inputs = [query, key, value, undefined, lengths]
  return one(graph.append({ kind: 'attention', heads }, inputs, [alike(query)]))
}

/** Cuts the last axis into equal parts: [.., width] -> parts times [.., width / parts]. */
export function split(graph: GraphBuilder, x: Value, parts: number): readonly Value[] {
  const width = lastOf(x.shape)
  assert.ok(typeof width === 'number' && width % parts === 0, 'split must be even')
  const part = { type: x.type, shape: [...x.shape.slice(0, -1), width / parts] }
  return graph.append(
    { kind: 'split', parts },
    [x],
    Array.from({ length: parts }, () => part),
  )
}

/** Values side by side along the last axis: [.., a], [.., b], .. -> [.., a + b + ..]. */
export function concat(graph: GraphBuilder, parts: readonly Value[]): Value {
  const [first] = parts
  assert.ok(first !== undefined, 'concat needs a value')
  let width = 0
  for (const part of parts) {
    const size = lastOf(part.shape)
    assert.equal(part.type, first.type)
    assert.deepEqual(part.shape.slice(0, -1), first.shape.slice(0, -1))
    assert.ok(typeof size === 'number', 'concat needs sizes that are known')
    width += size
  }
  const shape = [...first.shape.slice(0, -1), width]
  return one(graph.append({ kind: 'concat' }, parts, [{ type: first.type, shape }]))
}

/** The size of one axis as int64 [1]. */
export function sizeOf(graph: GraphBuilder, x: Value, axis: number): Value {
  assert.ok(axis < x.shape.length)
  return one(graph.append({ kind: 'sizeOf', axis }, [x], [{ type: 'int64', shape: [1] }]))
}

/** The first `count` (int64 [1]) slices of x along an axis, which becomes the symbol `size`. */
export function take(
  graph: GraphBuilder,
  x: Value,
  options: { axis: number; count: Value; size: string },
): Value {
  expectType(options.count, 'int64')
  const shape = x.shape.map((size, axis) => (axis === options.axis ? options.size : size))
  const operation = { kind: 'take', axis: options.axis } as const
  return one(graph.append(operation, [x, options.count], [{ type: x.type, shape }]))
}

/** The same numbers in another element type. */
export function cast(graph: GraphBuilder, x: Value, to: ElementType): Value {
  return one(graph.append({ kind: 'cast', to }, [x], [{ type: to, shape: x.shape }]))
}

/** Removes an axis of size 1. */
export function squeeze(graph: GraphBuilder, x: Value, axis: number): Value {
  assert.equal(x.shape[axis], 1, 'only an axis of size 1 can be squeezed')
  const shape = x.shape.toSpliced(axis, 1)
  return one(graph.append({ kind: 'squeeze', axis }, [x], [{ type: x.type, shape }]))
}

/** Inserts an axis of size 1. */
export function unsqueeze(graph: GraphBuilder, x: Value, axis: number): Value {
  assert.ok(axis <= x.shape.length)
  const shape = x.shape.toSpliced(axis, 0, 1)
  return one(graph.append({ kind: 'unsqueeze', axis }, [x], [{ type: x.type, shape }]))
}

type Elementwise = { readonly kind: 'add' | 'multiply' | 'divide' }

function elementwise(graph: GraphBuilder, operation: Elementwise, a: Value, b: Value): Value {
  assert.equal(a.type, b.type, `${operation.kind}: ${a.type} and ${b.type} differ`)
  const shape = broadcast(a.shape, b.shape)
  return one(graph.append(operation, [a, b], [{ type: a.type, shape }]))
}

/** NumPy broadcasting: axes are aligned at the end; they agree or one of them is 1. */
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
