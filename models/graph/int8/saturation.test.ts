// Unsigned weights give the bits of signed ones, so that processors with and without VNNI agree.
import { existsSync, readFileSync } from 'node:fs'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { sessionOptions } from '../../runtime/session-options.ts'
import { seededRandom } from '../../runtime/seeded-random.ts'
import { writeOnnx } from '../onnx/onnx-writer.ts'
import * as op from '../tensors/operations.ts'
import { GraphBuilder } from '../tensors/tensor-graph.ts'
import { hasInt8Layers, productsSaturate, withUnsignedWeights } from './saturation.ts'

const [from, to] = [48, 32]

function int8Model(): Uint8Array {
  const random = seededRandom(5)
  const graph = new GraphBuilder()
  const x = graph.input('x', 'uint8', ['rows', from])
  const floats = (): Float32Array => Float32Array.from({ length: to }, () => random.below(9) / 7)
  // Within 63, no sum saturates, so that signed weights are exact on every processor.
  const elements = Int8Array.from({ length: from * to }, () => random.below(127) - 63)
  const result = op.int8Linear(graph, x, {
    scale: op.scalar(graph, 0.03),
    zero: graph.constant('zero', Uint8Array.of(7), []),
    elements: graph.constant('elements', elements, [from, to]),
    scales: graph.constant('scales', floats(), [to]),
    bias: graph.constant('bias', floats(), [to]),
  })
  graph.output('result', result)
  return writeOnnx(graph.finish(), { name: 'test' })
}

async function run(model: Uint8Array): Promise<Float32Array> {
  const session = await InferenceSession.create(model, sessionOptions)
  const x = Uint8Array.from({ length: 3 * from }, (_, at) => (at * 37) % 256)
  const results = await session.run({ x: new Tensor('uint8', x, [3, from]) })
  await session.release()
  return results['result']!.data as Float32Array
}

describe('withUnsignedWeights', () => {
  it('gives the same bits', async () => {
    const model = int8Model()
    const unsigned = withUnsignedWeights(model)
    expect(unsigned).not.toEqual(model)
    expect(await run(unsigned)).toEqual(await run(model))
  })
})

describe('hasInt8Layers', () => {
  it('tells int8 graphs from others', () => {
    const graph = new GraphBuilder()
    graph.output('y', op.scale(graph, graph.input('x', 'float32', [1]), 2))
    expect(hasInt8Layers(writeOnnx(graph.finish(), { name: 'float' }))).toBe(false)
    expect(hasInt8Layers(int8Model())).toBe(true)
  })
})

describe('productsSaturate', () => {
  const cpu = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : ''
  it.skipIf(process.arch !== 'x64' || cpu === '')('is false only with VNNI', async () => {
    expect(await productsSaturate()).toBe(!/avx512_vnni|avx_vnni/.test(cpu))
  })
})
