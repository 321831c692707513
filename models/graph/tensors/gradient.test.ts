// The gradient of each operation against central differences of the operation itself, both run by
// ONNX Runtime on small random tensors. No operation is left out.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { onnxEngine, type Feeds, type OpenGraph } from '../../../tests/support/graph-engines.ts'
import {
  caseGraph,
  caseInputs,
  differentiableCases,
  gradientGraph,
  otherCases,
  withoutGradient,
  type OperationCase,
} from '../../../tests/support/operation-cases.ts'
import { gradientsOf } from './gradient.ts'
import * as op from './operations.ts'
import { GraphBuilder } from './tensor-graph.ts'
import { tfjsKernels } from '../tfjs/tfjs-kernels.ts'

async function run(
  graph: OpenGraph,
  { shapes }: OperationCase,
  inputs: readonly Float32Array[],
): Promise<{ loss: number; dx: number[][] }> {
  const fed = inputs.map((elements, i) => [`x${i}`, { elements, shape: shapes[i]! }] as const)
  const results = await graph.run(Object.fromEntries(fed) satisfies Feeds)
  return {
    loss: results['loss']!.numbers[0]!,
    dx: inputs.map((_, i) => results[`dx${i}`]!.numbers),
  }
}

const step = 2 ** -8

describe('gradients agree with finite differences', () => {
  it.each(Object.entries(differentiableCases))('%s', async (_, each) => {
    const graph = await onnxEngine.open(gradientGraph(each))
    await fc.assert(
      fc.asyncProperty(caseInputs(each), async (inputs) => {
        // Near a kink, finite differences do not approximate the gradient.
        const all = inputs.flatMap((row) => [...row]).toSorted((a, b) => a - b)
        if (each === differentiableCases.minimum || each === differentiableCases.maximum) {
          fc.pre(all.every((x, i) => i === 0 || x - all[i - 1]! > 2 * step))
        }
        const { dx } = await run(graph, each, inputs)
        for (const [i, input] of inputs.entries()) {
          for (let j = 0; j < input.length; j++) {
            const at = async (offset: number): Promise<number> => {
              const moved = inputs.map((row) => Float32Array.from(row))
              moved[i]![j] = input[j]! + offset
              return (await run(graph, each, moved)).loss
            }
            const difference = ((await at(step)) - (await at(-step))) / (2 * step)
            const tolerance = 5e-3 + 5e-3 * Math.abs(difference)
            expect(Math.abs(dx[i]![j]! - difference)).toBeLessThan(tolerance)
          }
        }
      }),
      { numRuns: 10, seed: 7 },
    )
    await graph.close()
  })

  it('covers every operation', () => {
    const named = (cases: object): Set<string> =>
      new Set(Object.keys(cases).map((name) => name.split(' ')[0]!))
    const tested = named(differentiableCases)
    const kinds = Object.keys(tfjsKernels)
    expect([...tested, ...withoutGradient].toSorted()).toEqual(kinds.toSorted())
    // Each case must contain the operation that it is named after.
    for (const [name, each] of Object.entries({ ...differentiableCases, ...otherCases })) {
      const operations = caseGraph(each).nodes.map(({ operation }) => operation.kind as string)
      expect(operations, name).toContain(name.split(' ')[0])
    }
  })

  it('refuses what has no gradient', () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'float32', ['batch', 'tokens', 4])
    const mixed = op.attention(graph, { query: x, key: x, value: x, heads: 2 })
    const loss = op.reduceSum(graph, mixed, { axes: [0, 1, 2], keepDims: false })
    expect(() => gradientsOf(graph, loss, [x])).toThrow(/fused attention/)
    expect(() => gradientsOf(graph, mixed, [x])).toThrow(/scalar/)
  })
})
