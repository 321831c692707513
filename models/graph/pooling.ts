// What stands for a text, out of the hidden states of its tokens, and which tokens count. Of which
// layers it is made, and whether it is normalised, is encoder.ts.
import * as layout from './tensors/layout-operations.ts'
import * as op from './tensors/operations.ts'
import type { GraphBuilder, Value } from './tensors/tensor-graph.ts'

/** What stands for a text: the mean over its tokens, or the hidden state of its first, `[CLS]`. */
export type Pooling = 'mean' | 'cls'

/**
 * Mean over the tokens that count: [batch, tokens, hidden] -> [batch, hidden]. A product with a
 * row of weights, because ReduceMean gives last bits that depend on the batch (measured).
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
  const mask = tokensThatCount(graph, { lengths, states, positions }) // [batch, tokens]
  const length = layout.unsqueeze(graph, lengths, 1) // [batch, 1]
  const sums = op.matMul(graph, layout.unsqueeze(graph, mask, 1), states) // [batch, 1, hidden]
  return op.divide(graph, layout.squeeze(graph, sums, 1), layout.cast(graph, length, 'float32'))
}

/**
 * The hidden states of first tokens: [batch, tokens, hidden] -> [batch, hidden]. A product with a
 * row that begins with 1, in operations that have gradients on both engines.
 */
export function firstTokens(graph: GraphBuilder, states: Value, positions: number): Value {
  const one = Float32Array.from({ length: positions }, (_, i) => (i === 0 ? 1 : 0))
  const row = graph.constant('first', one, [1, positions])
  return weightedSum(graph, states, { count: layout.sizeOf(graph, states, 1), row })
}

/** Sums over tokens: states [batch, tokens, hidden], row [1, positions] -> [batch, hidden]. */
function weightedSum(
  graph: GraphBuilder,
  states: Value,
  { count, row }: { count: Value; row: Value },
): Value {
  const weights = layout.take(graph, row, { axis: 1, count, size: 'tokens' }) // [1, tokens]
  return layout.squeeze(graph, op.matMul(graph, weights, states), 1)
}

/** 1 for tokens of a text and 0 for padding: float32 [batch, tokens]. */
export function tokensThatCount(
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
