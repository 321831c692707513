// Which versions have the same encoder.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  wordyWeights,
  writeHeadVersion,
  type HeadVersionOptions,
} from '../../tests/support/head-versions.ts'
import { tinyWeights, writeTinyEncoder } from '../../tests/support/tiny-encoder.ts'
import { encoderIdentity, sharingLines } from './encoder-identity.ts'

let storeDir: string
beforeAll(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-encoder-identity-'))
})
afterAll(() => rm(storeDir, { recursive: true }))

async function sha256Of(options: Partial<HeadVersionOptions>): Promise<string | undefined> {
  const labels = ['a', 'b', 'c']
  const version = await writeHeadVersion({ storeDir, name: 'one', labels, ...options })
  return (await encoderIdentity(version))?.sha256
}

it('is the same for other heads, labels and names, with weights inside and beside the graph', async () => {
  for (const encoder of [tinyWeights(), wordyWeights()]) {
    const first = await sha256Of({ encoder })
    expect(await sha256Of({ encoder, name: 'two', labels: ['x', 'y'], seed: 5 })).toBe(first)
    expect(await sha256Of({ encoder, maxTokens: 8 })).toBe(first)
  }
})

it('differs for other weights, wherever they are, and for other pooled layers', async () => {
  const tiny = tinyWeights()
  const wordy = wordyWeights()
  const changed = (numbers: Float32Array): Float32Array => numbers.with(numbers.length - 1, 0.123)
  const identities = [
    await sha256Of({ encoder: tiny }),
    await sha256Of({ encoder: { ...tiny, positionEmbedding: changed(tiny.positionEmbedding) } }),
    await sha256Of({ encoder: wordy }),
    await sha256Of({ encoder: { ...wordy, wordEmbedding: changed(wordy.wordEmbedding) } }),
    await sha256Of({ encoder: { ...wordy, epsilon: 1e-5 } }),
    await sha256Of({ encoder: tiny, pooledLayers: 'every' }),
  ]
  expect(new Set(identities).size).toBe(identities.length)
})

it('says how many labels the head has', async () => {
  const version = await writeHeadVersion({ storeDir, name: 'one', labels: ['p', 'q'] })
  expect((await encoderIdentity(version))?.labels).toBe(2)
})

it('does not exist for a graph without a head of its own', async () => {
  const version = await writeHeadVersion({ storeDir, name: 'one', labels: ['p', 'q'] })
  const modelPath = join(storeDir, 'encoder.onnx')
  await writeTinyEncoder(modelPath)
  expect(await encoderIdentity({ ...version, modelPath })).toBeUndefined()
})

it('is told in words: the models of each encoder', () => {
  const model = (ref: string, encoder?: string) => ({ ref, encoder })
  expect(
    sharingLines([model('a@1', 'x'), model('b@2', 'y'), model('c@1', 'x'), model('d@4')]),
  ).toEqual([
    'a@1, c@1 have the same encoder and share one pass over each text',
    'b@2 shares no encoder: each text is encoded for it alone',
    'd@4 shares no encoder: each text is encoded for it alone',
  ])
})
