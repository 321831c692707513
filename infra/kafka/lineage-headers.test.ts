import { describe, expect, it } from 'vitest'
import { lineageOf } from '../../schemas/record.ts'
import { sampleRecord } from '../../tests/support/sample-records.ts'
import { lineageFromHeaders, lineageHeaders } from './lineage-headers.ts'

const lineage = {
  origin: { topic: 'winnow.events', partition: 3, offset: 17, recordTimeMs: 1_700_000_000_000 },
  attempt: 2,
}

describe('lineage headers', () => {
  it('are read back as they were written, from strings or bytes', () => {
    const headers = lineageHeaders(lineage)
    expect(lineageFromHeaders(headers)).toEqual(lineage)
    const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])
    expect(lineageFromHeaders(Object.fromEntries(bytes) as Record<string, Buffer>)).toEqual(lineage)
  })

  it.each([
    [undefined],
    [{}],
    [{ 'winnow-attempt': '1' }],
    [{ 'winnow-origin': '' }],
    [{ 'winnow-origin': 'winnow.events/0/1', 'winnow-attempt': '1' }],
    [{ 'winnow-origin': 'winnow.events/0/-1/5', 'winnow-attempt': '1' }],
    [{ 'winnow-origin': `${'t'.repeat(250)}/0/1/5`, 'winnow-attempt': '1' }],
    [{ 'winnow-origin': 'winnow.events/0/1/99999999999999999', 'winnow-attempt': '1' }],
    [{ 'winnow-origin': 'winnow.events/0/1/5', 'winnow-attempt': '1e3' }],
    [{ 'winnow-origin': 'winnow.events/0/1/5\n', 'winnow-attempt': '1' }],
    [{ 'winnow-origin': Buffer.from([0xff, 0x2f, 0x30]) }],
  ])('are ignored when they cannot be read: %j', (headers) => {
    expect(lineageFromHeaders(headers)).toBeUndefined()
  })
})

describe('lineageOf', () => {
  const place = { topic: 'winnow.events', partition: 3, recordTimeMs: 1_700_000_009_000 }
  const record = sampleRecord(20, place)
  const { topic, partition, offset, recordTimeMs } = record
  const itself = { origin: { topic, partition, offset, recordTimeMs }, attempt: 0 }

  it('is what the headers name, if that is an earlier record of the partition', () => {
    expect(lineageOf({ ...record, lineage })).toEqual(lineage)
  })

  it.each([
    ['no headers', undefined],
    ['another topic', { ...lineage, origin: { ...lineage.origin, topic: 'other' } }],
    ['another partition', { ...lineage, origin: { ...lineage.origin, partition: 1 } }],
    ['a later record', { ...lineage, origin: { ...lineage.origin, offset: 21 } }],
    ['the record itself', { ...lineage, origin: { ...lineage.origin, offset: 20 } }],
    ['no attempt', { ...lineage, attempt: 0 }],
  ])('is the record itself with %s', (_name, headers) => {
    expect(lineageOf({ ...record, ...(headers && { lineage: headers }) })).toEqual(itself)
  })
})
