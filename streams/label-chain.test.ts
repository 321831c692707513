import { describe, expect, it } from 'vitest'
import { WinnowError } from '../schemas/errors.ts'
import { ok, rejected } from '../schemas/outcome.ts'
import type { KafkaRecord } from '../schemas/record.ts'
import { sampleRecord } from '../tests/support/sample-records.ts'
import { createLabelChain } from './label-chain.ts'

const recordTimeMs = Date.UTC(2026, 0, 1)

function record(offset: number, value: unknown, fields: Partial<KafkaRecord> = {}): KafkaRecord {
  const bytes = Buffer.from(JSON.stringify(value))
  return sampleRecord(offset, { topic: 'labels', recordTimeMs, value: bytes, ...fields })
}

const noAvro = () => Promise.resolve(rejected('avro_undecodable', 'no Avro here'))

function apply(records: readonly KafkaRecord[], readAvro = noAvro, nowMs = recordTimeMs) {
  const limits = { futureMsMax: 1_000 }
  return createLabelChain({ limits, readAvro, nowMs: () => nowMs })
    .begin(0)
    .apply(records)
}

const spam = { id: 'e-1', label: 'spam' }

describe('createLabelChain', () => {
  it('settles each record in its order; a bad one leaves its neighbours alone', async () => {
    const records = [record(0, spam), record(1, { id: 5 }), record(2, { ...spam, by: 'ann' })]
    const settled = await apply(records)
    expect(settled.map((one) => one.record)).toEqual(records)
    expect(settled.map(({ origin, attempt, stage }) => ({ ...origin, attempt, stage }))).toEqual(
      [0, 1, 2].map((offset) => ({
        topic: 'labels',
        partition: 0,
        offset,
        recordTimeMs,
        attempt: 0,
        stage: 'label',
      })),
    )
    expect(settled.map(({ outcome }) => outcome)).toMatchObject([
      ok({ eventId: 'e-1', label: 'spam', by: '', timeMs: recordTimeMs }),
      { kind: 'rejected', error: { code: 'field_type' } },
      ok({ eventId: 'e-1', label: 'spam', by: 'ann', timeMs: recordTimeMs }),
    ])
  })

  it('dates a label that was sent again as its first record', async () => {
    const origin = { topic: 'labels', partition: 0, offset: 3, recordTimeMs: recordTimeMs - 500 }
    const [settled] = await apply([record(9, spam, { lineage: { origin, attempt: 2 } })])
    expect(settled).toMatchObject({
      origin,
      attempt: 2,
      outcome: { value: { timeMs: origin.recordTimeMs } },
    })
  })

  it('judges times by the clock that it is given', async () => {
    const ahead = record(0, { ...spam, time: recordTimeMs + 1_500 })
    const codes = await Promise.all(
      [recordTimeMs, recordTimeMs + 500].map(async (nowMs) => {
        const [settled] = await apply([ahead], noAvro, nowMs)
        const { outcome } = settled!
        return outcome.kind === 'rejected' ? outcome.error.code : outcome.kind
      }),
    )
    expect(codes).toEqual(['time_future', 'ok'])
  })

  it('makes a dead letter of a record that cannot be read, with the cause that it carries', async () => {
    const unreadable = { code: 'batch_corrupt', message: 'its checksum is wrong' } as const
    const [settled] = await apply([record(0, spam, { value: null, unreadable })])
    expect(settled!.outcome).toEqual({ kind: 'rejected', error: unreadable })
  })

  it('fails as a whole when the registry is away, so that the chunk is tried again', async () => {
    const away = new WinnowError('registry_unavailable', 'away')
    const avro = record(1, null, { value: Buffer.from([0, 1]) })
    await expect(apply([record(0, spam), avro], () => Promise.reject(away))).rejects.toBe(away)
  })
})
