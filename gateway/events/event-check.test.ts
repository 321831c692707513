// What is accepted as an event: one defect at a time, and all of them together.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { configWith } from '../../tests/support/gateway-under-test.ts'
import { checkEvent } from './event-check.ts'

const nowMs = Date.UTC(2025, 0, 1)
const limits = configWith({}, { textBytesMax: 10, attributesMax: 2, futureMsMax: 1_000 }).limits
const check = (value: unknown) => checkEvent(value, { limits, nowMs })
const codes = (value: unknown) => {
  const result = check(value)
  return result.kind === 'ok' ? [] : result.defects.map(({ code, field }) => [code, field])
}

describe('checkEvent', () => {
  it('keeps given fields, drops nulls, and truncates times to milliseconds', () => {
    const event = { id: null, text: 'a', source: 's', time: nowMs + 0.5, attributes: { k: 'v' } }
    expect(check({ ...event, label: null })).toEqual({
      kind: 'ok',
      event: { text: 'a', source: 's', time: nowMs, attributes: { k: 'v' } },
    })
  })

  it.each([
    [5, 'event_not_object', undefined],
    [null, 'event_not_object', undefined],
    [[{ text: 'a' }], 'event_not_object', undefined],
    [{}, 'field_missing', 'text'],
    [{ text: null }, 'field_type', 'text'],
    [{ text: 1 }, 'field_type', 'text'],
    [{ text: 'a', id: 7 }, 'field_type', 'id'],
    [{ text: 'a', id: '' }, 'field_type', 'id'],
    [{ text: 'a', time: true }, 'field_type', 'time'],
    [{ text: 'a', attributes: { k: 1 } }, 'field_type', 'attributes.k'],
    [{ text: 'a', attributes: [] }, 'field_type', 'attributes'],
    [{ text: 'a', extra: 1 }, 'field_unknown', 'extra'],
    [JSON.parse('{"text":"a","__proto__":{}}'), 'field_unknown', '__proto__'],
    [{ text: 'a', id: 'x'.repeat(257) }, 'field_too_long', 'id'],
    [{ text: 'a', id: '🙂'.repeat(257) }, 'field_too_long', 'id'],
    [{ text: 'a', id: '.' }, 'field_type', 'id'],
    [{ text: 'a', id: '..' }, 'field_type', 'id'],
    [
      { text: 'a', attributes: JSON.parse('{"__proto__":"x","k":"v"}') },
      'field_type',
      'attributes',
    ],
    [{ text: '\u200b\ufe0f\u00ad\u0007' }, 'text_empty', 'text'],
    [{ text: 'a', attributes: { ['k'.repeat(257)]: 'v' } }, 'field_too_long', 'attributes'],
    [{ text: 'a', attributes: { k: 'v'.repeat(4_097) } }, 'field_too_long', 'attributes.k'],
    [{ text: 'a', attributes: { a: '', b: '', c: '' } }, 'field_too_long', 'attributes'],
    [{ text: '' }, 'text_empty', 'text'],
    [{ text: ' \n\t' }, 'text_empty', 'text'],
    [{ text: 'é'.repeat(6) }, 'text_too_long', 'text'],
    [{ text: 'a\ud800' }, 'text_unpaired_surrogate', 'text'],
    [{ text: 'a', id: '\udc00' }, 'text_unpaired_surrogate', 'id'],
    [{ text: 'a', attributes: { k: '\ud800' } }, 'text_unpaired_surrogate', 'attributes'],
    [{ text: 'a', time: 'yesterday' }, 'time_invalid', 'time'],
    [{ text: 'a', time: '2024-02-30T00:00:00Z' }, 'time_invalid', 'time'],
    [{ text: 'a', time: '2024-01-01T00:00:00' }, 'time_invalid', 'time'],
    [{ text: 'a', time: nowMs + 1_001 }, 'time_future', 'time'],
    [{ text: 'a', time: Math.round(nowMs / 1_000) }, 'time_past', 'time'],
  ])('%j: %s in %s', (value, code, field) => {
    expect(codes(value)).toEqual([[code, field]])
  })

  it.each([nowMs, nowMs + 1_000, '2024-12-31t23:59:59.5z', '2024-12-31 23:59:59+01:00'])(
    'accepts the time %s',
    (time) => {
      expect(codes({ text: 'a', time })).toEqual([])
    },
  )

  it('counts characters as JSON Schema does, and accepts unusual names and ids', () => {
    expect(codes({ text: 'a', id: '🙂'.repeat(256) })).toEqual([])
    expect(codes({ text: 'a', id: '...' })).toEqual([])
    expect(codes({ text: 'a', id: 'a\nb' })).toEqual([])
    expect(codes({ text: 'a', attributes: { constructor: 'x' } })).toEqual([])
  })

  it('names every defect of an event', () => {
    expect(codes({ id: 1, extra: 1, other: 2 })).toEqual(
      expect.arrayContaining([
        ['field_missing', 'text'],
        ['field_type', 'id'],
        ['field_unknown', 'extra'],
        ['field_unknown', 'other'],
      ]),
    )
  })

  it('returns an outcome for any JSON, and never a text above the limit', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const result = check(value)
        return result.kind === 'ok'
          ? Buffer.byteLength(result.event.text) <= limits.textBytesMax
          : result.defects.length > 0
      }),
    )
  })
})
