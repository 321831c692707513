import { describe, expect, it } from 'vitest'
import avro from 'avsc'
import { eventAvro } from '../../schemas/event.ts'
import { needlesOf, payloadNames } from './payload-match.ts'

const event = (id: string, attributes: Record<string, string> = {}) => ({
  ...{ id, text: 'where is it', source: null, time: null, label: null },
  attributes,
})
const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const avroBytes = (id: string, attributes: Record<string, string> = {}) => {
  const type = avro.Type.forSchema(eventAvro as unknown as avro.Schema)
  return Buffer.concat([Buffer.of(0, 0, 0, 0, 1), type.toBuffer(event(id, attributes))])
}
const ids = (...names: string[]) => ({ ids: names })
const customer = (value: string) => ({ attributes: { customer: value } })

describe('an id', () => {
  it.each([
    ['a field of JSON', json(event('e-7')), true],
    ['a nested field, a number', json({ order: { lines: [{ number: 7 }] } }), false],
    ['another id that begins with it', json(event('e-71')), false],
    ['JSON that was cut', json(event('e-7')).subarray(0, 14), true],
    ['JSON that was cut, of another id', json(event('e-71')).subarray(0, 14), false],
    ['Avro', avroBytes('e-7'), true],
    ['Avro, of another id', avroBytes('e-71'), false],
    ['a line of text', Buffer.from('GET /orders/e-7 500'), true],
    ['a line of text with a longer word', Buffer.from('GET /orders/the-7 500'), false],
    ['nothing', Buffer.alloc(0), false],
  ])('is found in %s: %#', (_where, payload, expected) => {
    expect(payloadNames(payload, ids('e-7'))).toBe(expected)
  })

  it('is found as a number, and as JSON writes it in ASCII', () => {
    expect(payloadNames(json({ order: { number: 7 } }), ids('x', '7'))).toBe(true)
    const cut = Buffer.from('{"id":"Caf\\u00e9","text":"wo')
    expect(payloadNames(cut, ids('Café'))).toBe(true)
    expect(needlesOf('a"ü')).toEqual(['a"ü', 'a\\"ü', 'a\\"\\u00fc'])
  })

  it('is not looked for in the depths of hostile JSON', () => {
    const deep = '[['.repeat(50_000) + ']]'.repeat(50_000)
    expect(payloadNames(Buffer.from(deep), ids('e-7'))).toBe(false)
  })
})

describe('attributes', () => {
  it.each([
    ['JSON', json(event('e', { customer: '42' })), true],
    ['JSON, as a number at another depth', json({ after: { customer: 42 } }), true],
    ['JSON with another value', json(event('e', { customer: '421' })), false],
    [
      'JSON with the value in another field',
      json(event('e', { customer: '1', shop: '42' })),
      false,
    ],
    ['Avro', avroBytes('e', { shop: 'north', customer: '42' }), true],
    ['Avro with another value', avroBytes('e', { customer: '421' }), false],
    ['JSON that was cut', Buffer.from('{"text":"a","customer": "42","te'), true],
    ['JSON that was cut, with another value', Buffer.from('{"customer": "421","te'), false],
  ])('are found in %s', (_where, payload, expected) => {
    expect(payloadNames(payload, customer('42'))).toBe(expected)
  })

  it('must all be there', () => {
    const payload = json(event('e', { customer: '42', shop: 'north' }))
    expect(payloadNames(payload, { attributes: { customer: '42', shop: 'north' } })).toBe(true)
    expect(payloadNames(payload, { attributes: { customer: '42', shop: 'south' } })).toBe(false)
  })
})
