// The small model that refers to the weights in its own file, and what is refused. That results do
// not change is tested in models/determinism.test.ts.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readMappedModel } from './mapped-weights.ts'
import { decodeModel } from '../onnx/onnx-wire.ts'
import { writeOnnx } from '../onnx/onnx-writer.ts'
import { add } from '../tensors/operations.ts'
import { bytesField } from '../onnx/protobuf-fields.ts'
import { GraphBuilder } from '../tensors/tensor-graph.ts'

const large = Float32Array.from({ length: 20_000 }, (_, i) => i)

function modelFile(): Uint8Array {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'float32', ['batch', large.length])
  const small = graph.constant('small', Float32Array.of(7), [1])
  const sum = add(graph, add(graph, x, graph.constant('large', large, [large.length])), small)
  graph.output('y', sum)
  return writeOnnx(graph.finish(), { name: 'test' })
}

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-mapped-'))
  path = join(folder, 'model.onnx')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

it('refers to large weights in the file and keeps small ones inside', async () => {
  const file = modelFile()
  await writeFile(path, file)
  const mapped = readMappedModel(path)
  expect(mapped.byteLength).toBeLessThan(1000)
  const [first, second] = decodeModel(mapped).graph!.initializers!
  const small = first!.name === 'small' ? first! : second!
  const reference = first!.name === 'small' ? second! : first!
  expect(small.raw).toBeDefined()
  expect(reference).toMatchObject({ name: 'large', dims: [large.length], dataLocation: 1 })
  const entries = Object.fromEntries(
    reference.externalLocation!.map(({ key, value }) => [key, value]),
  )
  expect(entries).toMatchObject({ location: 'model.onnx', length: `${large.byteLength}` })
  const bytes = Uint8Array.from(file).slice(
    Number(entries['offset']),
    Number(entries['offset']) + large.byteLength,
  )
  expect(new Float32Array(bytes.buffer)).toEqual(large)
})

it('keeps fields that Winnow does not know', async () => {
  const unknown = Buffer.concat([bytesField(2_000, Buffer.from('a part of a later format'))])
  await writeFile(path, Buffer.concat([modelFile(), unknown]))
  const mapped = readMappedModel(path)
  expect(Buffer.from(mapped).subarray(-unknown.length)).toEqual(unknown)
  expect(decodeModel(mapped).graph!.nodes).toEqual(decodeModel(modelFile()).graph!.nodes)
})

it('refuses a file that is not a model, and a missing file', async () => {
  await writeFile(path, 'not a model')
  expect(() => readMappedModel(path)).toThrow(expect.objectContaining({ code: 'graph_invalid' }))
  await writeFile(path, modelFile().subarray(0, 50_000))
  expect(() => readMappedModel(path)).toThrow(expect.objectContaining({ code: 'graph_invalid' }))
  await rm(path)
  expect(() => readMappedModel(path)).toThrow(expect.objectContaining({ code: 'session_failed' }))
})
