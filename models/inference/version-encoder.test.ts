// The encoder of a version: the embeddings that its head reads, and versions that have none.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readPublishedClassifier } from '../graph/published-classifier.ts'
import { withEmbeddingOutput } from '../graph/onnx/embedding-output.ts'
import { encodeModel } from '../graph/onnx/onnx-wire.ts'
import { writeTinyVersion, type TinyVersionOptions } from '../../tests/support/tiny-version.ts'
import { openVersionEncoder } from './version-encoder.ts'
import { openVersionModel } from './version-model.ts'

let storeDir: string
beforeEach(async () => {
  storeDir = await mkdtemp(join(tmpdir(), 'winnow-version-encoder-'))
})
afterEach(() => rm(storeDir, { recursive: true }))

const shapes: readonly TinyVersionOptions[] = [
  {},
  { normalize: false },
  { pooling: 'cls' },
  { pooledLayers: 'every' },
]

describe('openVersionEncoder', () => {
  it.each(shapes)('gives what the head of %j reads', async (shape) => {
    const version = await writeTinyVersion({ storeDir, ...shape })
    const encoder = await openVersionEncoder({ version, workers: 1 })
    const { classifier } = await openVersionModel({ version, workers: 1 })
    const layerMeans = version.manifest.pooling === 'layer-means'
    const { head } = await readPublishedClassifier(version.modelPath, { layerMeans })
    expect(encoder.hidden).toBe(version.manifest.hidden)
    const { ids } = encoder.tokenize('a b a c q')
    const embedded = await encoder.embed(ids)
    const classified = await classifier.classify(ids)
    if (embedded.kind !== 'ok' || classified.kind !== 'ok') throw new Error('rejected')
    for (let label = 0; label < head.to; label += 1) {
      let logit = head.bias[label]!
      for (const [at, component] of embedded.embedding.entries()) {
        logit += component * head.weight[at * head.to + label]!
      }
      expect(logit).toBeCloseTo(classified.logits[label]!, 5)
    }
    await encoder.close()
    await classifier.close()
  })
})

describe('withEmbeddingOutput', () => {
  it('refuses a graph without a head of its own', () => {
    const nodes = [{ operator: 'MatMul', inputs: ['pooled', 'classifier.weight'], outputs: ['x'] }]
    const model = encodeModel({ graph: { nodes, outputs: [{ name: 'logits' }] } })
    expect(() => withEmbeddingOutput(model)).toThrow(/gives no embeddings/)
  })

  it('leaves a graph that has the output as it is', async () => {
    const { modelPath } = await writeTinyVersion({ storeDir })
    const once = withEmbeddingOutput(readFileSync(modelPath))
    expect(withEmbeddingOutput(once)).toBe(once)
  })
})
