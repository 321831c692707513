// POST /v1/events from the request to the broker: all or nothing, ids, retries, failures.
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import type { EventOutcomes } from '../../schemas/ports/event-outcomes.ts'
import type { JournalEntry } from '../../schemas/ports/request-journal.ts'
import {
  configWith,
  gatewayUnderTest,
  storedResult,
} from '../../tests/support/gateway-under-test.ts'
import type { EventPublisher, PublishedEvent } from '../http/dependencies.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const ndjson = { 'content-type': 'application/x-ndjson' }
const withKey = (key: string) => ({ 'idempotency-key': key })

describe('POST /v1/events', () => {
  it('publishes one event with a new time-ordered id', async () => {
    const nowMs = Date.UTC(2025, 0, 1)
    const gateway = gatewayUnderTest({ clock: () => nowMs })
    const { status, json } = await gateway.post('/v1/events', { text: 'Hello', label: 'ham' })
    expect(status).toBe(202)
    const [id] = json['ids'] as [string]
    expect(uuid.exec(id)?.[1]).toBe('7')
    expect(parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(nowMs)
    expect(gateway.published).toEqual([{ id, text: 'Hello', label: 'ham' }])
  })

  it.each([
    [
      'an array',
      JSON.stringify([
        { id: 'a', text: 'x' },
        { id: 'b', text: 'y' },
      ]),
      {},
    ],
    ['NDJSON', '{"id":"a","text":"x"}\n\n{"id":"b","text":"y"}\n', ndjson],
    ['NDJSON sent as JSON', '{"id":"a","text":"x"}\n{"id":"b","text":"y"}', {}],
  ])('publishes %s in order and keeps given ids', async (_, body, headers) => {
    const gateway = gatewayUnderTest()
    const { status, json } = await gateway.post('/v1/events', body, headers)
    expect([status, json]).toEqual([202, { ids: ['a', 'b'] }])
    expect(gateway.published.map(({ text }) => text)).toEqual(['x', 'y'])
  })

  it('names each invalid event by its index and publishes nothing', async () => {
    const gateway = gatewayUnderTest()
    const body = '{"text":"good","id":"a"}\n{"tex":"bad"}\nnot json\n{"text":"again","id":"a"}'
    const { status, json, headers } = await gateway.post('/v1/events', body, ndjson)
    expect(status).toBe(422)
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(json['code']).toBe('items_invalid')
    expect(json['detail']).toBe('3 of 4 events are invalid; nothing was published')
    const errors = json['errors'] as { index: number; code: string; field?: string }[]
    expect(errors.map(({ index, code, field }) => [index, code, field])).toEqual(
      expect.arrayContaining([
        [1, 'field_missing', 'text'],
        [1, 'field_unknown', 'tex'],
        [2, 'json_invalid', undefined],
        [3, 'duplicate_id', 'id'],
      ]),
    )
    expect(errors).toHaveLength(4)
    expect(gateway.published).toEqual([])
  })

  it('lists the first ten of many errors and counts the rest', async () => {
    const gateway = gatewayUnderTest()
    const unknown = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`k${at}`, 1]))
    const { status, json } = await gateway.post('/v1/events', Array(50).fill(unknown))
    expect([status, json['errorsTotal']]).toEqual([422, 50 * 201])
    expect(json['errors']).toHaveLength(10)
    const large = Object.fromEntries(Array.from({ length: 130_000 }, (_, at) => [`k${at}`, 1]))
    const refused = await gateway.post('/v1/events', { text: 'a', ...large })
    expect(refused.status).toBe(422)
    expect(refused.json['errors']).toMatchObject([{ index: 0, code: 'field_too_long' }])
  })

  it('allows a repeated id if the duplicate check is off', async () => {
    const gateway = gatewayUnderTest({ config: configWith({}, { duplicateWindow: 0 }) })
    const twice = [
      { id: 'a', text: 'x' },
      { id: 'a', text: 'y' },
    ]
    expect((await gateway.post('/v1/events', twice)).status).toBe(202)
  })

  it.each([
    ['{', {}, 400, 'body_invalid'],
    ['[]', {}, 400, 'body_invalid'],
    ['{"text":"a"}', { 'content-type': 'text/plain' }, 415, 'media_type_unsupported'],
    ['{"text":"a"}', { 'content-encoding': 'br' }, 415, 'media_type_unsupported'],
    ['{"text":"a"}', withKey('x'.repeat(256)), 400, 'parameter_invalid'],
    ['{"text":"a"}', withKey('two words'), 400, 'parameter_invalid'],
    ['[{"text":"a"},{"text":"b"},{"text":"c"}]', {}, 413, 'batch_too_large'],
    [JSON.stringify({ text: 'x'.repeat(1_000) }), {}, 413, 'body_too_large'],
  ])('refuses %s with %o', async (body, headers, status, code) => {
    const gateway = gatewayUnderTest({
      config: configWith({ bodyBytesMax: 500, batchEventsMax: 2 }),
    })
    const answer = await gateway.post('/v1/events', body, headers)
    expect([answer.status, answer.json['code']]).toEqual([status, code])
    expect(gateway.published).toEqual([])
  })

  it('refuses a body without a content type', async () => {
    const { app } = gatewayUnderTest()
    const body = new Blob(['{"text":"a"}'])
    expect((await app.request('/v1/events', { method: 'POST', body })).status).toBe(415)
  })

  it('passes a well-formed traceparent on and drops another', async () => {
    const gateway = gatewayUnderTest()
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    await gateway.post('/v1/events', { text: 'a' }, { traceparent })
    await gateway.post('/v1/events', { text: 'a' }, { traceparent: traceparent.toUpperCase() })
    await gateway.post(
      '/v1/events',
      { text: 'a' },
      { traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` },
    )
    expect(gateway.traceparents).toEqual([traceparent, undefined, undefined])
  })

  it.each([
    ['broker_unavailable', 503, '5'],
    ['broker_refused', 502, null],
    ['registry_unavailable', 503, '5'],
  ] as const)('answers %s of the broker with %i', async (code, status, retryAfter) => {
    const publish = () => Promise.reject(new WinnowError(code, 'kafka-1.internal:9092 said no'))
    const gateway = gatewayUnderTest({ publisher: { publish } })
    const { headers, json, ...answer } = await gateway.post('/v1/events', { text: 'a' })
    expect([answer.status, json['code'], headers.get('retry-after')]).toEqual([
      status,
      code,
      retryAfter,
    ])
    expect(JSON.stringify(json)).not.toContain('internal')
    expect(gateway.failures).toHaveLength(1)
  })

  it('answers a defect with 500 and gives the cause only to the log', async () => {
    const publish = () => Promise.reject(new TypeError('secret'))
    const gateway = gatewayUnderTest({ publisher: { publish } })
    const { status, json } = await gateway.post(
      '/v1/events',
      { text: 'a' },
      { 'x-request-id': 'r-7' },
    )
    expect([status, json['code'], json['instance']]).toEqual([
      500,
      'internal',
      'urn:winnow:request:r-7',
    ])
    expect(gateway.failures).toMatchObject([
      { requestId: 'r-7', method: 'POST', path: '/v1/events' },
    ])
  })
})

describe('Idempotency-Key', () => {
  it('publishes once and returns the same ids again', async () => {
    const gateway = gatewayUnderTest()
    const body = [{ text: 'a' }, { id: 'mine', text: 'b' }]
    const first = await gateway.post('/v1/events', body, withKey('k1'))
    const second = await gateway.post('/v1/events', body, withKey('k1'))
    expect(second).toMatchObject({ status: 202, json: first.json })
    expect(gateway.published).toHaveLength(2)
    const [assigned, given] = first.json['ids'] as [string, string]
    expect(uuid.exec(assigned)?.[1]).toBe('8')
    expect(given).toBe('mine')
  })

  it('returns the same ids on another gateway, other ids for another key or body', async () => {
    const ids = async (body: unknown, key: string) =>
      (await gatewayUnderTest().post('/v1/events', body, withKey(key))).json['ids']
    const first = await ids([{ text: 'a' }, { text: 'a' }], 'k1')
    expect(new Set(first as string[]).size).toBe(2)
    expect(await ids([{ text: 'a' }, { text: 'a' }], 'k1')).toEqual(first)
    expect(await ids([{ text: 'a' }, { text: 'a' }], 'k2')).not.toEqual(first)
    expect(await ids([{ text: 'a' }, { text: 'b' }], 'k1')).not.toEqual(first)
  })

  it('refuses another body under the same key', async () => {
    const gateway = gatewayUnderTest()
    await gateway.post('/v1/events', { text: 'a' }, withKey('k1'))
    const { status, json } = await gateway.post('/v1/events', { text: 'b' }, withKey('k1'))
    expect([status, json['code']]).toEqual([409, 'idempotency_conflict'])
    expect(gateway.published).toHaveLength(1)
  })

  it('separates the keys of two callers', async () => {
    const keys = ['caller-one-0123456', 'caller-two-0123456']
    const config = configWith({ keys: keys.map((key) => ({ key, scopes: ['ingest'] })) })
    const gateway = gatewayUnderTest({ config })
    for (const key of keys) {
      const headers = { ...withKey('k1'), authorization: `Bearer ${key}` }
      await gateway.post('/v1/events', { text: 'a' }, headers)
    }
    expect(new Set(gateway.published.map(({ id }) => id)).size).toBe(2)
  })

  it('joins a request that is still running', async () => {
    const broker = slowBroker()
    const gateway = gatewayUnderTest({ publisher: broker.publisher })
    const first = gateway.post('/v1/events', { text: 'a' }, withKey('k1'))
    await broker.asked
    const second = gateway.post('/v1/events', { text: 'a' }, withKey('k1'))
    const conflict = await gateway.post('/v1/events', { text: 'b' }, withKey('k1'))
    expect(conflict.status).toBe(409)
    broker.acknowledge()
    expect((await second).json).toEqual((await first).json)
    expect(broker.batches).toHaveLength(1)
  })

  it('publishes again after a failure, with the same ids', async () => {
    const batches: (readonly PublishedEvent[])[] = []
    const publish = (events: readonly PublishedEvent[]) => {
      batches.push(events)
      return batches.length === 1
        ? Promise.reject(new WinnowError('broker_unavailable', 'away'))
        : Promise.resolve()
    }
    const gateway = gatewayUnderTest({ publisher: { publish }, outcomes: noOutcomes })
    expect((await gateway.post('/v1/events', { text: 'a' }, withKey('k1'))).status).toBe(503)
    expect((await gateway.post('/v1/events', { text: 'a' }, withKey('k1'))).status).toBe(202)
    expect(batches[1]).toEqual(batches[0])
  })
})

const noOutcomes: EventOutcomes = {
  newestResults: () => Promise.resolve([]),
  deadLetters: () => Promise.resolve([]),
}

describe('Idempotency-Key after a restart', () => {
  /** A journal that keeps its entries for the next gateway. */
  function memoryJournal() {
    const entries: JournalEntry[] = []
    const write = (entry: JournalEntry) => Promise.resolve(void entries.push(entry))
    return { entries, write }
  }
  const body = ['a', 'b', 'c'].map((id) => ({ id, text: id }))

  it('publishes nothing again that the broker had acknowledged', async () => {
    const journal = memoryJournal()
    const first = gatewayUnderTest({ journal })
    await first.post('/v1/events', body, withKey('k1'))
    expect(journal.entries.map(({ isDone }) => isDone)).toEqual([false, true])
    const second = gatewayUnderTest({ journal })
    const again = await second.post('/v1/events', body, withKey('k1'))
    expect([again.status, again.json['ids']]).toEqual([202, ['a', 'b', 'c']])
    expect(second.published).toEqual([])
    const conflict = await second.post('/v1/events', body.slice(1), withKey('k1'))
    expect(conflict.status).toBe(409)
  })

  it('publishes only events without a row if the first gateway ended in between', async () => {
    const journal = memoryJournal()
    await gatewayUnderTest({ journal }).post('/v1/events', body, withKey('k1'))
    const begun = { ...journal, entries: journal.entries.slice(0, 1) }
    const newestResults = (ids: readonly string[]) =>
      Promise.resolve(
        ids.filter((id) => id === 'b').map((id) => ({ ...storedResult, eventId: id })),
      )
    const outcomes = { ...noOutcomes, newestResults }
    const second = gatewayUnderTest({ journal: begun, outcomes })
    expect((await second.post('/v1/events', body, withKey('k1'))).status).toBe(202)
    expect(second.published.map(({ id }) => id)).toEqual(['a', 'c'])
    expect(journal.entries.at(-1)).toMatchObject({ isDone: true })
  })

  it('publishes nothing that it could not note before', async () => {
    const write = () => Promise.reject(new Error('the disk is full'))
    const gateway = gatewayUnderTest({ journal: { entries: [], write } })
    expect((await gateway.post('/v1/events', body, withKey('k1'))).status).toBe(500)
    expect(gateway.published).toEqual([])
  })
})

/** A broker that acknowledges when told to. */
function slowBroker() {
  const acknowledged = Promise.withResolvers<undefined>()
  const asked = Promise.withResolvers<undefined>()
  const batches: (readonly PublishedEvent[])[] = []
  const publisher: EventPublisher = {
    publish: async (events) => {
      batches.push(events)
      asked.resolve(undefined)
      await acknowledged.promise
    },
  }
  return {
    publisher,
    batches,
    asked: asked.promise,
    acknowledge: () => {
      acknowledged.resolve(undefined)
    },
  }
}
