// Opening versions of a tiny model on real threads.
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configSchema } from '../configs/schema.ts'
import { buildClassifier } from '../models/graph/encoder.ts'
import { writeOnnx } from '../models/graph/onnx/onnx-writer.ts'
import { spawnThread, type SpawnThread } from '../models/inference/session-thread.ts'
import type { ModelVersion } from '../models/store/version-files.ts'
import { writeVersion } from '../models/store/version-store.ts'
import { tinyHead, tinyHidden, tinyWeights } from '../tests/support/tiny-encoder.ts'
import { tinyTokenizerJson } from '../tests/support/tiny-tokenizer.ts'
import { spamManifest } from '../tests/support/version-draft.ts'
import { deviceOf, openModel, workersOf } from './model.ts'

const config = { ...configSchema.parse({}).inference, workers: 2 }
let storeDir: string
let version: ModelVersion
beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-model-'))
  const graph = buildClassifier(tinyWeights(), tinyHead(), { padding: 'exact', normalize: true })
  version = await writeVersion({
    storeDir,
    name: 'tiny',
    manifest: { ...spamManifest, labels: ['a', 'b', 'c'], maxTokens: 8, hidden: tinyHidden },
    model: { bytes: writeOnnx(graph, { name: 'tiny' }) },
    tokenizer: { bytes: Buffer.from(tinyTokenizerJson()) },
  })
})
afterAll(() => rm(storeDir, { recursive: true }))

/** Starts threads, and counts them. */
function counting() {
  let started = 0
  const spawn: SpawnThread = (start) => {
    started++
    return spawnThread(start)
  }
  return { spawn, started: () => started }
}

describe('openModel', () => {
  it('opens a version as the champion that the infer stage takes', async () => {
    const sizes: string[] = []
    const { spawn, started } = counting()
    const model = await openModel({
      version,
      config,
      spawn,
      onBatch: ({ size }, { name }) => sizes.push(`${size} of ${name}`),
    })
    expect(model).toMatchObject({ ref: 'tiny@1', dir: version.dir, manifest: version.manifest })
    expect(model.port).toMatchObject({
      name: 'tiny',
      version: '1',
      role: 'champion',
      labels: ['a', 'b', 'c'],
      maxTokens: 8,
      tokenizer: model.tokenizer,
    })
    expect(model.loadSeconds).toBeGreaterThan(0)
    expect(started()).toBe(2)
    const { ids } = model.tokenizer.encode('a b', { maxTokens: 8 })
    const { result } = await model.port.classifyWhenRoom(ids)
    expect(await result).toMatchObject({ kind: 'ok' })
    expect(sizes).toEqual(['1 of tiny'])
    await model.close()
    await expect(model.port.classifyWhenRoom(ids)).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('takes one thread for work that nobody waits for', async () => {
    const { spawn, started } = counting()
    const model = await openModel({ version, config, spawn, priority: 'background' })
    expect(started()).toBe(1)
    await model.close()
  })

  it('refuses what does not fit the model', async () => {
    const opening = openModel({ version, config: { ...config, padTo: 5 } })
    await expect(opening).rejects.toMatchObject({ code: 'config_invalid' })
  })
})

describe('workersOf', () => {
  it('is what the configuration says, or one a core', () => {
    expect(workersOf({ ...config, workers: 3 })).toBe(3)
    expect(workersOf({ ...config, workers: 0 })).toBe(availableParallelism())
  })
})

describe('deviceOf', () => {
  const asked = (inference: object) => deviceOf(configSchema.parse({ inference }).inference)

  it('is nothing for the processor, and has the threads that suit a GPU', () => {
    expect(asked({ workers: 4 })).toBeUndefined()
    const device = { deviceId: 0, precision: 'fp32', fallback: 'none', onFallback: undefined }
    expect(asked({ provider: 'webgpu' })).toEqual({ ...device, provider: 'webgpu', workers: 1 })
    expect(asked({ provider: 'cuda', deviceId: 1, precision: 'fp16', fallback: 'cpu' })).toEqual({
      provider: 'cuda',
      deviceId: 1,
      precision: 'fp16',
      fallback: 'cpu',
      workers: 2,
      onFallback: undefined,
    })
    expect(asked({ provider: 'cuda', workers: 3 })).toMatchObject({ workers: 3 })
  })

  it.each([
    [{ precision: 'fp16' }, /needs a GPU/],
    [{ provider: 'cuda', padTo: 8 }, /must be 1 on a GPU/],
    [{ provider: 'opencl' }, /provider/],
  ])('%o is refused', (inference, message) => {
    expect(() => asked(inference)).toThrow(message)
  })
})
