// Records that could not be read become dead letters in every chain, with the cause that they
// carry.
import { expect, it } from 'vitest'
import { loadConfig } from '../configs/load.ts'
import { sampleRecord } from '../tests/support/sample-records.ts'
import type { ModelPort } from './stages/infer.ts'
import { createLabelChain } from './label-chain.ts'
import { createPipeline, type AvroReaders } from './pipeline.ts'
import type { StageChain } from './stages/record-outcome.ts'

const config = loadConfig({ env: {} })
const read = () => Promise.reject(new Error('there is nothing to read'))
const readers: AvroReaders = { events: read, validated: read, tokenized: read }
const nowMs = () => 1_700_000_000_000

/** It is never asked anything. */
const model = { maxTokens: 8 } as ModelPort

const pipeline = (stage: 'validate' | 'tokenize' | 'infer'): StageChain<unknown> =>
  createPipeline({
    range: { first: stage, last: stage },
    config,
    readers,
    nowMs,
    models: [{ name: 'mail', acquire: () => ({ champion: model, release: () => undefined }) }],
  })

it.each([
  ['validate', pipeline('validate')],
  ['tokenize', pipeline('tokenize')],
  ['infer', pipeline('infer')],
  ['label', createLabelChain({ limits: config.limits, readAvro: read, nowMs })],
])('%s', async (stage, chain) => {
  const error = { code: 'batch_corrupt', message: 'its checksum is wrong' } as const
  const record = sampleRecord(7, { partition: 1, recordTimeMs: 5, value: null, unreadable: error })
  const outcomes = await chain.begin(0).apply([record])
  expect(outcomes).toEqual([
    {
      record,
      stage,
      attempt: 0,
      origin: { topic: 't', partition: 1, offset: 7, recordTimeMs: 5 },
      outcome: { kind: 'rejected', error },
    },
  ])
})
