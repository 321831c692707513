// Reverse-mode differentiation of a tensor graph (Griewank and Walther 2008, chapter 3): walks the
// nodes backwards and appends the nodes that compute gradients to the same graph. The derivative of
// each operation is gradient-rules.ts; this file owns the order and the sums.
import assert from 'node:assert/strict'
import { gradientRule } from './gradient-rules.ts'
import * as op from './operations.ts'
import type { GraphBuilder, Node, Value } from './tensor-graph.ts'

/**
 * The gradients of `loss` (float32 []) with respect to values of the graph, each with the shape of
 * its value. A value may be a parameter, an input, or the result of a node.
 *
 * @example
 * const [gradient] = gradientsOf(graph, loss, [weight])
 */
export function gradientsOf(graph: GraphBuilder, loss: Value, wanted: readonly Value[]): Value[] {
  assert.deepEqual(loss.shape, [], 'only a scalar can be differentiated')
  return graph.within('gradient', () => {
    const nodes = [...graph.nodes]
    const depending = valuesThatDependOn(wanted, nodes)
    const found = new Map<Value, Value>([[loss, op.scalar(graph, 1)]])
    for (const node of nodes.toReversed()) {
      const upstream = node.outputs.map((output) => found.get(output))
      if (upstream.every((gradient) => gradient === undefined)) continue
      const needed = node.inputs.map((input) => input !== undefined && depending.has(input))
      if (!needed.includes(true)) continue
      const downstream = gradientRule(graph, node, { upstream, needed })
      for (const [place, gradient] of downstream.entries()) {
        const input = node.inputs[place]
        if (gradient === undefined || input === undefined || needed[place] !== true) continue
        assert.deepEqual(gradient.shape, input.shape, `gradient of ${node.operation.kind}`)
        const known = found.get(input)
        found.set(input, known === undefined ? gradient : op.add(graph, known, gradient))
      }
    }
    return wanted.map((value) => {
      const gradient = found.get(value)
      assert.ok(gradient !== undefined, `the loss does not depend on ${value.name}`)
      return gradient
    })
  })
}

/** Everything on a path from the wanted values, so that no other gradient is computed. */
function valuesThatDependOn(wanted: readonly Value[], nodes: readonly Node[]): Set<Value> {
  const depending = new Set<Value>(wanted)
  for (const { inputs, outputs } of nodes) {
    if (!inputs.some((input) => input !== undefined && depending.has(input))) continue
    for (const output of outputs) depending.add(output)
  }
  return depending
}
