// A base encoder of random weights behind the tokenizer of minilm-l6: about 8 MB instead of 91, so
// that tests of what surrounds a model load, copy and hash little. A head over it tells texts
// apart by their words. What depends on the numbers of a real encoder is tested on minilm-l6.
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelStoreDir } from '../../configs/paths.ts'
import { ensureBase, openBase, type Base } from '../../models/bases/base-store.ts'
import type {
  EncoderWeights,
  LinearWeights,
  NormWeights,
} from '../../models/graph/weights/bert-weights.ts'
import { seededRandom } from '../../models/runtime/seeded-random.ts'
import { safetensorsOf } from './safetensors.ts'
import { baseConfig } from './tiny-base.ts'

const hidden = 64
const positions = 512

/** Makes the base `small`, the same each time, in the store. */
export async function smallBase(storeDir: string): Promise<Base> {
  const from = await mkdtemp(join(tmpdir(), 'winnow-small-base-'))
  try {
    await writeSmallBase(from)
    return await ensureBase({ name: 'small', storeDir, from })
  } finally {
    await rm(from, { recursive: true })
  }
}

/** Writes config.json, model.safetensors and tokenizer.json into the folder. */
async function writeSmallBase(dir: string): Promise<void> {
  const { tokenizerPath } = await openBase({ name: 'minilm-l6', storeDir: modelStoreDir() })
  const { model } = JSON.parse(await readFile(tokenizerPath, 'utf8')) as {
    model: { vocab: Record<string, number> }
  }
  const weights = smallWeights(Object.keys(model.vocab).length)
  await writeFile(join(dir, 'config.json'), JSON.stringify(baseConfig(weights)))
  await writeFile(join(dir, 'model.safetensors'), safetensorsOf(weights))
  await copyFile(tokenizerPath, join(dir, 'tokenizer.json'))
}

/** Words weigh more than places and layers. */
function smallWeights(vocabulary: number): EncoderWeights {
  const random = seededRandom(1)
  const numbers = (length: number, most: number): Float32Array =>
    Float32Array.from({ length }, () => (random.uint32() / 2 ** 31 - 1) * most)
  const linear = (from: number, to: number): LinearWeights => ({
    from,
    to,
    weight: numbers(from * to, 0.1),
    bias: numbers(to, 0.1),
  })
  const norm = (): NormWeights => ({
    scale: new Float32Array(hidden).fill(1),
    bias: new Float32Array(hidden),
  })
  return {
    hidden,
    heads: 2,
    vocabulary,
    positions,
    epsilon: 1e-12,
    wordEmbedding: numbers(vocabulary * hidden, 1),
    positionEmbedding: numbers(positions * hidden, 0.1),
    typeEmbedding: numbers(2 * hidden, 0.1),
    embeddingNorm: norm(),
    layers: [0, 1].map(() => ({
      query: linear(hidden, hidden),
      key: linear(hidden, hidden),
      value: linear(hidden, hidden),
      attentionOutput: linear(hidden, hidden),
      attentionNorm: norm(),
      intermediate: linear(hidden, 2 * hidden),
      output: linear(2 * hidden, hidden),
      outputNorm: norm(),
    })),
  }
}
