// Records and what a mapping makes of them.
import { describe, expect, it } from 'vitest'
import {
  instantOf,
  mapRecord,
  parseMapping,
  readsPart,
  type WrittenMapping,
} from './event-mapping.ts'

function mapping(changes: Partial<WrittenMapping> = {}) {
  return parseMapping({
    fields: { text: 'text' },
    timeUnit: 'ms',
    constants: { attributes: {} },
    filter: {},
    ...changes,
  })
}

const record = (value: unknown, key: unknown = null, headers = {}) => ({ value, key, headers })

describe('mapRecord', () => {
  it('fills the fields of an event, and no more', () => {
    const all = mapping({
      fields: {
        text: '{title}: {body}',
        id: 'key.id',
        time: 'at',
        source: 'headers.shop',
        label: 'kind?',
        attributes: { customer: 'customer.number', vip: 'customer.vip?' },
      },
      timeUnit: 's',
      constants: { attributes: { team: 'north' } },
    })
    const value = { title: 'a', body: 'b', at: 1_700_000_000.5, customer: { number: 12n ** 20n } }
    expect(mapRecord(record(value, { id: 7 }, { shop: 'berlin' }), all)).toEqual({
      kind: 'ok',
      value: {
        text: 'a: b',
        id: '7',
        time: 1_700_000_000_500,
        source: 'berlin',
        label: null,
        attributes: { customer: String(12n ** 20n), team: 'north' },
      },
    })
    expect(mapRecord(record({ text: 'a' }), mapping())).toMatchObject({
      value: { text: 'a', id: null, time: null, source: null, label: null, attributes: {} },
    })
  })

  it('names the path that leads nowhere, and the field that reads it', () => {
    const nested = mapping({ fields: { text: 'order.note', attributes: { to: 'order.to' } } })
    expect(mapRecord(record({ order: { note: 'a' } }), nested)).toEqual({
      kind: 'rejected',
      error: {
        code: 'path_missing',
        message: 'there is nothing at "order.to"; fields.attributes.to of the input reads it',
      },
    })
    expect(mapRecord(record({ order: { note: {}, to: 'b' } }), nested)).toMatchObject({
      error: { code: 'field_type', message: expect.stringContaining('an object') as string },
    })
    const optional = mapping({ fields: { text: 'note?' } })
    expect(mapRecord(record({}), optional)).toMatchObject({ error: { code: 'path_missing' } })
  })

  it('has a code of its own for a record without a value', () => {
    expect(mapRecord(record(null), mapping())).toMatchObject({ error: { code: 'value_null' } })
  })

  it('lets only these values of a path pass, and says nothing of the others', () => {
    const filter = { type: ['note', 3, true], 'headers.region': ['eu'] }
    const some = mapping({ filter })
    const kindOf = (type: unknown, region = 'eu') =>
      mapRecord(record({ type, text: 'a' }, null, { region }), some).kind
    expect(['note', '3', 3, true].map((type) => kindOf(type))).toEqual(Array(4).fill('ok'))
    expect(['other', false, null, {}].map((type) => kindOf(type))).toEqual(
      Array(4).fill('filtered'),
    )
    expect(kindOf('note', 'us')).toBe('filtered')
    expect(mapRecord(record(null), some).kind).toBe('filtered')
  })

  it('knows which parts of a record it reads', () => {
    const keyed = mapping({ fields: { text: '{key.a} {text}' }, filter: { 'headers.x': ['y'] } })
    expect((['key', 'headers'] as const).map((part) => readsPart(keyed, part))).toEqual([
      true,
      true,
    ])
    expect(readsPart(mapping(), 'key')).toBe(false)
  })
})

describe('instantOf', () => {
  it.each([
    ['1700000000', 's', 1_700_000_000_000],
    ['1700000000.25', 's', 1_700_000_000_250],
    ['1700000000123', 'ms', 1_700_000_000_123],
    ['1700000000123.9', 'ms', 1_700_000_000_123],
    ['1700000000123456', 'us', 1_700_000_000_123],
    ['1700000000123456789', 'ns', 1_700_000_000_123],
    ['2026-01-31T12:00:00Z', 's', '2026-01-31T12:00:00Z'],
    ['1e12', 'ms', '1e12'],
    ['', 'ms', ''],
    ['9'.repeat(30), 'ns', '9'.repeat(30)],
  ] as const)('%j in %s is %j', (text, unit, instant) => {
    expect(instantOf(text, unit)).toBe(instant)
  })
})
