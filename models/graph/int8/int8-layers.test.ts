// Linear layers in int8 against the float32 layers of the same graph, on ONNX Runtime: the lower
// layers of the real base encoder, whose activations have outliers as those of any trained one.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelStoreDir } from '../../../configs/paths.ts'
import { sessionOptions } from '../../runtime/session-options.ts'
import { loadTokenizer } from '../../tokenizers/tokenizer.ts'
import { buildClassifier } from '../encoder.ts'
import { readOnnx } from '../onnx/onnx-reader.ts'
import { writeOnnx } from '../onnx/onnx-writer.ts'
import { readPublishedClassifier } from '../published-classifier.ts'
import type { TensorGraph } from '../tensors/tensor-graph.ts'
import { readBertWeights, type EncoderWeights } from '../weights/bert-weights.ts'
import { withInt8Layers } from './int8-layers.ts'
import { quantiseLayers } from './quantise-layers.ts'
import type { QuantisedLinear } from './quantise-linear.ts'

const base = join(modelStoreDir(), 'bases', 'minilm-l6')
const words = ['parcel', 'refund', 'cannot', 'login', 'the', 'Thursday', 'überfällig', 'play']
/** Texts of 1 to 12 words, several of each length. */
const texts = Array.from({ length: 48 }, (_, i) =>
  Array.from({ length: 1 + (i % 12) }, (_, at) => words[(i * 5 + at * 3) % 8]).join(' '),
)

let ids: Int32Array[]
let weights: EncoderWeights
let exact: TensorGraph
let quantised: ReadonlyMap<string, QuantisedLinear>

beforeAll(async () => {
  const tokenizer = loadTokenizer({ json: await readFile(join(base, 'tokenizer.json')) })
  ids = texts.map((text) => tokenizer.encode(text, { maxTokens: 64 }).ids)
  const whole = readBertWeights(readOnnx(await readFile(join(base, 'model.onnx'))))
  weights = { ...whole, layers: whole.layers.slice(0, 1) }
  exact = buildClassifier(weights, head(weights.hidden), { padding: 'exact', normalize: true })
  quantised = await quantiseLayers(exact, ids)
}, 60_000)

function head(from: number) {
  const to = 3
  const weight = Float32Array.from({ length: from * to }, (_, i) => Math.sin(i))
  return { from, to, weight, bias: new Float32Array(to) }
}

/** The logits of texts of one length each, all in one batch or each in its own. */
async function logitsOf(
  graph: TensorGraph,
  options: { together: boolean } = { together: true },
): Promise<Map<Int32Array, Float32Array>> {
  const session = await InferenceSession.create(writeOnnx(graph, { name: 'test' }), sessionOptions)
  const logits = new Map<Int32Array, Float32Array>()
  const run = async (batch: readonly Int32Array[]): Promise<void> => {
    const tokens = batch[0]!.length
    const feed = Int32Array.from(batch.flatMap((text) => [...text]))
    const input = new Tensor('int32', feed, [batch.length, tokens])
    const { data } = (await session.run({ input_ids: input }, ['logits']))['logits']!
    const rows = data as Float32Array
    for (const [at, text] of batch.entries()) logits.set(text, rows.slice(at * 3, at * 3 + 3))
  }
  for (const batch of Map.groupBy(ids, ({ length }) => length).values()) {
    if (options.together) await run(batch)
    else for (const text of batch) await run([text])
  }
  await session.release()
  return logits
}

/** The root mean square difference of logits, which lie between about -2 and 2. */
function apart(
  one: ReadonlyMap<Int32Array, Float32Array>,
  other: ReadonlyMap<Int32Array, Float32Array>,
): number {
  const squares = ids.flatMap((text) => {
    return Array.from(one.get(text)!, (logit, at) => (logit - other.get(text)![at]!) ** 2)
  })
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length)
}

describe('withInt8Layers', () => {
  it('gives nearly the logits of the float32 graph', async () => {
    const float = await logitsOf(exact)
    const int8 = await logitsOf(withInt8Layers(exact, quantised))
    expect(apart(int8, float)).toBeLessThan(0.03)
    expect(int8).not.toEqual(float)
  })

  it('gives the same bits for a text alone and in a batch', async () => {
    const graph = withInt8Layers(exact, quantised)
    expect(await logitsOf(graph, { together: false })).toEqual(await logitsOf(graph))
  })

  it('divides the columns of the values instead of adding a node after the attention', () => {
    expect(quantised.get('layer.0/attention/weight')?.factors).toBeDefined()
    const multiplied = withInt8Layers(exact, quantised).nodes.filter(({ operation, inputs }) => {
      return operation.kind === 'multiply' && inputs[1]!.name.endsWith(':shares')
    })
    const names = multiplied.map(({ inputs }) => inputs[1]!.name)
    expect(names).not.toContain('layer.0/attention/weight:shares')
    expect(names).toContain('layer.0/feed_forward/wide/weight:shares')
  })

  it('refuses layers that the graph does not have', () => {
    const [layer] = quantised.values()
    expect(() => withInt8Layers(exact, new Map([['layer.9/attention/weight', layer!]]))).toThrow(
      'The graph has 0 of the 1 layers that were quantised.',
    )
  })
})

describe('readPublishedClassifier', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'winnow-int8-test-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('reads an int8 graph as the float32 classifier that it stands for', async () => {
    const path = join(folder, 'model.onnx')
    await writeFile(path, writeOnnx(withInt8Layers(exact, quantised), { name: 'test' }))
    const read = await readPublishedClassifier(path, { layerMeans: false })
    expect(read.encoder.layers).toHaveLength(1)
    const built = buildClassifier(read.encoder, read.head, { padding: 'exact', normalize: true })
    expect(apart(await logitsOf(built), await logitsOf(exact))).toBeLessThan(0.03)
  })
})
