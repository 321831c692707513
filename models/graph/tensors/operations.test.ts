// Each operation, run by ONNX Runtime, against plain arithmetic; and the shape mistakes that the
// builders refuse.
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import * as layout from './layout-operations.ts'
import * as op from './operations.ts'
import { GraphBuilder, type Elements, type Value } from './tensor-graph.ts'
import { writeOnnx } from '../onnx/onnx-writer.ts'

/** Builds a graph with one output, runs it without inputs, and returns the shape and numbers. */
async function evaluate(
  build: (graph: GraphBuilder) => Value,
): Promise<{ shape: readonly number[]; numbers: number[] }> {
  const graph = new GraphBuilder()
  // With an input, the runtime cannot fold the graph into a constant before it runs.
  graph.input('unused', 'float32', [1])
  const result = build(graph)
  graph.output('result', result)
  const session = await InferenceSession.create(writeOnnx(graph.finish(), { name: 'test' }), {
    graphOptimizationLevel: 'disabled',
  })
  const outputs = await session.run({ unused: new Tensor('float32', [0], [1]) })
  await session.release()
  const { dims, data } = outputs['result']!
  expect(result.shape.length).toBe(dims.length)
  return { shape: dims, numbers: Array.from(data as Float32Array | BigInt64Array, Number) }
}

function floats(graph: GraphBuilder, shape: readonly number[], numbers: readonly number[]): Value {
  return graph.constant('c', Float32Array.from(numbers), shape)
}

function close(numbers: readonly number[]): unknown[] {
  return numbers.map((number) => expect.closeTo(number, 5) as unknown)
}

describe('arithmetic', () => {
  it('adds, multiplies, divides with broadcasting', async () => {
    const sum = await evaluate((g) =>
      op.add(g, floats(g, [2, 2], [1, 2, 3, 4]), floats(g, [2], [10, 20])),
    )
    expect(sum).toEqual({ shape: [2, 2], numbers: [11, 22, 13, 24] })
    const product = await evaluate((g) =>
      op.multiply(g, floats(g, [2, 1], [2, 3]), floats(g, [2], [5, 7])),
    )
    expect(product).toEqual({ shape: [2, 2], numbers: [10, 14, 15, 21] })
    const quotient = await evaluate((g) =>
      op.divide(g, floats(g, [2], [1, 3]), floats(g, [1], [2])),
    )
    expect(quotient.numbers).toEqual([0.5, 1.5])
  })

  it('multiplies matrices and applies linear layers', async () => {
    const { shape, numbers } = await evaluate((g) =>
      op.linear(g, floats(g, [1, 2, 3], [1, 2, 3, 4, 5, 6]), {
        weight: floats(g, [3, 2], [1, 0, 0, 1, 1, 1]),
        bias: floats(g, [2], [100, 200]),
      }),
    )
    expect([shape, numbers]).toEqual([
      [1, 2, 2],
      [104, 205, 110, 211],
    ])
  })

  it('normalises rows to mean 0 and variance 1, then scales', async () => {
    const { numbers } = await evaluate((g) =>
      op.layerNorm(g, floats(g, [1, 2], [1, 3]), {
        scale: floats(g, [2], [2, 2]),
        bias: floats(g, [2], [5, 5]),
        epsilon: 1e-12,
      }),
    )
    expect(numbers).toEqual(close([3, 7]))
  })

  it('computes GELU, softmax and unit rows', async () => {
    const gelu = await evaluate((g) => op.gelu(g, floats(g, [3], [-1, 0, 2])))
    expect(gelu.numbers).toEqual(close([-0.158655, 0, 1.9545]))
    const softmax = await evaluate((g) => op.softmax(g, floats(g, [1, 2], [0, Math.log(3)])))
    expect(softmax.numbers).toEqual(close([0.25, 0.75]))
    const unit = await evaluate((g) => op.l2Normalize(g, floats(g, [2, 2], [3, 4, 0, 0])))
    expect(unit.numbers).toEqual(close([0.6, 0.8, 0, 0]))
  })
})

