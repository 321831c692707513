// Quantised matrix products against the float32 products of the same graph, on ONNX Runtime.
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { sessionOptions } from '../runtime/session-options.ts'
import { AdamKernel } from './adamw/adamw-kernel.ts'
import { gradientsOf } from './tensors/gradient.ts'
import { int8Names, withInt8Products } from './int8-products.ts'
import { writeOnnx } from './onnx/onnx-writer.ts'
import * as op from './tensors/operations.ts'
import { GraphBuilder, type TensorGraph } from './tensors/tensor-graph.ts'

const [tokens, hidden, wide] = [24, 32, 48]

/** Pseudo-random numbers in [-1, 1). */
function numbers(count: number, start: number): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, i) => (((i + start) * 0.6180339887498949) % 1) * 2 - 1,
  )
}

/** norm -> linear to wide -> gelu -> linear back, with a loss and all gradients. */
function feedForward(): TensorGraph {
  const graph = new GraphBuilder({ parameters: 'inputs' })
  const x = graph.input('x', 'float32', ['tokens', hidden])
  const parameter = (name: string, shape: number[], start: number) => {
    const count = shape.reduce((product, size) => product * size, 1)
    return graph.parameter(name, numbers(count, start), { shape })
  }
  const scale = parameter('scale', [hidden], 1)
  const bias = parameter('bias', [hidden], 2)
  const level = op.layerNorm(graph, x, { scale, bias, epsilon: 1e-12 })
  const first = { weight: parameter('first', [hidden, wide], 3), bias: parameter('b', [wide], 4) }
  const second = {
    weight: parameter('second', [wide, hidden], 5),
    bias: parameter('c', [hidden], 6),
  }
  const middle = op.gelu(graph, op.linear(graph, level, first))
  const result = op.linear(graph, middle, second)
  const loss = op.reduceSum(graph, op.multiply(graph, result, x), {
    axes: [0, 1],
    keepDims: false,
  })
  graph.output('result', result)
  const wanted = [x, ...graph.parameters.map(({ value }) => value)]
  for (const [i, gradient] of gradientsOf(graph, loss, wanted).entries()) {
    graph.output(`gradient:${wanted[i]!.name}`, gradient)
  }
  return graph.finish()
}

async function run(graph: TensorGraph, feeds: Record<string, Tensor>) {
  const session = await InferenceSession.create(writeOnnx(graph, { name: 'test' }), sessionOptions)
  const results = await session.run(feeds)
  await session.release()
  return new Map(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]))
}

/** Rows of x have lengths from 0.001 to 1,000: one scale for all would round small ones to 0. */
function feedsOf(graph: TensorGraph): Record<string, Tensor> {
  const x = numbers(tokens * hidden, 9)
  for (let i = 0; i < x.length; i++) x[i]! *= 10 ** ((Math.floor(i / hidden) % 7) - 3)
  const feeds: Record<string, Tensor> = { x: new Tensor('float32', x, [tokens, hidden]) }
  for (const [place, { name, shape }] of graph.inputs.slice(1).entries()) {
    const dims = shape as number[]
    const count = dims.reduce((product, size) => product * size, 1)
    feeds[name] = new Tensor('float32', numbers(count, place + 1), dims)
  }
  return feeds
}

function differences(found: Float32Array, wanted: Float32Array, width: number): number[] {
  return Array.from({ length: wanted.length / width }, (_, row) => {
    const own = wanted.subarray(row * width, (row + 1) * width)
    const error = Math.hypot(...own.map((x, i) => x - found[row * width + i]!))
    return error / Math.hypot(...own)
  })
}

describe('withInt8Products', () => {
  it('quantises products and input gradients by row, and leaves weight gradients alone', async () => {
    const graph = feedForward()
    const quantised = withInt8Products(graph, () => true)
    expect(quantised.matrices).toEqual([
      { name: 'first', rows: hidden, columns: wide },
      { name: 'second', rows: wide, columns: hidden },
    ])
    const kinds = quantised.graph.nodes.map(({ operation }) => operation.kind)
    expect(kinds.filter((kind) => kind === 'int8Product')).toHaveLength(4)
    // The gradients of both weights, and two means of the layer normalisation's rule.
    expect(kinds.filter((kind) => kind === 'matMul')).toHaveLength(4)
    const feeds = feedsOf(graph)
    const kernel = new AdamKernel()
    const bytes: Record<string, Tensor> = {}
    for (const { name, rows, columns } of quantised.matrices) {
      const one = {
        matrix: feeds[name]!.data as Float32Array,
        elements: new Int8Array(rows * columns),
        scales: new Float32Array(columns),
        factors: new Float32Array(columns),
        maxima: new Float32Array(columns),
      }
      kernel.findMaxima([one])
      // The limit for processors without VNNI, so that the test is the same on every machine.
      kernel.quantise([one], 63)
      bytes[int8Names.elements(name)] = new Tensor('int8', one.elements, [rows, columns])
      bytes[int8Names.scales(name)] = new Tensor('float32', one.scales, [columns])
    }
    const wanted = await run(graph, feeds)
    const found = await run(quantised.graph, { ...feeds, ...bytes })
    expect(found.get('result')).not.toEqual(wanted.get('result'))
    for (const [name, own] of wanted) {
      const width = name === 'result' || name === 'gradient:x' ? hidden : own.length
      const worst = Math.max(...differences(found.get(name)!, own, width))
      expect(worst, name).toBeLessThan(0.05)
    }
  })

  it('leaves weights that are not selected, or whose sizes do not fit, unchanged', () => {
    const graph = feedForward()
    const one = withInt8Products(graph, (name) => name === 'second')
    expect(one.matrices.map(({ name }) => name)).toEqual(['second'])
    const none = withInt8Products(graph, () => false)
    expect(none.matrices).toEqual([])
    expect(none.graph.nodes.map(({ operation }) => operation)).toEqual(
      graph.nodes.map(({ operation }) => operation),
    )
    const odd = new GraphBuilder({ parameters: 'inputs' })
    const weight = odd.parameter('odd', new Float32Array(16 * 8), { shape: [16, 8] })
    odd.output('y', op.matMul(odd, odd.input('x', 'float32', ['rows', 16]), weight))
    expect(withInt8Products(odd.finish(), () => true).matrices).toEqual([])
  })
})
