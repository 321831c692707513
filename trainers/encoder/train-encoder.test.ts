// Fine-tuning from end to end: train the top layer, publish, and evaluate the published version as
// it is served. One test uses the real base encoder from the local store; those of the engine tfjs
// and of interrupted runs use a small one.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modelStoreDir } from '../../configs/paths.ts'
import { ensureBase, type Base } from '../../models/bases/base-store.ts'
import { smallBase } from '../../tests/support/small-base.ts'
import { openVersion } from '../../models/store/version-store.ts'
import { describeExamples, type Dataset } from '../data/dataset.ts'
import type { Example } from '../files/source-row.ts'
import { evaluateModel } from '../evaluation/evaluate-version.ts'
import { trainEncoder, type TrainEncoderOptions } from './train-encoder.ts'
import { findUnfinishedRun } from '../runs/unfinished-run.ts'

const trainingMsMax = 180_000
let storeDir: string
let bases: Record<'minilm' | 'small', Base>

beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-train-encoder-'))
  bases = {
    minilm: await ensureBase({ name: 'minilm-l6', storeDir: modelStoreDir() }),
    small: await smallBase(storeDir),
  }
})
afterAll(() => rm(storeDir, { recursive: true, force: true }))

/** 48 requests that begin with the same word. */
function requests(opening: string): Dataset {
  const ends = ['', ' tomorrow', ' at home', ' again']
  const texts = {
    weather: ['will it rain', 'show the forecast', 'how warm is it', 'is there snow'],
    music: ['play some jazz', 'skip this song', 'turn up the volume', 'play my album'],
    alarm: ['wake me at seven', 'set an alarm', 'cancel the alarm', 'remind me at noon'],
  }
  const examples = Object.entries(texts).flatMap(([label, each]): Example[] =>
    each.flatMap((text) => ends.map((end) => ({ text: `${opening} ${text}${end}`, label }))),
  )
  return { examples, manifest: describeExamples(`${opening}.jsonl`, examples) }
}

function options(): TrainEncoderOptions {
  return {
    train: requests('please'),
    test: requests('now'),
    base: bases.small,
    storeDir,
    name: 'intents',
    method: { kind: 'partial', layers: 1 },
    recipe: { epochs: 1 },
    workers: 1,
  }
}

test.each([
  ['onnx', 'minilm'],
  ['tfjs', 'small'],
] as const)(
  'publishes the trained model with the engine %s, which scores the same when served',
  async (engine, size) => {
    const name = `intents-${engine}`
    const trained = await trainEncoder({ ...options(), base: bases[size], name, engine })
    expect(trained).toMatchObject({
      model: `${name}@1`,
      method: 'partial',
      bestEpoch: 1,
      engine,
      runtime: expect.stringMatching(engine === 'tfjs' ? /TensorFlow/ : /ONNX/) as string,
      metrics: { evaluatedOn: 'test', examples: 48 },
      dataManifest: { validation: { source: 'please.jsonl#validation' } },
    })
    expect(trained.metrics.accuracy).toBeGreaterThan(0.9)
    const version = await openVersion({ ref: name, storeDir })
    expect(version.manifest).toMatchObject({ method: 'partial', trainingRun: trained.run })
    const served = await evaluateModel({ version, dataset: requests('now'), workers: 1 })
    expect(served.accuracy).toBe(trained.metrics.accuracy)
    expect(served.logLoss).toBeCloseTo(trained.metrics.logLoss, 4)
  },
  trainingMsMax,
)

test(
  'cancelled while it writes, it resumes to the same bytes, and publishes one version only',
  async () => {
    const small = { ...options(), name: 'resumed', checkpoints: { everySteps: 1 } }
    const unbroken = await trainEncoder({ ...small, name: 'unbroken' })
    const abort = new AbortController()
    const cancelled = trainEncoder({
      ...small,
      request: { data: 'please.jsonl' },
      signal: abort.signal,
      onProgress: (progress) => {
        if (progress.kind === 'step' && progress.step === 2) abort.abort()
      },
    })
    await expect(cancelled).rejects.toMatchObject({
      code: 'cancelled',
      message: expect.stringMatching(/winnow train --resume \d+T\d+-resumed-/) as string,
    })
    const start = await findUnfinishedRun(storeDir, { name: 'resumed' })
    expect(start.request).toEqual({ data: 'please.jsonl' })
    const other = { ...small, train: requests('kindly'), resume: start }
    await expect(trainEncoder(other)).rejects.toMatchObject({
      code: 'resume_refused',
      message: expect.stringMatching(/^The run cannot be resumed: the training data /) as string,
    })
    const first = await trainEncoder({ ...small, resume: start })
    expect(first.run).toBe(start.run)
    const bytesOf = (trained: { modelDir: string }) =>
      readFile(join(trained.modelDir, 'model.onnx'))
    expect((await bytesOf(first)).equals(await bytesOf(unbroken))).toBe(true)
    // As if the process had been killed between writing the version and the run record.
    await rm(join(first.runDir, 'run.json'))
    expect((await trainEncoder({ ...small, resume: start })).model).toBe('resumed@1')
    await expect(findUnfinishedRun(storeDir, { run: start.run })).rejects.toMatchObject({
      code: 'resume_refused',
      message: expect.stringContaining('is finished') as string,
    })
  },
  trainingMsMax,
)

test('refuses layers that the base does not have', async () => {
  const all = { ...options(), base: bases.minilm, method: { kind: 'partial', layers: 6 } } as const
  await expect(trainEncoder(all)).rejects.toMatchObject({ code: 'usage' })
})