describe('attention', () => {
  /** One head of width 1: weights softmax(q k), averaged values. */
  const attend = (q: number, keys: number[], values: number[]): number => {
    const weights = keys.map((key) => Math.exp(q * key))
    const total = weights.reduce((a, b) => a + b)
    return weights.reduce((sum, weight, i) => sum + (weight / total) * values[i]!, 0)
  }

  it.each([
    { name: 'all tokens', lengths: undefined, counted: 3 },
    { name: 'only the first tokens', lengths: [2], counted: 2 },
  ])('mixes $name in each head', async ({ lengths, counted }) => {
    const query = [1, -1, 0.5, 2, 0, 1]
    const key = [0.3, 1, -0.7, 0.2, 1.5, -1]
    const value = [1, 10, 2, 20, 3, 30]
    const { shape, numbers } = await evaluate((g) =>
      op.attention(g, {
        query: floats(g, [1, 3, 2], query),
        key: floats(g, [1, 3, 2], key),
        value: floats(g, [1, 3, 2], value),
        heads: 2,
        lengths: lengths && g.constant('lengths', Int32Array.from(lengths), [1]),
      }),
    )
    const column = (numbers: readonly number[], head: number): number[] =>
      [0, 1, 2].map((token) => numbers[token * 2 + head]!)
    const expected = [0, 1, 2].flatMap((token) =>
      [0, 1].map((head) => {
        const keys = column(key, head).slice(0, counted)
        return attend(query[token * 2 + head]!, keys, column(value, head))
      }),
    )
    expect([shape, numbers]).toEqual([[1, 3, 2], close(expected)])
  })
})

describe('shape operations', () => {
  it('gathers, takes, splits, casts, compares, squeezes', async () => {
    const table = [0, 1, 10, 11, 20, 21]
    const gathered = await evaluate((g) =>
      op.gather(g, floats(g, [3, 2], table), g.constant('ids', Int32Array.of(2, 0), [1, 2])),
    )
    expect(gathered).toEqual({ shape: [1, 2, 2], numbers: [20, 21, 0, 1] })
    const taken = await evaluate((g) => {
      const count = layout.sizeOf(g, floats(g, [1, 2], [0, 0]), 1)
      return layout.take(g, floats(g, [3, 2], table), { axis: 0, count, size: 'tokens' })
    })
    expect(taken).toEqual({ shape: [2, 2], numbers: [0, 1, 10, 11] })
    const part = await evaluate((g) => layout.split(g, floats(g, [1, 6], table), 3)[1]!)
    expect(part).toEqual({ shape: [1, 2], numbers: [10, 11] })
    const mask = await evaluate((g) => {
      const index = g.constant('i', Int32Array.of(0, 1, 2), [1, 3])
      const length = layout.unsqueeze(g, g.constant('n', Int32Array.of(1, 3), [2]), 1)
      return layout.cast(g, op.less(g, index, length), 'float32')
    })
    expect(mask).toEqual({ shape: [2, 3], numbers: [1, 0, 0, 1, 1, 1] })
    const squeezed = await evaluate((g) => layout.squeeze(g, floats(g, [2, 1], [1, 2]), 1))
    expect(squeezed).toEqual({ shape: [2], numbers: [1, 2] })
  })
})

describe('building', () => {
  const states = (graph: GraphBuilder): Value => graph.input('x', 'float32', ['batch', 'tokens', 8])

  it('derives symbolic shapes', () => {
    const graph = new GraphBuilder()
    const x = states(graph)
    const product = op.matMul(graph, x, floats(graph, [8, 2], Array<number>(16).fill(0)))
    expect(product.shape).toEqual(['batch', 'tokens', 2])
    expect(op.broadcast(['batch', 1, 8], ['tokens', 8])).toEqual(['batch', 'tokens', 8])
  })

  it.each<[string, (graph: GraphBuilder) => unknown]>([
    [
      'inner dimensions',
      (g) => op.matMul(g, states(g), floats(g, [4, 2], Array<number>(8).fill(0))),
    ],
    ['symbols', (g) => op.add(g, states(g), g.input('y', 'float32', ['batch', 'other', 8]))],
    [
      'heads',
      (g) => op.attention(g, { query: states(g), key: states(g), value: states(g), heads: 3 }),
    ],
    ['element types', (g) => op.add(g, states(g), g.input('i', 'int32', [8]))],
    ['uneven parts', (g) => layout.split(g, states(g), 3)],
    ['a wide axis', (g) => layout.squeeze(g, states(g), 2)],
    ['too few elements', (g) => g.constant('c', new Float32Array(3) satisfies Elements, [2, 2])],
    ['no output', (g) => g.finish()],
  ])('refuses wrong %s', (_, build) => {
    expect(() => build(new GraphBuilder())).toThrow(
      expect.objectContaining({ code: 'ERR_ASSERTION' }),
    )
  })
})
