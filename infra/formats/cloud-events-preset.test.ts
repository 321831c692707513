// CloudEvents on Kafka in both modes give one form; what is no CloudEvent is a dead letter.
import { describe, expect, it } from 'vitest'
import { cloudEventsEnvelope } from './cloud-events-preset.ts'

const attributes = { specversion: '1.0', id: 'e-1', source: '/shop', type: 'order.noted' }
const read = (value: unknown, headers: Record<string, string> = {}) =>
  cloudEventsEnvelope({ value, key: null, headers })
const binary = Object.fromEntries(
  Object.entries(attributes).map(([name, value]) => [`ce_${name}`, value]),
)

describe('cloudEventsEnvelope', () => {
  it.each([
    [
      'structured mode',
      { ...attributes, data: { note: 'a' } },
      { 'content-type': 'application/cloudevents+json; charset=UTF-8' },
    ],
    ['structured mode without a content type', { ...attributes, data: { note: 'a' } }, {}],
    ['binary mode', { note: 'a' }, binary],
  ])('reads %s', (_mode, value, headers) => {
    expect(read(value, headers)).toMatchObject({
      kind: 'ok',
      value: { value: { ...attributes, data: { note: 'a' } } },
    })
  })

  it('keeps extensions, and the content type of binary data', () => {
    const headers = { ...binary, ce_team: 'shop', 'content-type': 'text/plain', other: 'x' }
    expect(read('a', headers)).toEqual({
      kind: 'ok',
      value: {
        value: { ...attributes, team: 'shop', datacontenttype: 'text/plain', data: 'a' },
        key: null,
        headers,
      },
    })
  })

  it('decodes data_base64', () => {
    const data_base64 = Buffer.from('{"note":"a"}').toString('base64')
    expect(read({ ...attributes, data_base64 })).toMatchObject({
      value: { value: { data: { note: 'a' } } },
    })
    const datacontenttype = 'text/plain'
    expect(read({ ...attributes, datacontenttype, data_base64 })).toMatchObject({
      value: { value: { data: '{"note":"a"}' } },
    })
    expect(read({ ...attributes, data_base64: '/w==' })).toMatchObject({
      error: { code: 'field_type' },
    })
  })

  it('has no data where a record has no value', () => {
    expect(read(null, binary)).toMatchObject({ value: { value: attributes } })
  })

  it.each([
    ['another version', { ...attributes, specversion: '0.3' }, {}, 'field_type', 'specversion'],
    ['no id', { ...attributes, id: undefined }, {}, 'field_missing', 'id is missing'],
    ['a text', 'a', {}, 'event_not_object', 'no CloudEvent'],
    ['a tombstone', null, {}, 'event_not_object', 'no CloudEvent'],
    ['an attribute that is an object', { ...attributes, team: {} }, {}, 'field_type', 'team'],
    [
      'binary mode without a type',
      'a',
      { ce_specversion: '1.0', ce_id: '1', ce_source: 's' },
      'field_missing',
      'type',
    ],
  ])('refuses %s', (_what, value, headers, code, message) => {
    expect(read(value, headers)).toMatchObject({
      error: { code, message: expect.stringContaining(message) as string },
    })
  })
})
