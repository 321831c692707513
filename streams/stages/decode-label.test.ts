import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import type { LabelRecord } from '../../schemas/label.ts'
import { ok, rejected } from '../../schemas/outcome.ts'
import { decodeLabel } from './decode-label.ts'

const nowMs = Date.UTC(2026, 0, 1)
const recordTimeMs = nowMs - 1_000
const rules = { nowMs, limits: { futureMsMax: 60_000 } }
const noAvro = () => Promise.resolve(rejected('avro_undecodable', 'asked'))

function decode(value: unknown, readAvro: Parameters<typeof decodeLabel>[1] = noAvro) {
  const bytes = value === null || Buffer.isBuffer(value) ? value : JSON.stringify(value)
  const buffer = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  return decodeLabel({ value: buffer, recordTimeMs }, readAvro, rules)
}

describe('decodeLabel', () => {
  it('reads who gave which label to an event, and when', async () => {
    const time = '2025-12-31T12:00:00Z'
    expect(await decode({ id: 'e-1', label: 'spam', by: 'ann', time })).toEqual(
      ok({ eventId: 'e-1', label: 'spam', by: 'ann', timeMs: Date.parse(time) }),
    )
  })

  it('takes the time of the record and nobody where neither is said, and unknown fields for none', async () => {
    const plain = ok({ eventId: 'e-1', label: 'spam', by: '', timeMs: recordTimeMs })
    expect(await decode({ id: 'e-1', label: 'spam', colour: 'red' })).toEqual(plain)
    expect(await decode({ id: 'e-1', label: 'spam', by: null, time: null })).toEqual(plain)
  })

  it('reads a label that is taken back', async () => {
    expect(await decode({ id: 'e-1', label: null })).toMatchObject({ value: { label: null } })
  })

  it.each([
    ['value_null', null],
    ['json_invalid', Buffer.from('{"id":')],
    ['utf8_invalid', Buffer.from([0x7b, 0xff])],
    ['event_not_object', ['e-1', 'spam']],
    ['field_missing', { id: 'e-1' }],
    ['field_missing', { label: 'spam' }],
    ['field_type', { id: 5, label: 'spam' }],
    ['field_type', { id: '', label: 'spam' }],
    ['field_type', { id: 'e-1', label: '' }],
    ['time_invalid', { id: 'e-1', label: 'spam', time: 'yesterday' }],
    ['time_future', { id: 'e-1', label: 'spam', time: nowMs + 60_001 }],
    ['time_past', { id: 'e-1', label: 'spam', time: 1_767_225_600 }],
    ['avro_undecodable', Buffer.from([0, 1])],
  ])('rejects with %s', async (code, value) => {
    expect(await decode(value)).toMatchObject({ kind: 'rejected', error: { code } })
  })

  it('says what is wrong with a value that is no object', async () => {
    expect(await decode('spam')).toMatchObject({
      error: { message: 'a JSON label must be an object with an "id" and a "label"' },
    })
  })

  it('holds a label in Avro to the same rules', async () => {
    const avro = Buffer.from([0, 0, 0, 0, 9])
    const reading = (label: LabelRecord) => () => Promise.resolve(ok(label))
    const label = { id: 'e-1', label: 'spam', by: null, time: null }
    expect(await decode(avro, reading(label))).toMatchObject({ value: { eventId: 'e-1', by: '' } })
    expect(await decode(avro, reading({ ...label, id: '' }))).toMatchObject({
      error: { code: 'field_type', message: 'id must not be empty' },
    })
    expect(await decode(avro, reading({ ...label, label: '' }))).toMatchObject({
      error: { message: 'label must not be empty' },
    })
  })

  it('throws what the reader of Avro throws', async () => {
    const away = new WinnowError('registry_unavailable', 'away')
    await expect(decode(Buffer.from([0, 1]), () => Promise.reject(away))).rejects.toBe(away)
  })
})
