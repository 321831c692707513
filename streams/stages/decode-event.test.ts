import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { WinnowError } from '../../schemas/errors.ts'
import type { EventRecord } from '../../schemas/event.ts'
import { ok, rejected } from '../../schemas/outcome.ts'
import { processorMs } from '../../tests/support/processor-time.ts'
import { decodeEvent, decodeJson, decodeJsonEvent } from './decode-event.ts'

const bare: EventRecord = {
  id: null,
  text: 'a',
  source: null,
  time: null,
  attributes: {},
  label: null,
}

const json = (value: unknown) => Buffer.from(JSON.stringify(value))

function codeOf(outcome: { kind: string; error?: { code: string } }) {
  return outcome.kind === 'ok' ? 'ok' : outcome.error!.code
}

describe('decodeEvent', () => {
  const noAvro = () => Promise.resolve(rejected('avro_undecodable', 'asked'))

  it.each([
    ['value_null', null],
    ['avro_undecodable', Buffer.from([0, 1])],
    ['utf8_invalid', Buffer.from([0x7b, 0xff, 0xfe])],
    ['json_invalid', Buffer.from('{"text": "half')],
    ['json_invalid', Buffer.from('')],
    ['event_not_object', Buffer.from('[{"text":"a"}]')],
    ['event_not_object', Buffer.from('null')],
    ['field_missing', Buffer.from('{"id":"a"}')],
    ['field_type', Buffer.from('{"text":5}')],
    ['field_type', Buffer.from('{"text":null}')],
    ['field_type', Buffer.from('{"text":"a","attributes":{"n":1}}')],
    ['field_type', Buffer.from('{"text":"a","time":{}}')],
    ['field_too_long', json({ text: 'a', source: 's'.repeat(257) })],
    ['field_too_long', json({ text: 'a', attributes: { ['n'.repeat(257)]: 'v' } })],
  ] as const)('rejects with %s', async (code, value) => {
    expect(codeOf(await decodeEvent(value as Buffer | null, noAvro))).toBe(code)
  })

  it('leaves a value with a schema id to the reader of Avro, whole', async () => {
    const value = Buffer.from([0, 0, 0, 0, 9, 1, 2])
    const asked: Buffer[] = []
    const read = (bytes: Buffer) => {
      asked.push(bytes)
      return Promise.resolve(ok(bare))
    }
    expect(await decodeEvent(value, read)).toEqual(ok(bare))
    expect(asked).toEqual([value])
  })

  it('throws what that reader throws: the event is not bad when the registry is away', async () => {
    const away = new WinnowError('registry_unavailable', 'away')
    await expect(decodeEvent(Buffer.from([0, 1]), () => Promise.reject(away))).rejects.toBe(away)
  })
})

describe('decodeJsonEvent', () => {
  it('reads all fields', () => {
    const event = {
      id: 'e-1',
      text: 'where is my parcel?',
      source: 'mail',
      time: '2026-01-01T00:00:00Z',
      attributes: { lang: 'en' },
      label: 'delivery',
    }
    expect(decodeJsonEvent(json(event))).toEqual(ok(event))
  })

  it('reads JSON with a byte-order mark, nulls for absent fields, and ignores unknown fields', () => {
    const value = Buffer.from('\ufeff{"text":"a","source":null,"colour":"red"}')
    expect(decodeJsonEvent(value)).toEqual(ok(bare))
  })

  it('says which field breaks which rule', () => {
    const messageOf = (value: object) => {
      const outcome = decodeJsonEvent(json(value))
      return outcome.kind === 'rejected' ? outcome.error.message : 'ok'
    }
    expect(messageOf({ text: 5 })).toMatch(/^text /)
    expect(messageOf({ text: 'a', attributes: { n: 1 } })).toMatch(/^attributes\.n /)
    expect(messageOf(['a'])).toBe('a JSON event must be an object with a "text"')
  })

  it('refuses 300,000 attributes without looking at each', () => {
    const attributes = Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`k${i}`, 1]))
    const value = json({ text: 'a', attributes })
    const beganMs = processorMs()
    expect(codeOf(decodeJsonEvent(value))).toBe('field_too_long')
    // Measured: 0.1 to 0.2 s; with a look at each attribute, 1 s.
    expect(processorMs() - beganMs).toBeLessThan(700)
  })

  it('has an outcome for every value, and never throws', () => {
    const values = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .dictionary(fc.constantFrom('id', 'text', 'source', 'time', 'attributes'), fc.jsonValue())
        .map(json),
    )
    fc.assert(
      fc.property(values, (value) => {
        const outcome = decodeJsonEvent(value)
        if (outcome.kind === 'rejected') expect(outcome.error.message).not.toBe('')
        else expect(typeof outcome.value.text).toBe('string')
      }),
    )
  })
})

describe('decodeJson', () => {
  it('reads any shape; the caller says what an object of it is', () => {
    const shape = z.object({ n: z.number() })
    expect(decodeJson(json({ n: 1, m: 2 }), shape, 'an object')).toEqual(ok({ n: 1 }))
    expect(decodeJson(json(5), shape, 'a number in an object')).toMatchObject({
      kind: 'rejected',
      error: { code: 'event_not_object', message: 'a number in an object' },
    })
  })

  it('refuses too many attributes, whatever the shape', () => {
    const attributes = Object.fromEntries(Array.from({ length: 65_537 }, (_, at) => [at, '']))
    expect(decodeJson(json({ attributes }), z.object({}), 'an object')).toMatchObject({
      kind: 'rejected',
      error: { code: 'field_too_long', message: 'attributes has more than 65536 entries' },
    })
  })
})
