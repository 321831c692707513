// Same text, same model: the same bits, whatever the batch, its members, their order, the number of
// workers, and whether weights are mapped. On the real base encoder of the model store.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelStoreDir } from '../configs/paths.ts'
import { openClassifier, type Classifier } from './inference/classifier.ts'
import { SharedEncoders } from './inference/shared-encoders.ts'
import { readBertWeights } from './graph/weights/bert-weights.ts'
import { buildClassifier } from './graph/encoder.ts'
import { readOnnx } from './graph/onnx/onnx-reader.ts'
import { writeOnnx } from './graph/onnx/onnx-writer.ts'
import { loadTokenizer } from './tokenizers/tokenizer.ts'

const base = join(modelStoreDir(), 'bases', 'minilm-l6')
const labels = Array.from({ length: 20 }, (_, i) => `label ${i}`)
let folder: string
let modelPath: string
/** Another head over the same encoder. */
let otherPath: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'winnow-determinism-'))
  modelPath = join(folder, 'model.onnx')
  const weights = readBertWeights(readOnnx(await readFile(join(base, 'model.onnx'))))
  const { hidden: from } = weights
  const write = async (path: string, to: number, scale: number) => {
    const weight = Float32Array.from({ length: from * to }, (_, i) => Math.sin(i * scale))
    const head = { from, to, weight, bias: new Float32Array(to).fill(scale) }
    const graph = buildClassifier(weights, head, { padding: 'exact', normalize: true })
    await writeFile(path, writeOnnx(graph, { name: 'determinism' }))
  }
  await write(modelPath, labels.length, 1)
  otherPath = join(folder, 'other.onnx')
  await write(otherPath, 7, 0.3)
})

afterAll(() => rm(folder, { recursive: true }))

/** Texts of 1 to 26 words, several of each length. */
const texts = Array.from({ length: 48 }, (_, i) =>
  Array.from({ length: 1 + (((i % 24) * 7) % 26) }, (_, word) =>
    ['parcel', 'refund', 'cannot', 'login', 'the', 'Thursday', 'überfällig', '返金'].at(
      (i * 31 + word * 17) % 8,
    ),
  ).join(' '),
)

async function logitsWith(
  order: readonly string[],
  options: { workers: number; batchTokens: number; path?: string },
): Promise<Map<string, Float32Array>> {
  const { path = modelPath, ...limits } = options
  const tokenizer = loadTokenizer({ json: await readFile(join(base, 'tokenizer.json')) })
  const classifier: Classifier = await openClassifier({
    modelPath: path,
    labels: path === modelPath ? labels : labels.slice(0, 7),
    tokenizer,
    maxTokens: 128,
    ...limits,
  })
  const logits = new Map<string, Float32Array>()
  for await (const { outcome } of classifier.classifyAll(order)) {
    if (outcome.kind !== 'ok') throw new Error(outcome.error.message)
    logits.set(order[logits.size]!, outcome.logits)
  }
  // Otherwise every text was alone, and nothing was compared.
  if (options.batchTokens >= 512 && order.length > 1) {
    expect(classifier.stats().batches).toBeLessThan(order.length)
  }
  await classifier.close()
  return logits
}

// Four passes over a real model on a shared core take up to 20 s.
describe('logits', { timeout: 120_000 }, () => {
  it('are bit-identical alone, in batches of any size and order, and on any worker', async () => {
    const distinct = [...new Set(texts)]
    const alone = await logitsWith(distinct, { workers: 1, batchTokens: 1 })
    expect(new Set([...alone.values()].map(String)).size).toBe(distinct.length)
    for (const [order, options] of [
      [distinct, { workers: 1, batchTokens: 2048 }],
      [distinct.toReversed(), { workers: 2, batchTokens: 512 }],
      [distinct.toSorted(), { workers: 2, batchTokens: 100 }],
    ] as const) {
      const together = await logitsWith(order, options)
      for (const text of distinct) expect(together.get(text)).toEqual(alone.get(text))
    }
  })

  it('are those of each model alone where several share a pass', async () => {
    const distinct = [...new Set(texts)]
    const tokenizer = loadTokenizer({ json: await readFile(join(base, 'tokenizer.json')) })
    const ids = distinct.map((text) => tokenizer.encode(text, { maxTokens: 128 }).ids)
    const encoders = new SharedEncoders()
    const open = (path: string) =>
      openClassifier({
        ...{ modelPath: path, tokenizer, maxTokens: 128, workers: 2 },
        labels: path === modelPath ? labels : labels.slice(0, 7),
        open: (limits) => encoders.open({ ref: path, modelPath: path, manifest: {} }, limits),
      })
    const models = [await open(modelPath), await open(otherPath)]
    const queued = models.map((model) => Promise.all(ids.map((one) => model.classifyWhenRoom(one))))
    const results = await Promise.all(queued)
    for (const [at, path] of [modelPath, otherPath].entries()) {
      const alone = await logitsWith(distinct, { workers: 1, batchTokens: 1, path })
      for (const [text, { result }] of results[at]!.entries()) {
        expect(await result).toMatchObject({ logits: alone.get(distinct[text]!) })
      }
    }
    const { texts: encoded, batches } = models[0]!.stats()
    expect(encoded).toBe(distinct.length)
    expect(batches).toBeLessThan(distinct.length)
    for (const model of models) await model.close()
  })

  it('are those of the model file loaded whole by the runtime', async () => {
    const [text] = texts
    const served = (await logitsWith([text!], { workers: 1, batchTokens: 512 })).get(text!)
    const tokenizer = loadTokenizer({ json: await readFile(join(base, 'tokenizer.json')) })
    const { ids } = tokenizer.encode(text!, { maxTokens: 128 })
    const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1 })
    const whole = await session.run({ input_ids: new Tensor('int32', ids, [1, ids.length]) })
    await session.release()
    expect(served).toEqual(whole['logits']!.data)
  })
})
