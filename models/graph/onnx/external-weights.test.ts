// Weights outside the graph file: which constants move, where they lie, and that the same weights
// always give the same file.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sha256OfBytes } from '../../runtime/file-hash.ts'
import { InferenceSession, Tensor } from '../../runtime/onnx-runtime.ts'
import { layOutWeights, writeWeights } from './external-weights.ts'
import { readMappedModel } from '../weights/mapped-weights.ts'
import { decodeModel } from './onnx-wire.ts'
import { writeOnnx } from './onnx-writer.ts'
import { add } from '../tensors/operations.ts'
import { GraphBuilder } from '../tensors/tensor-graph.ts'

const size = 20_000

/** x + two large constants + a small one + one of a head. */
function build(head: number) {
  const graph = new GraphBuilder()
  const filled = (value: number, count = size) => new Float32Array(count).fill(value)
  let sum = graph.input('x', 'float32', ['batch', size])
  for (const [name, elements] of [
    ['first', filled(1)],
    ['second', filled(10)],
    ['small', filled(100, 1)],
  ] as const) {
    sum = add(graph, sum, graph.constant(name, elements, [elements.length]))
  }
  sum = graph.within('head', () => add(graph, sum, graph.constant('weight', filled(head), [size])))
  graph.output('y', sum)
  return graph.finish()
}

const isEncoder = (name: string) => !name.startsWith('head/')

it('moves only large constants of the encoder, each aligned to a page', () => {
  const { places, parts, sha256 } = layOutWeights(build(1_000), isEncoder)
  expect([...places].map(([{ name }, place]) => [name, place])).toEqual([
    ['first', { offset: 0, bytes: 4 * size }],
    ['second', { offset: 81_920, bytes: 4 * size }],
  ])
  expect(sha256).toBe(sha256OfBytes(Buffer.concat(parts)))
  expect(layOutWeights(build(2_000), isEncoder).sha256).toBe(sha256)
})

it('gives the runtime the same numbers, whether the file is read or mapped', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'winnow-external-'))
  try {
    const graph = build(1_000)
    const weights = layOutWeights(graph, isEncoder)
    const model = writeOnnx(graph, {
      name: 'test',
      weights: { ...weights, location: 'model.onnx_data' },
    })
    const path = join(dir, 'model.onnx')
    await writeFile(path, model)
    await writeWeights(join(dir, 'model.onnx_data'), weights)
    expect((await readFile(join(dir, 'model.onnx_data'))).byteLength).toBe(81_920 + 4 * size)
    expect(decodeModel(model).graph!.initializers!.map(({ raw }) => raw?.length)).toEqual([
      undefined,
      undefined,
      4,
      4 * size,
    ])
    const folder = { session: { model_external_initializers_file_folder_path: dir } }
    const sessions = [
      await InferenceSession.create(path),
      await InferenceSession.create(readMappedModel(path), { extra: folder }),
    ]
    for (const session of sessions) {
      const x = new Tensor('float32', new Float32Array(size), [1, size])
      const { y } = await session.run({ x })
      expect(new Set(y!.data as Float32Array)).toEqual(new Set([1_111]))
      await session.release()
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
