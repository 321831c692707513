import { describe, expect, it } from 'vitest'
import { configWith, gatewayUnderTest } from '../tests/support/gateway-under-test.ts'

describe('POST /v1/labels', () => {
  it('publishes one label, an array or lines; a label without a time is of now', async () => {
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

  it('are by the name of the key, and by nobody else', async () => {
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

  it('needs a key with the scope ingest, and keeps to the limit of a batch', async () => {
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
