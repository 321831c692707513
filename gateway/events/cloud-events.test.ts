// CloudEvents 1.0 in the three modes of the HTTP binding, with the examples of the specification.
import { describe, expect, it } from 'vitest'
import { gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'
import { binaryCloudEvent, eventOfCloudEvent } from './cloud-events.ts'

const least = { specversion: '1.0', id: 'a', source: '/s', type: 't', data: 'Hello' }
const structured = { 'content-type': 'application/cloudevents+json; charset=UTF-8' }
const batch = { 'content-type': 'application/cloudevents-batch+json' }

/** http-protocol-binding.md, 3.1.4, with data that is an event. */
const binary = {
  'ce-specversion': '1.0',
  'ce-type': 'com.example.someevent',
  'ce-time': '2018-04-05T03:56:24Z',
  'ce-id': '1234-1234-1234',
  'ce-source': '/mycontext/subcontext',
  'ce-someextension': 'Euro%20%E2%82%AC%20%F0%9F%98%80',
}

describe('eventOfCloudEvent', () => {
  const itemOf = (value: unknown) => {
    const read = eventOfCloudEvent(value)
    return read.kind === 'ok' ? read.item : read.defects.map(({ code, field }) => [code, field])
  }

  it('keeps what is no field of an event as attributes, of which data has the last word', () => {
    // json-format.md, 3.2.
    const event = {
      ...least,
      subject: 'x',
      time: '2018-04-05T17:31:00Z',
      comexampleextension1: 'value',
      comexampleothervalue: 5,
      flag: true,
      unsetextension: null,
      datacontenttype: 'application/json',
      data: { text: 'Hello', label: 'ham', attributes: { type: 'own' } },
    }
    expect(itemOf(event)).toEqual({
      id: 'a',
      source: '/s',
      time: '2018-04-05T17:31:00Z',
      text: 'Hello',
      label: 'ham',
      attributes: {
        type: 'own',
        subject: 'x',
        comexampleextension1: 'value',
        comexampleothervalue: '5',
        flag: 'true',
      },
    })
  })

  it.each([
    [{ data_base64: 'SGVsbG8=' }, 'Hello'],
    [{ data_base64: 'SGVsbG8=', datacontenttype: 'text/plain' }, 'Hello'],
    [{ data_base64: 'IkhlbGxvIg==', datacontenttype: 'application/json' }, 'Hello'],
    [{ data_base64: 'eyJ0ZXh0IjoiSGVsbG8ifQ==' }, 'Hello'],
  ])('reads %j', (data, text) => {
    expect(itemOf({ ...least, data: null, ...data })).toMatchObject({ text })
  })

  it.each([
    ['text', [['event_not_object', undefined]]],
    [{ ...least, specversion: '0.3' }, [['field_type', 'specversion']]],
    [{ ...least, id: '' }, [['field_type', 'id']]],
    [{ ...least, source: 5 }, [['field_type', 'source']]],
    [{ ...least, type: null }, [['field_missing', 'type']]],
    [{ ...least, Upper: 'x' }, [['field_unknown', 'Upper']]],
    [{ ...least, extension: {} }, [['field_type', 'extension']]],
    [{ ...least, data: null }, [['field_missing', 'data']]],
    [{ ...least, data: 5 }, [['field_type', 'data']]],
    [{ ...least, data: [] }, [['field_type', 'data']]],
    [{ ...least, data: { text: 'x', user: 1 } }, [['field_unknown', 'data.user']]],
    [{ ...least, data: null, data_base64: '/w==' }, [['field_missing', 'data']]],
    [{ ...least, data: null, data_base64: '!' }, [['field_missing', 'data']]],
    [{ ...least, data_base64: 'SGVsbG8=' }, [['field_unknown', 'data_base64']]],
  ])('refuses %j', (value, defects) => {
    expect(itemOf(value)).toEqual(defects)
  })
})

describe('binaryCloudEvent', () => {
  it('decodes headers, and leaves other requests alone', () => {
    const headers = { ...binary, 'content-type': 'application/json', 'ce-old': '"a \\"b\\""' }
    expect(binaryCloudEvent(headers)?.envelope).toMatchObject({
      id: '1234-1234-1234',
      someextension: 'Euro € 😀',
      old: 'a "b"',
    })
    expect(binaryCloudEvent({ 'content-type': 'application/json', 'ce-id': 'a' })).toBeUndefined()
    expect(binaryCloudEvent({ ...binary, ...structured })).toBeUndefined()
  })

  it.each([
    ['ce-subject', '%FF', 'parameter_invalid'],
    ['content-type', 'application/octet-stream', 'media_type_unsupported'],
    ['content-type', 'text/plain; charset=latin1', 'media_type_unsupported'],
    ['content-encoding', 'br', 'media_type_unsupported'],
  ])('refuses %s: %s', (name, value, code) => {
    const headers = { ...binary, 'content-type': 'text/plain', [name]: value }
    expect(() => binaryCloudEvent(headers)).toThrow(expect.objectContaining({ code }))
  })
})

describe('POST /v1/events', () => {
  it('takes one CloudEvent, and a batch', async () => {
    const gateway = gatewayUnderTest()
    const one = await gateway.post('/v1/events', least, structured)
    expect([one.status, one.json['ids']]).toEqual([202, ['a']])
    const two = await gateway.post('/v1/events', [least, { ...least, id: 'b' }], batch)
    expect([two.status, two.json['ids']]).toEqual([202, ['a', 'b']])
    const event = { id: 'a', text: 'Hello', source: '/s', attributes: { type: 't' } }
    expect(gateway.published).toEqual([event, event, { ...event, id: 'b' }])
  })

  it.each([
    ['text/plain', 'Hello'],
    ['application/json', '"Hello"'],
    ['application/vnd.example+json; charset=utf-8', '{"text":"Hello"}'],
  ])('takes binary mode with data of %s', async (type, data) => {
    const gateway = gatewayUnderTest()
    const headers = { ...binary, 'content-type': type }
    const { status, json } = await gateway.post('/v1/events', data, headers)
    expect([status, json['ids']]).toEqual([202, ['1234-1234-1234']])
    expect(gateway.published).toEqual([
      {
        id: '1234-1234-1234',
        text: 'Hello',
        source: '/mycontext/subcontext',
        time: '2018-04-05T03:56:24Z',
        attributes: { type: 'com.example.someevent', someextension: 'Euro € 😀' },
      },
    ])
  })

  it('takes the headers of binary mode for part of what an Idempotency-Key stands for', async () => {
    const gateway = gatewayUnderTest()
    const headers = { ...binary, 'content-type': 'text/plain', 'idempotency-key': 'k' }
    await gateway.post('/v1/events', 'Hello', headers)
    expect((await gateway.post('/v1/events', 'Hello', headers)).status).toBe(202)
    expect(gateway.published).toHaveLength(1)
    const other = await gateway.post('/v1/events', 'Hello', { ...headers, 'ce-id': 'other' })
    expect([other.status, other.json['code']]).toEqual([409, 'idempotency_conflict'])
  })

  it.each([
    ['[]', batch, 400, 'body_invalid'],
    [JSON.stringify(least), batch, 400, 'body_invalid'],
    [JSON.stringify([least]), structured, 400, 'body_invalid'],
    ['{"specversion":"1.0"}', structured, 422, 'items_invalid'],
    ['{"text":', { ...binary, 'content-type': 'application/json' }, 400, 'body_invalid'],
    ['', { ...binary, 'content-type': 'application/json' }, 422, 'items_invalid'],
    ['5', { ...binary, 'content-type': 'application/json' }, 422, 'items_invalid'],
  ])('refuses %s with %j', async (body, headers, status, code) => {
    const gateway = gatewayUnderTest()
    const answer = await gateway.post('/v1/events', body, headers)
    expect([answer.status, answer.json['code']]).toEqual([status, code])
    expect(gateway.published).toEqual([])
  })
})
