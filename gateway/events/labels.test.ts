import { describe, expect, it } from 'vitest'
import {
  configWith,
  gatewayUnderTest as gatewayOf,
} from '../../tests/support/gateway-under-test.ts'

const known = new Set(['spam', 'ham', 'x'])
const gatewayUnderTest = (parts: Parameters<typeof gatewayOf>[0] = {}) =>
  gatewayOf({ knownLabels: () => Promise.resolve(known), ...parts })

describe('POST /v1/labels', () => {
  it('publishes one label, an array or lines; a label without a time gets the current time', async () => {
    const clock = () => 1_900_000_000_000
    const gateway = gatewayUnderTest({ clock })
    const one = await gateway.post('/v1/labels', { id: 'a', label: 'spam', by: 'ann' })
    expect([one.status, one.json]).toEqual([202, { accepted: 1 }])
    const two = await gateway.post('/v1/labels', [
      { id: 'a', label: null, time: 1_800_000_000_000.4 },
      { id: 'b', label: 'ham', by: null, time: '2027-01-31T12:00:00Z' },
    ])
    expect([two.status, two.json]).toEqual([202, { accepted: 2 }])
    expect(gateway.labels).toEqual([
      { id: 'a', label: 'spam', by: 'ann', time: clock() },
      { id: 'a', label: null, time: 1_800_000_000_000 },
      { id: 'b', label: 'ham', time: '2027-01-31T12:00:00Z' },
    ])
  })

  it('names each wrong label by its index and publishes none of the request', async () => {
    const gateway = gatewayUnderTest({ clock: () => 1_900_000_000_000 })
    const { status, json } = await gateway.post('/v1/labels', [
      { id: 'fine', label: 'spam' },
      { label: 'spam' },
      { id: 'a' },
      { id: 'a', label: '' },
      { id: 'a', label: 'x', colour: 'red' },
      { id: 'a', label: 'x', time: 12 },
      { id: 'a', label: '\ud800' },
      'no object',
    ])
    expect(status).toBe(422)
    const errors = json['errors'] as { index: number; code: string; field?: string }[]
    expect(errors.map(({ index, code, field }) => [index, code, field])).toEqual([
      [1, 'field_missing', 'id'],
      [2, 'field_missing', 'label'],
      [3, 'field_type', 'label'],
      [4, 'field_unknown', 'colour'],
      [5, 'time_past', 'time'],
      [6, 'text_unpaired_surrogate', 'label'],
      [7, 'event_not_object', undefined],
    ])
    expect(gateway.labels).toEqual([])
  })

  it('are attributed to the name of the key only', async () => {
    const key = 'ingest-key-0123456789'
    const other = 'another-key-0123456789'
    const keys = [
      { key, name: 'ann', scopes: ['ingest' as const] },
      { key: other, scopes: ['ingest' as const] },
    ]
    const gateway = gatewayUnderTest({ config: configWith({ keys }) })
    const post = (value: string, ...labels: object[]) =>
      gateway.post('/v1/labels', labels, { authorization: `Bearer ${value}` })
    const label = { id: 'a', label: 'x' }
    expect((await post(key, label, { ...label, by: 'ann' }, { ...label, by: null })).status).toBe(
      202,
    )
    expect(gateway.labels.map(({ by }) => by)).toEqual(['ann', 'ann', 'ann'])
    const forged = await post(key, label, { ...label, by: 'bob' })
    expect(forged).toMatchObject({ status: 403, json: { code: 'forbidden', index: 1, by: 'ann' } })
    expect((await post(other, { ...label, by: 'ann' })).status).toBe(403)
    expect((await post(other, label)).status).toBe(202)
    expect(gateway.labels.slice(3).map(({ by }) => by)).toEqual(['key-c05ac898'])
  })

  it('needs a key with the scope ingest, and enforces the limit of a batch', async () => {
    const config = configWith({ batchEventsMax: 1 })
    const gateway = gatewayUnderTest({ config })
    const many = await gateway.post('/v1/labels', [
      { id: 'a', label: 'x' },
      { id: 'b', label: 'x' },
    ])
    expect([many.status, many.json['code']]).toEqual([413, 'batch_too_large'])
    const keyed = configWith({ keys: [{ key: 'reader-key-0123456789', scopes: ['read'] }] })
    const answer = await gatewayUnderTest({ config: keyed }).post(
      '/v1/labels',
      { id: 'a', label: 'x' },
      { authorization: 'Bearer reader-key-0123456789' },
    )
    expect([answer.status, answer.json['code']]).toEqual([403, 'forbidden'])
  })
})

