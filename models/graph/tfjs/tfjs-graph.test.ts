// The interpreter against ONNX Runtime: every operation with its gradient, broadcasting of random
// shapes, and properties that hold for all shapes. The interpreter frees its memory and refuses
// wrong feeds.
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  onnxEngine,
  tfjsEngine,
  type Feeds,
  type Plain,
} from '../../../tests/support/graph-engines.ts'
import {
  caseGraph,
  caseInputs,
  differentiableCases,
  gradientGraph,
  otherCases,
  type OperationCase,
} from '../../../tests/support/operation-cases.ts'
import * as layout from '../tensors/layout-operations.ts'
import * as op from '../tensors/operations.ts'
import { GraphBuilder, type TensorGraph, type Value } from '../tensors/tensor-graph.ts'
import { openTfjs, type TfjsBackend } from './tfjs-backend.ts'
import { TfjsGraph } from './tfjs-graph.ts'

let backend: TfjsBackend
beforeAll(async () => {
  backend = await openTfjs()
})

/** The tolerance for a number near 1: the engines add in different orders. */
const tolerance = 2e-5

function expectAlike(found: readonly number[], expected: readonly number[], what: string): void {
  expect(found.length, what).toBe(expected.length)
  for (const [i, number] of expected.entries()) {
    const difference = Math.abs(found[i]! - number)
    expect(difference, `${what}[${i}]`).toBeLessThan(tolerance * Math.max(1, Math.abs(number)))
  }
}

/** Runs the graph on both engines with random inputs, and compares all outputs. */
async function expectSame(graph: TensorGraph, inputs: fc.Arbitrary<Feeds>): Promise<void> {
  const [onnx, tfjs] = [await onnxEngine.open(graph), await tfjsEngine.open(graph)]
  await fc.assert(
    fc.asyncProperty(inputs, async (feeds) => {
      const [expected, found] = [await onnx.run(feeds), await tfjs.run(feeds)]
      expect(Object.keys(found)).toEqual(Object.keys(expected))
      for (const [name, { shape, numbers }] of Object.entries(expected)) {
        expect(found[name]!.shape, name).toEqual(shape)
        expectAlike(found[name]!.numbers, numbers, name)
      }
    }),
    { numRuns: 5, seed: 11 },
  )
  await onnx.close()
  await tfjs.close()
}

function feedsOf(each: OperationCase): fc.Arbitrary<Feeds> {
  return caseInputs(each).map((rows) =>
    Object.fromEntries(rows.map((elements, i) => [`x${i}`, { elements, shape: each.shapes[i]! }])),
  )
}

describe('the engines agree', () => {
  it.each(Object.entries({ ...differentiableCases, ...otherCases }))('on %s', (_, each) =>
    expectSame(caseGraph(each), feedsOf(each)),
  )

  it.each(Object.entries(differentiableCases))('on the gradient of %s', (_, each) =>
    expectSame(gradientGraph(each), feedsOf(each)),
  )

  it('on integers, casts and rows of zeros', async () => {
    const graph = new GraphBuilder()
    const x = graph.input('x', 'float32', ['rows', 3])
    const count = layout.sizeOf(graph, x, 0)
    const whole = layout.cast(graph, x, 'int32')
    graph.output('count', count)
    graph.output('more', op.add(graph, count, graph.constant('one', BigInt64Array.of(1n), [1])))
    graph.output('twice', layout.cast(graph, op.add(graph, whole, whole), 'float32'))
    graph.output('truth', layout.cast(graph, layout.cast(graph, x, 'bool'), 'float32'))
    graph.output('unit', op.l2Normalize(graph, x))
    graph.output('sizes', layout.concat(graph, [count, count], { axis: 0, size: 2 }))
    const wide = layout.cast(graph, layout.cast(graph, x, 'int64'), 'float32')
    graph.output('wide', wide)
    const elements = Float32Array.of(0.5, -1.5, 2.75, 0, 0, 0)
    const built = graph.finish()
    await expectSame(built, fc.constant({ x: { elements, shape: [2, 3] } }))
    const tfjs = await tfjsEngine.open(built)
    const { count: rows, more, sizes } = await tfjs.run({ x: { elements, shape: [2, 3] } })
    expect([rows, more, sizes].map((each) => each!.numbers)).toEqual([[2], [3], [2, 2]])
    await tfjs.close()
  })
})

