// The operations of a tensor graph that move, slice or cast elements without arithmetic. Each has
// one builder, which checks its operands and derives the shape of its result. Arithmetic is in
// operations.ts.
import assert from 'node:assert/strict'
import type { Dimension, ElementType, GraphBuilder, Shape, Value } from './tensor-graph.ts'

/** Splits the last axis into equal parts: [.., width] -> `parts` values of [.., width / parts]. */
export function split(graph: GraphBuilder, x: Value, parts: number): readonly Value[] {
  const width = x.shape.at(-1)
  assert.ok(typeof width === 'number' && width % parts === 0, 'split must be even')
  const part = { type: x.type, shape: [...x.shape.slice(0, -1), width / parts] }
  return graph.append(
    { kind: 'split', parts },
    [x],
    Array.from({ length: parts }, () => part),
  )
}

/** The size of one axis as int64 [1]. */
export function sizeOf(graph: GraphBuilder, x: Value, axis: number): Value {
  assert.ok(axis < x.shape.length)
  return one(graph.append({ kind: 'sizeOf', axis }, [x], [{ type: 'int64', shape: [1] }]))
}

/** The first `count` (int64 [1]) slices of x along an axis, whose size is then called `size`. */
export function take(
  graph: GraphBuilder,
  x: Value,
  options: { axis: number; count: Value; size: Dimension },
): Value {
  return slice(graph, 'take', { x, ...options })
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

/** All but the first `count` (int64 [1]) slices of x along an axis, whose size is then `size`. */
export function drop(
  graph: GraphBuilder,
  x: Value,
  options: { axis: number; count: Value; size: Dimension },
): Value {
  return slice(graph, 'drop', { x, ...options })
}

/** Concatenates values along an axis, whose size is then `size`; their other axes are equal. */
export function concat(
  graph: GraphBuilder,
  values: readonly Value[],
  options: { axis: number; size: Dimension },
): Value {
  const [first] = values
  assert.ok(first !== undefined)
  const shape = first.shape.toSpliced(options.axis, 1, options.size)
  const operation = { kind: 'concat', axis: options.axis } as const
  return one(graph.append(operation, values, [{ type: first.type, shape }]))
}

/** x repeated along axes of size 1 until it has the shape of `like`. */
export function expandLike(graph: GraphBuilder, x: Value, like: Value): Value {
  const sizes = like.shape.map((_, axis) => sizeOf(graph, like, axis))
  const shape = concat(graph, sizes, { axis: 0, size: sizes.length }) // int64 [rank]
  return one(graph.append({ kind: 'expand' }, [x, shape], [{ type: x.type, shape: like.shape }]))
}

/**
 * The same elements in another shape. A symbol that stays on its axis keeps its size. At most one
 * other axis may be a symbol; its size is inferred.
 */
export function reshape(graph: GraphBuilder, x: Value, shape: Shape): Value {
  // As in ONNX's Reshape, 0 keeps the size of the axis, and -1 is inferred.
  const sizes = shape.map((size, axis) =>
    typeof size === 'number' ? size : size === x.shape[axis] ? 0 : -1,
  )
  const inferred = sizes.filter((size) => size === -1).length
  assert.ok(
    inferred <= 1,
    `the shape [${shape.join(', ')}] of [${x.shape.join(', ')}] is ambiguous`,
  )
  const target = graph.constant('shape', BigInt64Array.from(sizes, BigInt), [sizes.length])
  return one(graph.append({ kind: 'reshape' }, [x, target], [{ type: x.type, shape }]))
}

/** Axis i of the result is axis order[i] of x. */
export function transpose(graph: GraphBuilder, x: Value, order: readonly number[]): Value {
  assert.deepEqual(
    order.toSorted((a, b) => a - b),
    x.shape.map((_, axis) => axis),
  )
  const shape = order.map((axis) => x.shape[axis]!)
  return one(graph.append({ kind: 'transpose', order }, [x], [{ type: x.type, shape }]))
}

function one(values: readonly Value[]): Value {
  const [value] = values
  assert.ok(value !== undefined)
  return value
}

function slice(
  graph: GraphBuilder,
  kind: 'take' | 'drop',
  { x, axis, count, size }: { x: Value; axis: number; count: Value; size: Dimension },
): Value {
  assert.equal(count.type, 'int64')
  const shape = x.shape.toSpliced(axis, 1, size)
  return one(graph.append({ kind, axis }, [x, count], [{ type: x.type, shape }]))
}
