// Heads on the embeddings of one encoder, in this thread: their columns, and what comes and goes.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeHeadVersion } from '../../tests/support/head-versions.ts'
import { writeTinyEncoder } from '../../tests/support/tiny-encoder.ts'
import { encodeModel } from '../graph/onnx/onnx-wire.ts'
import { splitHead } from '../graph/onnx/split-head.ts'
import { InferenceSession, Tensor } from '../runtime/onnx-runtime.ts'
import { HeadSessions } from './head-sessions.ts'

let storeDir: string
let modelPaths: readonly [string, string]
/** float32 [3, features], and the logits of each whole model. */
let embedding: Tensor
let expected: Float32Array[]

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-head-sessions-'))
  const mood = await writeHeadVersion({ storeDir, name: 'mood', labels: ['a', 'b'] })
  const kind = await writeHeadVersion({ storeDir, name: 'kind', labels: ['x', 'y', 'z'], seed: 4 })
  modelPaths = [mood.modelPath, kind.modelPath]
  const ids = new Tensor('int32', Int32Array.of(2, 5, 3, 2, 9, 3, 2, 11, 3), [3, 3])
  const { encoder } = splitHead(await readFile(mood.modelPath))
  embedding = await outputOf(encodeModel(encoder), { input_ids: ids }, 'embedding')
  const wholes = await Promise.all(modelPaths.map((path) => readFile(path)))
  const logits = await Promise.all(wholes.map((one) => outputOf(one, { input_ids: ids }, 'logits')))
  expected = logits.map(({ data }) => data as Float32Array)
})
afterAll(() => rm(storeDir, { recursive: true }))

async function outputOf(model: Uint8Array, feeds: Record<string, Tensor>, name: string) {
  const session = await InferenceSession.create(model)
  const results = await session.run(feeds, [name])
  await session.release()
  return results[name] as Tensor
}

it('gives the logits of all heads side by side, with the bits of the whole models', async () => {
  const heads = new HeadSessions()
  await heads.add({ head: 7, modelPath: modelPaths[0] })
  await heads.add({ head: 9, modelPath: modelPaths[1] })
  const { rows, columns } = await heads.run(embedding, 3)
  expect(columns).toEqual([
    { head: 7, from: 0, width: 2 },
    { head: 9, from: 2, width: 3 },
  ])
  for (const text of [0, 1, 2]) {
    const row = rows.subarray(text * 5, text * 5 + 5)
    expect(row.subarray(0, 2)).toEqual(expected[0]!.subarray(text * 2, text * 2 + 2))
    expect(row.subarray(2)).toEqual(expected[1]!.subarray(text * 3, text * 3 + 3))
  }
  await heads.remove(7)
  expect((await heads.run(embedding, 3)).rows).toEqual(expected[1])
  await heads.release()
  expect((await heads.run(embedding, 3)).columns).toEqual([])
})

it('refuses a model without a head of its own', async () => {
  const modelPath = join(storeDir, 'encoder.onnx')
  await writeTinyEncoder(modelPath)
  const adding = new HeadSessions().add({ head: 1, modelPath })
  await expect(adding).rejects.toMatchObject({ code: 'model_incompatible' })
})
