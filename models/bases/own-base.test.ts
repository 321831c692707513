// A base encoder from a folder: what is read of it, what is refused, and that it can be trained.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { baseConfig } from '../../tests/support/tiny-base.ts'
import { tinyWeights } from '../../tests/support/tiny-encoder.ts'
import { safetensorsOf } from '../../tests/support/safetensors.ts'
import { tinyTokenizerJson } from '../../tests/support/tiny-tokenizer.ts'
import { ensureBase, listBases, openBase } from './base-store.ts'
import { readBaseWeights } from './base-weights.ts'

const weights = tinyWeights()
const config = baseConfig(weights)

let root: string
let folder: string
let storeDir: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'winnow-own-base-'))
  folder = join(root, 'ours')
  storeDir = join(root, 'store')
  await mkdir(join(folder, '1_Pooling'), { recursive: true })
  await put('config.json', JSON.stringify(config))
  await put('model.safetensors', safetensorsOf(weights))
  await put('tokenizer.json', tinyTokenizerJson())
})
afterEach(() => rm(root, { recursive: true }))

const put = (path: string, content: string | Uint8Array): Promise<void> =>
  writeFile(join(folder, path), content)
const pull = (name = 'our-bert') => ensureBase({ name, storeDir, from: folder })

describe('a base encoder from a folder', () => {
  it('is copied, listed and opened without the folder, with the weights of the file', async () => {
    const base = await pull()
    await rm(folder, { recursive: true })
    expect(await openBase({ name: 'our-bert', storeDir })).toEqual(base)
    expect(base).toMatchObject({
      name: 'our-bert',
      hidden: weights.hidden,
      layers: 2,
      heads: weights.heads,
      maxTokens: weights.positions,
      pooling: 'mean',
      epsilon: weights.epsilon,
    })
    const listed = await listBases({ storeDir })
    expect(listed.find(({ name }) => name === 'our-bert')).toMatchObject({ state: 'present' })
    expect(await readBaseWeights(base)).toEqual(weights)
  })

  it('uses the pooling and the length limit of the sentence-transformers files', async () => {
    await put('1_Pooling/config.json', '{"pooling_mode_cls_token": true}')
    await put('sentence_bert_config.json', '{"max_seq_length": 16}')
    expect(await pull()).toMatchObject({ pooling: 'cls', maxTokens: 16 })
  })

  it('is replaced when the folder has other weights', async () => {
    const before = await pull()
    const scale = weights.embeddingNorm.scale.map((x) => 2 * x)
    const changed = { ...weights, embeddingNorm: { ...weights.embeddingNorm, scale } }
    await put('model.safetensors', safetensorsOf(changed))
    const after = await pull()
    expect(after.modelSha256).not.toBe(before.modelSha256)
    expect(await readBaseWeights(after)).toEqual(changed)
  })

  it('is damaged when its file was changed in the store', async () => {
    const { modelPath } = await pull()
    const bytes = await readFile(modelPath)
    await writeFile(modelPath, bytes.subarray(1))
    await expect(openBase({ name: 'our-bert', storeDir })).rejects.toMatchObject({
      code: 'hash_mismatch',
    })
  })

  it.each([
    ['another family', { ...config, model_type: 'roberta' }, 'model_incompatible', 'model_type'],
    ['another activation', { ...config, hidden_act: 'relu' }, 'model_incompatible', 'hidden_act'],
    ['another number of layers', { ...config, num_hidden_layers: 3 }, 'model_incompatible', '3 of'],
  ])('is refused for %s', async (_, wrong, code, text) => {
    await put('config.json', JSON.stringify(wrong))
    await expect(pull()).rejects.toMatchObject({ code, message: expect.stringContaining(text) })
  })

  it('is refused when a file is missing, is no safetensors file, or the name cannot be one', async () => {
    await put('model.safetensors', 'not such a file')
    await expect(pull()).rejects.toMatchObject({ code: 'graph_invalid' })
    await rm(join(folder, 'model.safetensors'))
    await expect(pull()).rejects.toMatchObject({ code: 'usage' })
    await expect(pull('../x')).rejects.toMatchObject({ code: 'usage' })
    await rm(join(folder, 'config.json'))
    const message: unknown = expect.stringContaining('config.json')
    await expect(pull()).rejects.toMatchObject({ code: 'usage', message })
  })
})
