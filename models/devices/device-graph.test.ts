// The graph for GPUs against the version's own, both on the processor: every way of pooling, fp32
// and fp16, and models that have to run as they are.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyHidden, tinyWeights } from '../../tests/support/tiny-encoder.ts'
import { tinyHead } from '../../tests/support/tiny-version.ts'
import { buildClassifier, type EncoderOptions } from '../graph/encoder.ts'
import { writeOnnx } from '../graph/onnx/onnx-writer.ts'
import type { TensorGraph } from '../graph/tensors/tensor-graph.ts'
import { readDeviceGraph, type DevicePrecision } from './device-graph.ts'
import { readDeviceModel } from './device-model.ts'

let folder: string
let modelPath: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-device-'))
  modelPath = join(folder, 'model.onnx')
})
afterAll(() => rm(folder, { recursive: true }))

type Shape = Omit<EncoderOptions, 'padding'> & { readonly link?: 'softmax' | 'sigmoid' }

function classifier(shape: Shape & { padding: EncoderOptions['padding'] }): TensorGraph {
  const width = shape.pooledLayers === 'every' ? 3 * tinyHidden : tinyHidden
  return buildClassifier(tinyWeights(), tinyHead(width), shape)
}

const ids = Int32Array.of(3, 9, 27, 14, 2, 5, 6, 40, 41, 8)
const batch = [2, 5] as const

async function logitsOf(model: Uint8Array): Promise<number[]> {
  const session = await InferenceSession.create(model, { logSeverityLevel: 4 })
  const lengths = new Tensor('int32', Int32Array.of(5, 5), [2])
  const feeds = {
    input_ids: new Tensor('int32', ids, batch),
    ...(session.inputNames.includes('lengths') && { lengths }),
  }
  const { logits } = await session.run(feeds, ['logits'])
  await session.release()
  expect(logits!.type).toBe('float32')
  return [...(logits!.data as Float32Array)]
}

async function largestDifference(graph: TensorGraph, precision: DevicePrecision): Promise<number> {
  await writeFile(modelPath, writeOnnx(graph, { name: 'version' }))
  const own = await logitsOf(writeOnnx(graph, { name: 'version' }))
  const found = await logitsOf(await readDeviceModel(modelPath, { precision }))
  expect(found).toHaveLength(own.length)
  return own.reduce((most, logit, at) => Math.max(most, Math.abs(logit - found[at]!)), 0)
}

describe('the graph for GPUs', () => {
  const shapes: Shape[] = [
    { normalize: true },
    { normalize: false, pooling: 'cls' },
    { normalize: true, pooledLayers: 'every', link: 'sigmoid' },
  ]
  it.each(shapes)('gives the logits of the version: %o', async (shape) => {
    for (const padding of ['exact', 'lengths'] as const) {
      const graph = classifier({ ...shape, padding })
      expect(await largestDifference(graph, 'fp32')).toBeLessThan(1e-5)
      const half = await largestDifference(graph, 'fp16')
      expect(half).toBeLessThan(1e-2)
      // In 16 bits something is lost.
      expect(half).toBeGreaterThan(0)
    }
  })

  it('has no padding, no probabilities, and weights of layers only in 16 bits', async () => {
    const graph = classifier({ normalize: true, padding: 'lengths' })
    await writeFile(modelPath, writeOnnx(graph, { name: 'version' }))
    const device = (await readDeviceGraph(modelPath, 'fp16'))!
    expect(device.inputs.map(({ name }) => name)).toEqual(['input_ids'])
    expect([...device.outputs.keys()]).toEqual(['logits'])
    const types = new Map([...device.constants.keys()].map(({ name, type }) => [name, type]))
    expect(types.get('embeddings/words')).toBe('float16')
    expect(types.get('layer.1/feed_forward/wide/weight')).toBe('float16')
    expect(types.get('head/weight')).toBe('float32')
  })
})

describe('a model that is no plain classifier of Winnow', () => {
  const plain = () => classifier({ normalize: true, padding: 'exact' })

  it('runs as it is when a node is one that Winnow does not put there', async () => {
    const graph = plain()
    const nodes = graph.nodes.map((node) => {
      const [output] = node.outputs
      return output?.name === 'layer.1/feed_forward/wide/gelu'
        ? { ...node, outputs: [Object.assign(output, { name: 'layer.1/other' })] }
        : node
    })
    await writeFile(modelPath, writeOnnx({ ...graph, nodes }, { name: 'other' }))
    expect(await readDeviceGraph(modelPath, 'fp32')).toBeUndefined()
    expect(await largestDifference({ ...graph, nodes }, 'fp16')).toBe(0)
  })

  it('runs as it is when it is quantised or has another head', async () => {
    const graph = plain()
    const [last] = graph.nodes.toReversed()
    const nodes = [...graph.nodes.slice(0, -1), { ...last!, operation: { kind: 'logSoftmax' } }]
    const other = { ...graph, nodes } as TensorGraph
    await writeFile(modelPath, writeOnnx(other, { name: 'other' }))
    expect(await readDeviceGraph(modelPath, 'fp32')).toBeUndefined()
    const constants = new Map([...graph.constants].filter(([{ name }]) => name !== 'head/weight'))
    await writeFile(modelPath, writeOnnx({ ...graph, constants }, { name: 'other' }))
    expect(await readDeviceGraph(modelPath, 'fp32')).toBeUndefined()
  })
})