/** Two shapes of up to four axes that broadcast. */
const broadcastable = fc
  .array(
    fc.record({ size: fc.integer({ min: 1, max: 4 }), has: fc.constantFrom('a', 'b', 'both') }),
    {
      maxLength: 4,
    },
  )
  .chain((axes) =>
    fc.record({
      a: fc.constant(axes.map(({ size, has }) => (has === 'b' ? 1 : size))),
      b: fc.constant(axes.map(({ size, has }) => (has === 'a' ? 1 : size))),
      /** The number of leading axes that b does not have. */
      cut: fc.integer({ min: 0, max: axes.length }),
    }),
  )
  .map(({ a, b, cut }): [number[], number[]] => [a, b.slice(cut)])

function filled(shape: readonly number[], phase: number): Plain {
  const count = shape.reduce((product, size) => product * size, 1)
  return {
    elements: Float32Array.from({ length: count }, (_, i) => Math.sin(i + phase) * 2),
    shape,
  }
}

describe('for all shapes', () => {
  it.each(['add', 'subtract', 'multiply', 'minimum', 'maximum', 'less'] as const)(
    '%s broadcasts as ONNX does',
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(broadcastable, async ([a, b]) => {
          const graph = new GraphBuilder()
          const result = op[kind](
            graph,
            graph.input('a', 'float32', a),
            graph.input('b', 'float32', b),
          )
          graph.output('result', kind === 'less' ? layout.cast(graph, result, 'float32') : result)
          const feeds = fc.constant({ a: filled(a, 0), b: filled(b, 1) })
          await expectSame(graph.finish(), feeds)
        }),
        { numRuns: 12, seed: 5 },
      )
    },
  )

  it('batched products broadcast as in ONNX', async () => {
    const matrices = fc.tuple(
      broadcastable,
      fc.record({ m: size(), k: size(), n: size() }),
      fc.constantFrom('none' as const, 'a' as const, 'b' as const, 'both' as const),
    )
    await fc.assert(
      fc.asyncProperty(matrices, async ([[batchA, batchB], { m, k, n }, transposed]) => {
        const graph = new GraphBuilder()
        const shapeA = [
          ...batchA,
          ...(transposed === 'a' || transposed === 'both' ? [k, m] : [m, k]),
        ]
        const shapeB = [
          ...batchB,
          ...(transposed === 'b' || transposed === 'both' ? [n, k] : [k, n]),
        ]
        const a = graph.input('a', 'float32', shapeA)
        const b = graph.input('b', 'float32', shapeB)
        graph.output('result', op.matMul(graph, a, b, { transposed, scale: 0.5 }))
        const feeds = fc.constant({ a: filled(shapeA, 0), b: filled(shapeB, 1) })
        await expectSame(graph.finish(), feeds)
      }),
      { numRuns: 40, seed: 5 },
    )
  })

  it('slicing, transposing or expanding and its inverse give the original', async () => {
    const shaped = fc.tuple(
      fc.array(size(), { minLength: 1, maxLength: 4 }),
      fc.nat(),
      fc.nat(),
      fc.infiniteStream(fc.nat()),
    )
    await fc.assert(
      fc.asyncProperty(shaped, async ([shape, axisDraw, countDraw, order]) => {
        const axis = axisDraw % shape.length
        const taken = countDraw % (shape[axis]! + 1)
        const turn = shape
          .map((_, i) => ({ i, key: order.next().value as number }))
          .toSorted((x, y) => x.key - y.key)
          .map(({ i }) => i)
        const back = turn.map((_, i) => turn.indexOf(i))
        const results = await evaluate(filled(shape, 0), (graph, x) => {
          const count = graph.constant('count', BigInt64Array.of(BigInt(taken)), [1])
          const first = layout.take(graph, x, { axis, count, size: taken })
          const rest = layout.drop(graph, x, { axis, count, size: shape[axis]! - taken })
          const parts = layout.split(graph, layout.unsqueeze(graph, x, 0), shape.at(-1)!)
          return {
            joined: layout.concat(graph, [first, rest], { axis, size: shape[axis]! }),
            transposed: layout.transpose(graph, layout.transpose(graph, x, turn), back),
            flat: layout.reshape(graph, layout.reshape(graph, x, [elementCount(shape)]), shape),
            parts: layout.squeeze(
              graph,
              layout.concat(graph, parts, { axis: shape.length, size: shape.at(-1)! }),
              0,
            ),
          }
        })
        const { elements } = filled(shape, 0)
        for (const [name, { shape: found, numbers }] of Object.entries(results)) {
          expect(found, name).toEqual(shape)
          expect(numbers, name).toEqual([...elements])
        }
      }),
      { numRuns: 40, seed: 3 },
    )
  })
})

