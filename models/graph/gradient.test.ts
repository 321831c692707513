// The gradient of each operation against central differences of the operation itself, both run by
// the runtime, on random small tensors.
import fc from 'fast-check'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { gradients } from './gradient.ts'
import * as layout from './layout-operations.ts'
import { writeOnnx } from './onnx-writer.ts'
import * as op from './operations.ts'
import { GraphBuilder, type Operation, type Value } from './tensor-graph.ts'

/** A function of float inputs, with the shapes of these. */
type Case = {
  readonly shapes: readonly (readonly number[])[]
  readonly build: (graph: GraphBuilder, ...inputs: Value[]) => Value
  /** Where inputs are drawn from; [-2, 2] unless told. */
  readonly range?: readonly [number, number]
}

const count = (graph: GraphBuilder, number: number): Value =>
  graph.constant('count', BigInt64Array.of(BigInt(number)), [1])
const ids = (graph: GraphBuilder): Value => graph.constant('ids', Int32Array.of(2, 0, 2, 1), [2, 2])

/** Operations without a gradient of their own are in no case. */
type Differentiable = Exclude<
  Operation['kind'],
  'less' | 'sizeOf' | 'oneHot' | 'attention' | 'cast' | 'drop' | 'concat'
>

const cases: Record<Differentiable | `${Differentiable} ${string}`, Case> = {
  add: { shapes: [[2, 3], [3]], build: (g, a, b) => op.add(g, a, b) },
  subtract: {
    shapes: [
      [2, 1],
      [2, 3],
    ],
    build: (g, a, b) => op.subtract(g, a, b),
  },
  multiply: {
    shapes: [
      [2, 3],
      [2, 1],
    ],
    build: (g, a, b) => op.multiply(g, a, b),
  },
  'multiply by itself': { shapes: [[3]], build: (g, a) => op.multiply(g, a, a) },
  divide: { shapes: [[2, 3], [3]], range: [0.5, 2], build: (g, a, b) => op.divide(g, a, b) },
  minimum: { shapes: [[2, 3], [3]], build: (g, a, b) => op.minimum(g, a, b) },
  maximum: { shapes: [[2, 3], [3]], build: (g, a, b) => op.maximum(g, a, b) },
  squareRoot: { shapes: [[2, 2]], range: [0.5, 2], build: (g, a) => op.squareRoot(g, a) },
  exponential: { shapes: [[2, 2]], build: (g, a) => op.exponential(g, a) },
  errorFunction: { shapes: [[2, 2]], build: (g, a) => op.errorFunction(g, a) },
  matMul: {
    shapes: [
      [2, 3],
      [3, 4],
    ],
    build: (g, a, b) => op.matMul(g, a, b),
  },
  'matMul with a shared matrix': {
    shapes: [
      [2, 2, 3],
      [3, 2],
    ],
    build: (g, a, b) => op.matMul(g, a, b, { scale: 0.5 }),
  },
  'matMul with a shared row': {
    shapes: [
      [1, 2],
      [2, 2, 3],
    ],
    build: (g, a, b) => op.matMul(g, a, b),
  },
  'matMul a turned': {
    shapes: [
      [2, 3, 2],
      [2, 3, 4],
    ],
    build: (g, a, b) => op.matMul(g, a, b, { turned: 'a' }),
  },
  'matMul b turned': {
    shapes: [
      [2, 2, 3],
      [2, 4, 3],
    ],
    build: (g, a, b) => op.matMul(g, a, b, { turned: 'b', scale: 0.7 }),
  },
  'matMul both turned': {
    shapes: [
      [3, 2],
      [4, 3],
    ],
    build: (g, a, b) => op.matMul(g, a, b, { turned: 'both' }),
  },
  gather: { shapes: [[3, 2]], build: (g, table) => op.gather(g, table, ids(g)) },
  layerNorm: {
    shapes: [[2, 2, 4], [4], [4]],
    build: (g, x, scale, bias) => op.layerNorm(g, x, { scale: scale, bias: bias, epsilon: 1e-2 }),
  },
  gelu: { shapes: [[2, 3]], build: (g, x) => op.gelu(g, x) },
  softmax: { shapes: [[2, 3]], build: (g, x) => op.softmax(g, x) },
  logSoftmax: { shapes: [[2, 3]], build: (g, x) => op.logSoftmax(g, x) },
  reduceSum: {
    shapes: [[2, 3, 2]],
    build: (g, x) => op.reduceSum(g, x, { axes: [1], axesAfter: 'kept' }),
  },
  'reduceSum without the axes': {
    shapes: [[2, 3, 2]],
    build: (g, x) => op.reduceSum(g, x, { axes: [0, 2], axesAfter: 'removed' }),
  },
  l2Normalize: { shapes: [[2, 3]], range: [0.5, 2], build: (g, x) => op.l2Normalize(g, x) },
  split: {
    shapes: [[2, 4]],
    build: (g, x) => {
      const [left, right] = layout.split(g, x, 2)
      return op.multiply(g, left!, right!)
    },
  },
  'split of which one part counts': {
    shapes: [[2, 4]],
    build: (g, x) => layout.split(g, x, 2)[1]!,
  },
  take: {
    shapes: [[3, 2]],
    build: (g, x) => layout.take(g, x, { axis: 0, count: count(g, 2), size: 2 }),
  },
  'take after drop and concat': {
    shapes: [
      [3, 2],
      [1, 2],
    ],
    build: (g, x, y) => {
      const rest = layout.drop(g, x, { axis: 0, count: count(g, 1), size: 2 })
      return layout.concat(g, [y, rest, y], { axis: 0, size: 4 })
    },
  },
  expand: {
    shapes: [
      [2, 1],
      [2, 3],
    ],
    build: (g, x, like) => op.multiply(g, layout.expandLike(g, x, like), like),
  },
  reshape: { shapes: [[2, 6]], build: (g, x) => layout.reshape(g, x, [2, 3, 2]) },
  transpose: { shapes: [[2, 3, 2]], build: (g, x) => layout.transpose(g, x, [1, 2, 0]) },
  squeeze: { shapes: [[2, 1]], build: (g, x) => layout.squeeze(g, x, 1) },
  unsqueeze: { shapes: [[2]], build: (g, x) => layout.unsqueeze(g, x, 0) },
}

