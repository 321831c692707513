// Reverse-mode differentiation of a tensor graph (Griewank and Walther 2008, chapter 3): walks the
// nodes backwards and appends the nodes that compute gradients to the same graph. This file owns
// the order of the walk; gradient-rules.ts has the derivative of each operation.
import assert from 'node:assert/strict'
import { gradientRule } from './gradient-rules.ts'
import * as op from './operations.ts'
import type { GraphBuilder, Node, Value } from './tensor-graph.ts'

/**
 * The gradients of `loss` (float32 []) with respect to the `wanted` values, each with the shape of
 * its value. A value may be a parameter, an input or the result of a node. An assertion fails if
 * the loss does not depend on a wanted value.
 *
 * @example
 * const [gradient] = gradientsOf(graph, loss, [weight])
 */
export function gradientsOf(graph: GraphBuilder, loss: Value, wanted: readonly Value[]): Value[] {
  assert.deepEqual(loss.shape, [], 'only a scalar can be differentiated')
  return graph.within('gradient', () => {
    const nodes = [...graph.nodes]
    const dependent = dependentValues(wanted, nodes)
    const found = new Map<Value, Value>([[loss, op.scalar(graph, 1)]])
    for (const node of nodes.toReversed()) {
      const upstream = node.outputs.map((output) => found.get(output))
      if (upstream.every((gradient) => gradient === undefined)) continue
      const needed = node.inputs.map((input) => input !== undefined && dependent.has(input))
      if (!needed.includes(true)) continue
      const downstream = gradientRule(graph, node, { upstream, needed })
      for (const [index, gradient] of downstream.entries()) {
        const input = node.inputs[index]
        if (gradient === undefined || input === undefined || needed[index] !== true) continue
        assert.deepEqual(gradient.shape, input.shape, `gradient of ${node.operation.kind}`)
        // A value that several nodes read gets the sum of their gradients.
        const sum = found.get(input)
        found.set(input, sum === undefined ? gradient : op.add(graph, sum, gradient))
      }
    }
    return wanted.map((value) => {
      const gradient = found.get(value)
      assert.ok(gradient !== undefined, `the loss does not depend on ${value.name}`)
      return gradient
    })
  })
}

/** Every value that depends on a wanted value, so that no other gradient is computed. */
function dependentValues(wanted: readonly Value[], nodes: readonly Node[]): Set<Value> {
  const dependent = new Set<Value>(wanted)
  for (const { inputs, outputs } of nodes) {
    if (!inputs.some((input) => input !== undefined && dependent.has(input))) continue
    for (const output of outputs) dependent.add(output)
  }
  return dependent
}