function size(): fc.Arbitrary<number> {
  return fc.integer({ min: 1, max: 5 })
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, each) => product * each, 1)
}

async function evaluate(
  x: Plain,
  build: (graph: GraphBuilder, x: Value) => Record<string, Value>,
): Promise<Record<string, { shape: number[]; numbers: number[] }>> {
  const graph = new GraphBuilder()
  const built = build(graph, graph.input('x', 'float32', x.shape))
  for (const [name, value] of Object.entries(built)) graph.output(name, value)
  const opened = await tfjsEngine.open(graph.finish())
  const results = await opened.run({ x })
  await opened.close()
  return results
}

describe('a graph on TensorFlow.js', () => {
  it('frees all memory, even when a node fails', () => {
    const { tf } = backend
    const graph = new GraphBuilder()
    const table = graph.constant('table', new Float32Array(6), [3, 2])
    const ids = graph.input('ids', 'int32', ['n'])
    const rows = op.gather(graph, table, ids)
    graph.output('rows', rows)
    graph.output('doubled', op.add(graph, op.exponential(graph, rows), rows))
    const before = tf.memory().numTensors
    const opened = new TfjsGraph(backend, graph.finish())
    const [good, bad] = [tf.tensor1d([0, 2], 'int32'), tf.tensor1d([0, 9], 'int32')]
    for (let i = 0; i < 3; i++) {
      const results = opened.run({ ids: good })
      expect(results['doubled']!.shape).toEqual([2, 2])
      tf.dispose(results)
      expect(() => opened.run({ ids: bad })).toThrow(
        expect.objectContaining({
          code: 'session_failed',
          message: expect.stringContaining('gather') as string,
        }),
      )
    }
    tf.dispose([good, bad])
    opened.close()
    expect(tf.memory().numTensors).toBe(before)
  })

  it('fails when all tensors together take more memory than the backend has', () => {
    const { tf } = backend
    const graph = new GraphBuilder()
    const x = graph.input('x', 'float32', [8])
    graph.output('y', op.add(graph, x, x))
    const bytesMax = tf.memory().numBytes + 8
    const opened = new TfjsGraph({ ...backend, bytesMax }, graph.finish())
    const fed = tf.zeros([8])
    expect(() => opened.run({ x: fed })).toThrow(/failed in add: out of memory/)
    fed.dispose()
    opened.close()
  })

  it('returns a separate tensor for a result that is an input, a constant or another result', () => {
    const { tf } = backend
    const graph = new GraphBuilder()
    const x = graph.input('x', 'float32', [2])
    const sum = op.add(graph, x, x)
    for (const [name, value] of Object.entries({ x2: x, sum, again: sum })) {
      graph.output(name, value)
    }
    const opened = new TfjsGraph(backend, graph.finish())
    const fed = tf.tensor1d([1, 2])
    const results = opened.run({ x: fed })
    results['sum']!.dispose()
    results['x2']!.dispose()
    expect([...results['again']!.dataSync()]).toEqual([2, 4])
    expect([...fed.dataSync()]).toEqual([1, 2])
    tf.dispose([fed, results])
    opened.close()
  })

  it.each([
    ['another size', [3, 2], 'float32', /x is \[3, 2\] and should be \[batch, 4\]/],
    ['another rank', [4], 'float32', /x is \[4\]/],
    ['another type', [3, 4], 'int32', /element type/],
  ] as const)('refuses a feed of %s', (_, shape, type, message) => {
    const { tf } = backend
    const graph = new GraphBuilder()
    graph.output('y', op.add(graph, graph.input('x', 'float32', ['batch', 4]), op.scalar(graph, 1)))
    const opened = new TfjsGraph(backend, graph.finish())
    const x = tf.zeros([...shape], type)
    expect(() => opened.run({ x })).toThrow(message)
    expect(() => opened.run({})).toThrow(/x is not fed/)
    x.dispose()
    opened.close()
  })

  it('refuses feeds that disagree on a symbol', () => {
    const { tf } = backend
    const graph = new GraphBuilder()
    const [x, y] = [graph.input('x', 'float32', ['n']), graph.input('y', 'float32', ['n'])]
    graph.output('z', op.add(graph, x, y))
    const opened = new TfjsGraph(backend, graph.finish())
    const fed = { x: tf.zeros([2]), y: tf.zeros([1]) }
    expect(() => opened.run(fed)).toThrow(/y is \[1\] and should be \[n\]/)
    tf.dispose(fed)
    opened.close()
  })
})
