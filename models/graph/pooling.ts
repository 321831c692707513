// Pools the hidden states of a text's tokens into one vector. encoder.ts decides which layers are
// pooled and whether the result is normalised.
import * as layout from './tensors/layout-operations.ts'
import * as op from './tensors/operations.ts'
import type { GraphBuilder, Value } from './tensors/tensor-graph.ts'

/**
 * Which vector represents a text: the mean over its tokens, or that of its first token, `[CLS]`.
 */
export type Pooling = 'mean' | 'cls'

/**
 * The mean over the real tokens of each text: float32 [batch, tokens, hidden] -> [batch, hidden].
 * It is a matrix product with a row of ones, because the last bits of ReduceMean depend on the
 * batch (measured).
 */
export function meanPool(
  graph: GraphBuilder,
  states: Value,
  options: { lengths: Value | undefined; positions: number },
): Value {
  const { lengths, positions } = options
  if (lengths === undefined) {
    const count = layout.sizeOf(graph, states, 1) // [1]
    const ones = graph.constant('ones', new Float32Array(positions).fill(1), [1, positions])
    const sums = weightedSum(graph, states, { count, row: ones })
    return op.divide(graph, sums, layout.cast(graph, count, 'float32'))
  }
  const mask = tokenMask(graph, { lengths, states, positions }) // [batch, tokens]
  const length = layout.unsqueeze(graph, lengths, 1) // [batch, 1]
  const sums = op.matMul(graph, layout.unsqueeze(graph, mask, 1), states) // [batch, 1, hidden]
  return op.divide(graph, layout.squeeze(graph, sums, 1), layout.cast(graph, length, 'float32'))
}

/**
 * The hidden state of the first token: float32 [batch, tokens, hidden] -> [batch, hidden]. It is a
 * matrix product with the row [1, 0, 0, ...], because that has a gradient on both engines.
 */
export function clsPool(graph: GraphBuilder, states: Value, positions: number): Value {
  const one = Float32Array.from({ length: positions }, (_, i) => (i === 0 ? 1 : 0))
  const row = graph.constant('first', one, [1, positions])
  return weightedSum(graph, states, { count: layout.sizeOf(graph, states, 1), row })
}

/**
 * Weighted sum over tokens: states [batch, tokens, hidden], row [1, positions] -> [batch, hidden].
 */
function weightedSum(
  graph: GraphBuilder,
  states: Value,
  { count, row }: { count: Value; row: Value },
): Value {
  const weights = layout.take(graph, row, { axis: 1, count, size: 'tokens' }) // [1, tokens]
  return layout.squeeze(graph, op.matMul(graph, weights, states), 1)
}

/** 1 for the real tokens of a text and 0 for padding: float32 [batch, tokens]. */
export function tokenMask(
  graph: GraphBuilder,
  { lengths, states, positions }: { lengths: Value; states: Value; positions: number },
): Value {
  const indices = graph.constant(
    'indices',
    Int32Array.from({ length: positions }, (_, i) => i),
    [1, positions],
  )
  const count = layout.sizeOf(graph, states, 1) // [1]
  const index = layout.take(graph, indices, { axis: 1, count, size: 'tokens' }) // [1, tokens]
  return layout.cast(graph, op.less(graph, index, layout.unsqueeze(graph, lengths, 1)), 'float32')
}
