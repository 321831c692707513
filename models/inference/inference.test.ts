// The wiring of tokenizer, batcher and one real thread with a tiny model, and its counts.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyHidden, tinyPositions, writeTinyEncoder } from '../../tests/support/tiny-encoder.ts'
import { finish } from '../runtime/sliced-work.ts'
import type { BatchRecord } from './batcher.ts'
import {
  openInference,
  type Inference,
  type InferenceOptions,
  type TextTokenizer,
} from './inference.ts'
import { spawnThread } from './session-thread.ts'

/** One token a character: its place in the text. */
const tokenizer: TextTokenizer = {
  encode: (text, options) => finish(tokenizer.encoding(text, options)),
  *encoding(text, { maxTokens }) {
    const ids = Int32Array.from(text, (_, at) => at)
    return { ids: ids.subarray(0, maxTokens), truncated: ids.length > maxTokens }
  },
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-inference-'))
  await writeTinyEncoder(join(folder, 'exact.onnx'))
  await writeTinyEncoder(join(folder, 'padded.onnx'), 'lengths')
})
afterAll(() => rm(folder, { recursive: true }))

async function withInference(
  options: Partial<InferenceOptions>,
  use: (inference: Inference) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const modelPath = join(folder, 'exact.onnx')
  const whole = { modelPath, tokenizer, maxTokens: tinyPositions, workers: 1, ...options }
  const inference = await openInference(whole, 'embedding')
  try {
    await use(inference)
  } finally {
    await inference.close()
  }
}

describe('openInference', () => {
  it('cuts texts at the limit, in one go or in steps', async () => {
    await withInference({ maxTokens: 4 }, (inference) => {
      const cut = { ids: Int32Array.of(0, 1, 2, 3), truncated: true }
      expect(inference.tokenize('abcdef')).toEqual(cut)
      expect(finish(inference.tokenizing('abcdef'))).toEqual(cut)
      expect(inference.tokenize('ab').truncated).toBe(false)
      return Promise.resolve()
    })
  })

  it('answers from its cache with the bits that a run gives, and counts runs only', async () => {
    await withInference({ cacheBytesMax: 1_000_000 }, async (inference) => {
      const ids = Int32Array.of(3, 1, 4, 1, 5)
      const ran = await inference.submit(ids)
      const hit = await inference.submit(Int32Array.from(ids))
      const fresh = await inference.submit(ids, { isFresh: true })
      expect(Buffer.from(hit.row.buffer)).toEqual(Buffer.from(ran.row.buffer))
      expect(hit.row).toEqual(fresh.row)
      expect(hit.inferMs).toBe(0)
      expect(inference.stats()).toMatchObject({ texts: 2, tokens: 10 })
    })
  })

  it('counts what its batches did, and reports each', async () => {
    const batches: BatchRecord[] = []
    const padded = { modelPath: join(folder, 'padded.onnx'), padTo: 4 }
    const onBatch = (batch: BatchRecord) => batches.push(batch)
    await withInference({ ...padded, onBatch }, async (inference) => {
      expect(inference.width).toBe(tinyHidden)
      const rows = [Int32Array.of(1), Int32Array.of(1, 2, 3), Int32Array.of(1, 2, 3, 4, 5)]
      const asked = rows.map((ids) => inference.submit(ids))
      expect(inference.stats()).toMatchObject({ texts: 0, queuedTexts: 3, queuedTokens: 16 })
      await Promise.all(asked)
      const runMs = batches.reduce((sum, batch) => sum + batch.runMs, 0)
      expect(inference.stats()).toEqual({
        texts: 3,
        tokens: 9,
        paddedTokens: 16,
        batches: 2,
        runMs,
        queuedTexts: 0,
        queuedTokens: 0,
      })
      expect(runMs).toBeGreaterThan(0)
    })
  })

  it.each([
    ['does not fit the longest text', { padTo: 5 }, 'which is not a multiple of it'],
    ['the graph cannot mask', { padTo: 8 }, 'takes texts of one length only'],
  ])('refuses padding that %s, and leaves no thread', async (_what, options, message) => {
    const exits: Promise<number>[] = []
    const spawn: NonNullable<InferenceOptions['spawn']> = (start) => {
      const thread = spawnThread(start)
      exits.push(new Promise((resolve) => thread.on('exit', resolve)))
      return thread
    }
    await expect(withInference({ ...options, spawn })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(message) as string,
    })
    expect(await Promise.all(exits)).toEqual(exits.map(() => 0))
  })

  it('answers what is queued before it closes', async () => {
    let asked: Promise<unknown>[] = []
    await withInference({}, (inference) => {
      // Each length is a batch of its own, and the worker holds two of them.
      asked = [1, 2, 3, 4, 5].map((length) => inference.submit(new Int32Array(length)))
      return Promise.resolve()
    })
    expect(await Promise.all(asked)).toHaveLength(5)
  })
})

describe('a device that does not work', () => {
  // No machine that runs these tests has TensorRT.
  const device = {
    provider: 'tensorrt',
    deviceId: 0,
    precision: 'fp32',
    workers: 1,
  } as const

  it('refuses to open, and says what is missing', async () => {
    const opening = withInference({ device: { ...device, fallback: 'none' } })
    await expect(opening).rejects.toMatchObject({
      code: 'session_failed',
      message: expect.stringMatching(
        /exact\.onnx does not open with tensorrt: .+ TensorRT needs .+ set inference\.provider to cpu\./,
      ) as string,
    })
  })

  it('leaves the model to the processor if that is allowed, and says so', async () => {
    const notes: string[] = []
    const providers: string[] = []
    const onFallback = (note: string): void => void notes.push(note)
    const options: Partial<InferenceOptions> = {
      device: { ...device, fallback: 'cpu', onFallback },
      onBatch: ({ provider }) => providers.push(provider),
    }
    await withInference(options, async (inference) => {
      expect(inference.provider).toBe('cpu')
      const { row } = await inference.submit(Int32Array.of(1, 2))
      await withInference({}, async (usual) => {
        expect((await usual.submit(Int32Array.of(1, 2))).row).toEqual(row)
      })
    })
    expect(providers).toEqual(['cpu'])
    expect(notes).toHaveLength(1)
    expect(notes[0]).toMatch(/tensorrt.+The processor computes the model/)
  })

  it('does not hide an error of the model', async () => {
    const modelPath = join(folder, 'no-model.onnx')
    await writeFile(modelPath, 'not a model')
    const asked = { ...device, fallback: 'cpu' } as const
    await expect(withInference({ modelPath, device: asked })).rejects.toMatchObject({
      code: 'graph_invalid',
    })
  })
})