describe('a label that no model has', () => {
  it('is refused by its index, with suggestions and how to mark it as new', async () => {
    const gateway = gatewayUnderTest()
    const { status, json } = await gateway.post('/v1/labels', [
      { id: 'a', label: 'spam' },
      { id: 'b', label: 'spamm' },
      { id: 'c', label: 'Ham', newLabel: false },
      { id: 'd', label: 'chargeback', newLabel: null },
      { id: 'e', label: 'y'.repeat(256) },
    ])
    expect([status, json['code'], json['errorsTotal']]).toEqual([422, 'items_invalid', 4])
    const isNew = 'If it is meant to be new, send "newLabel": true with it'
    const refused = { code: 'label_unknown', field: 'label' }
    const said = (label: string, rest: string) =>
      `no known model has the label "${label}"${rest} ${isNew}`
    expect(json['errors']).toEqual([
      { index: 1, ...refused, message: said('spamm', '; did you mean "spam"?') },
      { index: 2, ...refused, message: said('Ham', '; did you mean "ham"?') },
      { index: 3, ...refused, message: said('chargeback', '.') },
      { index: 4, ...refused, message: said(`${'y'.repeat(64)}…`, '.') },
    ])
    expect(gateway.labels).toEqual([])
  })

  it('gets no suggestion among very many labels, because comparing them would take long', async () => {
    const many = new Set(Array.from({ length: 2_001 }, (_, at) => `label-${at}`))
    const gateway = gatewayUnderTest({ knownLabels: () => Promise.resolve(many) })
    const { json } = await gateway.post('/v1/labels', { id: 'a', label: 'label-1x' })
    expect(JSON.stringify(json['errors'])).not.toContain('did you mean')
  })

  it('passes if it is marked as new; withdrawing a label always passes', async () => {
    const gateway = gatewayUnderTest({ clock: () => 1_900_000_000_000 })
    const answer = await gateway.post('/v1/labels', [
      { id: 'a', label: 'chargeback', newLabel: true },
      { id: 'b', label: 'spam', newLabel: true },
      { id: 'c', label: null },
    ])
    expect([answer.status, answer.json]).toEqual([202, { accepted: 3 }])
    // `newLabel` is for the gateway and is not published.
    expect(gateway.labels).toEqual([
      { id: 'a', label: 'chargeback', time: 1_900_000_000_000 },
      { id: 'b', label: 'spam', time: 1_900_000_000_000 },
      { id: 'c', label: null, time: 1_900_000_000_000 },
    ])
    const reserved = { id: 'a', label: 'winnow.none', newLabel: true }
    expect(await gateway.post('/v1/labels', reserved)).toMatchObject({
      status: 422,
      json: { errors: [{ code: 'label_unknown', field: 'label' }] },
    })
    const wrong = await gateway.post('/v1/labels', { id: 'a', label: 'spam', newLabel: 'yes' })
    expect(wrong).toMatchObject({
      status: 422,
      json: { errors: [{ code: 'field_type', field: 'newLabel' }] },
    })
  })

  it('is accepted unchecked if no model is known, and the response says so', async () => {
    const gateway = gatewayUnderTest({ knownLabels: () => Promise.resolve(new Set()) })
    const answer = await gateway.post('/v1/labels', [
      { id: 'a', label: 'anything' },
      { id: 'b', label: null },
      { id: 'c', label: 'new', newLabel: true },
    ])
    expect([answer.status, answer.json]).toEqual([202, { accepted: 3, unchecked: 1 }])
    expect(gateway.labels).toHaveLength(3)
  })

  it('is compared with labels that are read once per request', async () => {
    let asked = 0
    const knownLabels = () => {
      asked += 1
      return Promise.resolve(known)
    }
    const gateway = gatewayUnderTest({ knownLabels })
    const many = Array.from({ length: 500 }, (_, at) => ({ id: `e-${at}`, label: 'spam' }))
    expect((await gateway.post('/v1/labels', many)).status).toBe(202)
    expect(asked).toBe(1)
    const odd = many.map(({ id }) => ({ id, label: `odd ${id}` }))
    const { json } = await gateway.post('/v1/labels', odd)
    expect([json['errorsTotal'], (json['errors'] as object[]).length]).toEqual([500, 10])
    expect(asked).toBe(2)
    const keyed = configWith({ keys: [{ key: 'reader-key-0123456789', scopes: ['read'] }] })
    await gatewayUnderTest({ config: keyed, knownLabels }).post('/v1/labels', many)
    expect(asked).toBe(2)
  })
})
