// Opening versions: those with the same tokenizer share it, where it is shared.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { tinyHead, tinyHidden, tinyWeights } from '../../tests/support/tiny-encoder.ts'
import { tinyTokenizerJson } from '../../tests/support/tiny-tokenizer.ts'
import { buildClassifier } from '../graph/encoder.ts'
import { writeOnnx } from '../graph/onnx/onnx-writer.ts'
import { shareTokenizers } from './shared-tokenizers.ts'
import { openVersionModel } from './version-model.ts'
import { writeVersion } from '../store/version-store.ts'

let storeDir: string
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-version-model-'))
})
afterEach(() => rm(storeDir, { recursive: true }))

const readTokenizer = shareTokenizers()

async function open(tokenizerJson: string) {
  const graph = buildClassifier(tinyWeights(), tinyHead(), { padding: 'exact', normalize: true })
  const version = await writeVersion({
    storeDir,
    name: 'tiny',
    manifest: {
      labels: ['a', 'b', 'c'],
      base: 'tiny',
      method: 'head',
      precision: 'fp32',
      maxTokens: 8,
      pooling: 'mean',
      hidden: tinyHidden,
      metrics: {},
      trainingRun: 'none',
    },
    model: { bytes: writeOnnx(graph, { name: 'tiny' }) },
    tokenizer: { bytes: Buffer.from(tokenizerJson) },
  })
  return openVersionModel({ version, workers: 1, readTokenizer })
}

it('shares a tokenizer with versions that have the same, and with no others', async () => {
  const json = tinyTokenizerJson()
  const models = [await open(json), await open(json), await open(`${json}\n`)]
  const [first, second, third] = models.map(({ tokenizer }) => tokenizer)
  const { result } = await models[1]!.classifier.classifyWhenRoom(
    second!.encode('a b c', { maxTokens: 8 }).ids,
  )
  expect(await result).toMatchObject({ label: expect.any(String) })
  for (const { classifier } of models) await classifier.close()
  expect(second).toBe(first)
  expect(third).not.toBe(first)
})
