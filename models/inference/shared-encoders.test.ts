// Models over one encoder, on real threads and tiny models: one pass for all, the same bits as each
// alone, and heads that come and go while the others serve.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeHeadVersion } from '../../tests/support/head-versions.ts'
import { poisonId } from '../../tests/support/tiny-encoder.ts'
import { until } from '../../tests/support/until.ts'
import type { ModelVersion } from '../store/version-files.ts'
import type { BatchRecord } from './batcher.ts'
import type { Classifier } from './classifier.ts'
import { spawnThread } from './session-thread.ts'
import { SharedEncoders } from './shared-encoders.ts'
import { openVersionModel } from './version-model.ts'

let storeDir: string
let mood: ModelVersion
let intent: ModelVersion
/** The logits of each model with workers of its own, one text at a time. */
let alone: { readonly mood: Float32Array[]; readonly intent: Float32Array[] }
beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-shared-encoders-'))
  mood = await writeHeadVersion({ storeDir, name: 'mood', labels: ['good', 'bad'] })
  intent = await writeHeadVersion({ storeDir, name: 'intent', labels: ['x', 'y', 'z'], seed: 9 })
  alone = { mood: await logitsAlone(mood), intent: await logitsAlone(intent) }
})
afterAll(() => rm(storeDir, { recursive: true }))

/** Texts of several lengths as ids, no two of which are the same array. */
const texts = Array.from({ length: 40 }, (_, text) =>
  Int32Array.from({ length: 3 + (text % 5) }, (__, at) => 4 + ((text * 7 + at * 3) % 26)),
)

/** Models opened over shared encoders, with the threads and batches that they made. */
function sharing({ workers = 1 } = {}) {
  const encoders = new SharedEncoders()
  const threads: Worker[] = []
  const batches: [model: string, batch: BatchRecord][] = []
  const open = async (version: ModelVersion): Promise<Classifier> => {
    const { classifier } = await openVersionModel({
      version,
      encoders,
      workers,
      onBatch: (batch) => batches.push([version.name, batch]),
      spawn: (start) => {
        const thread = spawnThread(start)
        threads.push(thread)
        return thread
      },
    })
    return classifier
  }
  return { open, threads, batches }
}

async function logitsOf(classifier: Classifier, ids: Int32Array): Promise<Float32Array> {
  const { result } = await classifier.classifyWhenRoom(ids)
  const outcome = await result
  if (outcome.kind !== 'ok') throw new Error(outcome.error.message)
  return outcome.logits
}

async function logitsAlone(version: ModelVersion): Promise<Float32Array[]> {
  const { classifier } = await openVersionModel({ version, workers: 1, batchTokens: 1 })
  const logits = await Promise.all(texts.map((ids) => logitsOf(classifier, ids)))
  await classifier.close()
  return logits
}

it('encodes each text once for all models, and gives the bits of each model alone', async () => {
  const { open, threads, batches } = sharing({ workers: 2 })
  const models = [await open(mood), await open(intent)]
  expect(threads).toHaveLength(2)
  expect(models[0]!.encoder).toBe(models[1]!.encoder)
  const together = await Promise.all(
    models.map((model) => Promise.all(texts.map((ids) => logitsOf(model, ids)))),
  )
  expect(together).toEqual([alone.mood, alone.intent])
  const encoded = batches.reduce((sum, [, batch]) => sum + batch.size, 0)
  expect(encoded).toBe(texts.length)
  expect(batches.length).toBeLessThan(texts.length)
  // The batches of all are noted under one name.
  expect(new Set(batches.map(([model]) => model))).toEqual(new Set(['intent']))
  for (const model of models) await model.close()
})

it('takes a head in and out while another serves, without a new thread', async () => {
  const { open, threads } = sharing()
  const serving = await open(mood)
  const started = threads.length
  const [before] = await Promise.all([logitsOf(serving, texts[0]!), open(intent).then(closeIt)])
  const next = await writeHeadVersion({ storeDir, name: 'mood', labels: ['good', 'bad'], seed: 3 })
  const swapped = await open(next)
  const ids = Int32Array.from(texts[0]!)
  await serving.close()
  const after = await logitsOf(swapped, ids)
  expect(after).toEqual((await logitsAlone(next))[0])
  expect(after).not.toEqual(before)
  expect(threads).toHaveLength(started)
  await swapped.close()
})

it('gives other encoders workers of their own', async () => {
  const { open, threads } = sharing()
  const layers = await writeHeadVersion({
    storeDir,
    name: 'layers',
    labels: ['p', 'q'],
    pooledLayers: 'every',
  })
  const models = [await open(mood), await open(layers)]
  expect(models[0]!.encoder).not.toBe(models[1]!.encoder)
  expect(threads).toHaveLength(2)
  expect(await logitsOf(models[1]!, texts[3]!)).toEqual((await logitsAlone(layers))[3])
  for (const model of models) await model.close()
})

it('rejects a text for each model, and leaves its neighbours alone', async () => {
  const { open } = sharing()
  const models = [await open(mood), await open(intent)]
  const bad = Int32Array.of(2, poisonId, 3)
  const good = Int32Array.of(2, 5, 3)
  for (const model of models) {
    const results = [await model.classifyWhenRoom(bad), await model.classifyWhenRoom(good)]
    const outcomes = await Promise.all(results.map(({ result }) => result))
    expect(outcomes.map(({ kind }) => kind)).toEqual(['rejected', 'ok'])
  }
  for (const model of models) await model.close()
})

it('applies every head again after a worker crashed, also to the text whose pass failed', async () => {
  const { open, threads } = sharing()
  const models = [await open(mood), await open(intent)]
  const [ids] = texts
  void threads[0]!.terminate()
  const { result } = await models[0]!.classifyWhenRoom(ids!)
  await expect(result).rejects.toMatchObject({ code: 'worker_crashed' })
  await until('a new thread', () => threads.length === 2)
  const again = models.map((model) => logitsOf(model, ids!))
  expect(await Promise.all(again)).toEqual([alone.mood[0], alone.intent[0]])
  for (const model of models) await model.close()
})

async function closeIt(model: Classifier): Promise<void> {
  await model.close()
}
