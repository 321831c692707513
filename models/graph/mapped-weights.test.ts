// What is left of a model file when its weights stay behind, and what is refused. That results do
// not change is in ../determinism.test.ts.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mapWeights, readMappedModel } from './mapped-weights.ts'
import { decodeModel, encodeModel } from './onnx-wire.ts'
import { writeOnnx } from './onnx-writer.ts'
import { add } from './operations.ts'
import { GraphBuilder } from './tensor-graph.ts'

const large = Float32Array.from({ length: 20_000 }, (_, i) => i)

function modelFile(): Uint8Array {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'float32', ['batch', large.length])
  const small = graph.constant('small', Float32Array.of(7), [1])
  const sum = add(graph, add(graph, x, graph.constant('large', large, [large.length])), small)
  graph.output('y', sum)
  return writeOnnx(graph.finish(), { name: 'test' })
}

describe('mapWeights', () => {
  it('leaves large weights where they are in the file and keeps small ones', () => {
    const file = modelFile()
    const mapped = mapWeights(file, 'model.onnx')!
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

  it('leaves a file alone that Winnow did not write', () => {
    const foreign = encodeModel({ ...decodeModel(modelFile()), producerName: 'pytorch' })
    expect(mapWeights(foreign, 'model.onnx')).toBeUndefined()
  })
})

describe('readMappedModel', () => {
  it('refuses what is no model and what is not there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'winnow-mapped-'))
    const path = join(folder, 'model.onnx')
    await writeFile(path, 'not a model')
    await expect(readMappedModel(path)).rejects.toMatchObject({ code: 'graph_invalid' })
    await rm(folder, { recursive: true })
    await expect(readMappedModel(path)).rejects.toMatchObject({ code: 'session_failed' })
  })
})