/** A session whose loss is the result's product with fixed uneven weights, summed. */
async function openCase({ shapes, build }: Case): Promise<InferenceSession> {
  const graph = new GraphBuilder()
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape))
  const result = build(graph, ...inputs)
  const sizes = result.shape as readonly number[]
  const elements = sizes.reduce((product, size) => product * size, 1)
  const uneven = Float32Array.from({ length: elements }, (_, i) => Math.cos(3 * i + 1))
  const weighted = op.multiply(graph, result, graph.constant('uneven', uneven, sizes))
  const loss = op.reduceSum(graph, weighted, { axes: [...sizes.keys()], axesAfter: 'removed' })
  graph.output('loss', loss)
  for (const [i, gradient] of gradients(graph, loss, inputs).entries()) {
    graph.output(`dx${i}`, gradient)
  }
  return InferenceSession.create(writeOnnx(graph.finish(), { name: 'case' }), {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  })
}

async function run(
  session: InferenceSession,
  { shapes }: Case,
  inputs: readonly Float32Array[],
): Promise<{ loss: number; dx: Float32Array[] }> {
  const feeds = Object.fromEntries(
    inputs.map((elements, i) => [`x${i}`, new Tensor('float32', elements, [...shapes[i]!])]),
  )
  const results = await session.run(feeds)
  const floats = (name: string): Float32Array => results[name]!.data as Float32Array
  return { loss: floats('loss')[0]!, dx: inputs.map((_, i) => floats(`dx${i}`)) }
}

const step = 2 ** -8

describe('gradients agree with differences', () => {
  it.each(Object.entries(cases))('%s', async (_, each) => {
    const session = await openCase(each)
    const [low, high] = each.range ?? [-2, 2]
    const grid = fc.noBias(fc.integer({ min: low * 1024, max: high * 1024 }))
    const number = grid.map((steps) => steps / 1024)
    const tensors = fc.tuple(
      ...each.shapes.map((shape) => {
        const length = shape.reduce((product, size) => product * size, 1)
        return fc.array(number, { minLength: length, maxLength: length })
      }),
    )
    await fc.assert(
      fc.asyncProperty(tensors, async (numbers) => {
        // A kink within a step of an operand has no difference to compare with.
        const all = numbers.flat().toSorted((a, b) => a - b)
        if (each === cases.minimum || each === cases.maximum) {
          fc.pre(all.every((x, i) => i === 0 || x - all[i - 1]! > 2 * step))
        }
        const inputs = numbers.map((row) => Float32Array.from(row))
        const { dx } = await run(session, each, inputs)
        for (const [i, input] of inputs.entries()) {
          for (let j = 0; j < input.length; j++) {
            const at = async (offset: number): Promise<number> => {
              const moved = inputs.map((row) => Float32Array.from(row))
              moved[i]![j] = input[j]! + offset
              return (await run(session, each, moved)).loss
            }
            const difference = ((await at(step)) - (await at(-step))) / (2 * step)
            const tolerance = 5e-3 + 5e-3 * Math.abs(difference)
            expect(Math.abs(dx[i]![j]! - difference)).toBeLessThan(tolerance)
          }
        }
      }),
      { numRuns: 10, seed: 7 },
    )
    await session.release()
  })

  it('refuses what has no gradient', () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'float32', ['batch', 'tokens', 4])
    const mixed = op.attention(graph, { query: x, key: x, value: x, heads: 2 })
    const loss = op.reduceSum(graph, mixed, { axes: [0, 1, 2], axesAfter: 'removed' })
    expect(() => gradients(graph, loss, [x])).toThrow(/fused attention/)
    expect(() => gradients(graph, mixed, [x])).toThrow(/scalar/)
  })
})
