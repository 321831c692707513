// The encoder that Winnow writes against the export that its weights come from. Both run on real
// text, with the base encoder of the model store.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinyHidden, tinyWeights } from '../../tests/support/tiny-encoder.ts'
import { modelStoreDir } from '../../configs/paths.ts'
import { loadTokenizer } from '../tokenizers/tokenizer.ts'
import { readBertWeights, type EncoderWeights } from './weights/bert-weights.ts'
import { buildClassifier, buildEncoder } from './encoder.ts'
import { readOnnx } from './onnx/onnx-reader.ts'
import { writeOnnx } from './onnx/onnx-writer.ts'

const base = join(modelStoreDir(), 'bases', 'minilm-l6')
const texts = [
  'ok',
  'Where is my parcel? It should have been here on Thursday.',
  'Ответьте, пожалуйста, на моё письмо — 返金をお願いします 🙏',
  'The refund for order 4711 has still not arrived, and nobody answers the phone. '.repeat(20),
]
let weights: EncoderWeights
let ids: Int32Array[]
let original: InferenceSession

beforeAll(async () => {
  const exported = await readFile(join(base, 'model.onnx'))
  weights = readBertWeights(readOnnx(exported))
  const tokenizer = loadTokenizer({ json: await readFile(join(base, 'tokenizer.json')) })
  ids = texts.map((text) => tokenizer.encode(text, { maxTokens: 256 }).ids)
  original = await InferenceSession.create(exported)
})

afterAll(() => original.release())

/** The export's hidden states, averaged and scaled to length 1, by plain loops in float64. */
async function reference(text: Int32Array): Promise<number[]> {
  const wide = BigInt64Array.from(text, BigInt)
  const dims = [1, text.length]
  const { output_0: states } = await original.run({
    input_ids: new Tensor('int64', wide, dims),
    attention_mask: new Tensor('int64', new BigInt64Array(wide.length).fill(1n), dims),
    token_type_ids: new Tensor('int64', new BigInt64Array(wide.length), dims),
  })
  const elements = states!.data as Float32Array
  const mean = Array.from({ length: weights.hidden }, (_, column) => {
    let sum = 0
    for (let token = 0; token < text.length; token++) {
      sum += elements[token * weights.hidden + column]!
    }
    return sum / text.length
  })
  const length = Math.hypot(...mean)
  return mean.map((component) => component / length)
}

function largestDifference(a: Float32Array, b: readonly number[]): number {
  expect(a.length).toBe(b.length)
  return b.reduce((largest, number, i) => Math.max(largest, Math.abs(number - a[i]!)), 0)
}

describe('the written encoder', () => {
  it('finds the architecture in the export', () => {
    expect(weights).toMatchObject({ hidden: 384, heads: 12, vocabulary: 30_522, positions: 512 })
    expect(weights.layers).toHaveLength(6)
    expect(weights.epsilon).toBeCloseTo(1e-12, 18)
    expect(ids.map(({ length }) => length)).toEqual([3, 15, expect.any(Number), 256])
  })

  it('matches the embeddings of the export to 1e-4, one text at a time', async () => {
    const bytes = writeOnnx(buildEncoder(weights, { padding: 'exact', normalize: true }), {
      name: 'test',
    })
    const session = await InferenceSession.create(bytes)
    for (const text of ids) {
      const feeds = { input_ids: new Tensor('int32', text, [1, text.length]) }
      const { embedding } = await session.run(feeds)
      const difference = largestDifference(embedding!.data as Float32Array, await reference(text))
      expect(difference).toBeLessThan(1e-4)
    }
    await session.release()
  })

  it('matches them when texts of different length are padded', async () => {
    const bytes = writeOnnx(buildEncoder(weights, { padding: 'lengths', normalize: true }), {
      name: 'test',
    })
    const session = await InferenceSession.create(bytes)
    const tokens = Math.max(...ids.map(({ length }) => length))
    const padded = new Int32Array(ids.length * tokens)
    for (const [row, text] of ids.entries()) padded.set(text, row * tokens)
    const lengths = Int32Array.from(ids, ({ length }) => length)
    const { embedding } = await session.run({
      input_ids: new Tensor('int32', padded, [ids.length, tokens]),
      lengths: new Tensor('int32', lengths, [ids.length]),
    })
    await session.release()
    const rows = embedding!.data as Float32Array
    for (const [row, text] of ids.entries()) {
      const own = rows.subarray(row * weights.hidden, (row + 1) * weights.hidden)
      expect(largestDifference(own, await reference(text))).toBeLessThan(1e-4)
    }
  })
})

describe('buildClassifier', () => {
  const head = {
    from: tinyHidden,
    to: 3,
    weight: new Float32Array(tinyHidden * 3),
    bias: Float32Array.of(0, 1, 2),
  }

  it('names its inputs and outputs, and adds softmax to the logits', async () => {
    const graph = buildClassifier(tinyWeights(), head, { padding: 'exact', normalize: false })
    const session = await InferenceSession.create(writeOnnx(graph, { name: 'test' }))
    expect([session.inputNames, session.outputNames]).toEqual([
      ['input_ids'],
      ['logits', 'probabilities'],
    ])
    const outputs = await session.run({
      input_ids: new Tensor('int32', Int32Array.of(1, 2), [1, 2]),
    })
    await session.release()
    expect([...(outputs['logits']!.data as Float32Array)]).toEqual([0, 1, 2])
    const total = 1 + Math.E + Math.E ** 2
    const expected = [0, 1, 2].map((logit) => expect.closeTo(Math.exp(logit) / total, 6) as number)
    expect([...(outputs['probabilities']!.data as Float32Array)]).toEqual(expected)
  })

  it('refuses a head of another width', () => {
    const wide = { ...head, from: 9 }
    const build = (): unknown =>
      buildClassifier(tinyWeights(), wide, { padding: 'exact', normalize: false })
    expect(build).toThrow(expect.objectContaining({ code: 'model_incompatible' }))
  })
})
