// POST /v1/events?wait: the answer, the scopes, and that waiting requests hold no slot.
import { describe, expect, it } from 'vitest'
import type { EventOutcomes } from '../../schemas/ports/event-outcomes.ts'
import {
  configWith,
  gatewayUnderTest,
  storedResult,
} from '../../tests/support/gateway-under-test.ts'

/** Outcomes of the events whose text was published, once they are released. */
function outcomesOf(rows: ReadonlySet<string>): EventOutcomes {
  return {
    newestResults: (ids) =>
      Promise.resolve(
        ids.filter((id) => rows.has(id)).map((eventId) => ({ ...storedResult, eventId })),
      ),
    deadLetters: (ids) =>
      Promise.resolve(
        ids
          .filter((id) => id.startsWith('bad'))
          .map((id) => ({ id, code: 'text_empty', message: 'nothing is left of it' })),
      ),
  }
}

describe('POST /v1/events?wait', () => {
  it('answers 200 with the results in the order of the request, and dead letters', async () => {
    const outcomes = outcomesOf(new Set(['a', 'b']))
    const gateway = gatewayUnderTest({ outcomes })
    const body = ['b', 'bad', 'a'].map((id) => ({ id, text: 'x' }))
    const { status, json } = await gateway.post('/v1/events?wait=5', body)
    expect(status).toBe(200)
    expect(json).toMatchObject({
      ids: ['b', 'bad', 'a'],
      results: [{ id: 'b', label: 'ham' }, null, { id: 'a' }],
      deadLetters: [{ id: 'bad', code: 'text_empty' }],
    })
    expect(json).not.toHaveProperty('pending')
  })

  it('answers 202 with the pending ids when its time is over', async () => {
    const gateway = gatewayUnderTest({ outcomes: outcomesOf(new Set(['a'])) })
    const body = ['a', 'b'].map((id) => ({ id, text: 'x' }))
    const { status, json } = await gateway.post('/v1/events?wait=1', body)
    expect([status, json['pending'], json['results']]).toEqual([
      202,
      ['b'],
      [expect.objectContaining({ id: 'a' }), null],
    ])
  })

  it('holds no slot while it waits, and only as many requests wait as may', async () => {
    const rows = new Set<string>()
    const config = configWith({ requestsMax: 1, waitingRequestsMax: 3 })
    const gateway = gatewayUnderTest({ config, outcomes: outcomesOf(rows) })
    const waiting = [1, 2, 3].map(async (n) => {
      for (let turn = 0; turn < 10 * n; turn += 1) await new Promise(setImmediate)
      return gateway.post('/v1/events?wait=20', { id: 'late', text: 'x' })
    })
    for (let turn = 0; gateway.published.length < 3 && turn < 10_000; turn += 1) {
      await new Promise(setImmediate)
    }
    expect(gateway.published).toHaveLength(3)
    await new Promise(setImmediate)
    expect((await gateway.post('/v1/events', { text: 'x' })).status).toBe(202)
    const refused = await gateway.post('/v1/events?wait=20', { text: 'x' })
    expect([refused.status, refused.json['code']]).toEqual([503, 'queue_full'])
    expect(gateway.published).toHaveLength(4)
    rows.add('late')
    for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(200)
  })

  it.each([
    ['?wait=0', 400, 'parameter_invalid'],
    ['?wait=31', 400, 'parameter_invalid'],
    ['?wait=1.5', 400, 'parameter_invalid'],
    ['?wait=', 400, 'parameter_invalid'],
    ['?wait=1&wait=2', 400, 'parameter_invalid'],
    ['?wat=1', 400, 'parameter_invalid'],
  ])('refuses %s', async (query, status, code) => {
    const gateway = gatewayUnderTest()
    const answer = await gateway.post(`/v1/events${query}`, { text: 'x' })
    expect([answer.status, answer.json['code']]).toEqual([status, code])
    expect(gateway.published).toEqual([])
  })

  it('refuses too many events before it publishes any', async () => {
    const gateway = gatewayUnderTest({ config: configWith({ waitEventsMax: 2 }) })
    const { status, json } = await gateway.post('/v1/events?wait=5', Array(3).fill({ text: 'x' }))
    expect([status, json['code'], json['eventsMax']]).toEqual([413, 'batch_too_large', 2])
    expect(gateway.published).toEqual([])
  })

  it('needs the scope read too, because it shows stored texts', async () => {
    const keys = [
      { key: 'only-ingest-0123456', scopes: ['ingest' as const] },
      { key: 'ingest-read-0123456', scopes: ['ingest' as const, 'read' as const] },
    ]
    const gateway = gatewayUnderTest({ config: configWith({ keys }) })
    const post = (key: string) =>
      gateway.post('/v1/events?wait=5', { text: 'x' }, { authorization: `Bearer ${key}` })
    expect(await post(keys[0]!.key)).toMatchObject({ status: 403, json: { scope: 'read' } })
    expect((await post(keys[1]!.key)).status).toBe(200)
    expect(gateway.published).toHaveLength(1)
  })
})
