// Dead letters over HTTP: parameters, payloads of all kinds, replays and who may ask for them.
import { describe, expect, it } from 'vitest'
import type { DeadLetterQuery, WholeDeadLetter } from '../../schemas/ports/dead-letters.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { AuditEntry } from '../../schemas/ports/audit-log.ts'
import { controlInMemory } from '../../tests/support/control-in-memory.ts'
import { configWith, gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'
import { sampleDeadLetters, wholeDeadLetter } from '../../tests/support/sample-dead-letters.ts'
import { replayEventsMax } from './dead-letter-replay.ts'

/** A gateway whose dead letters have these fields. */
function withLetter(changes: Partial<WholeDeadLetter>) {
  const at = () => Promise.resolve({ ...wholeDeadLetter, ...changes })
  return gatewayUnderTest({ deadLetters: { ...sampleDeadLetters(), at } })
}

describe('GET /v1/dead-letters', () => {
  it('lists them with the counts of their codes', async () => {
    const { status, json } = await gatewayUnderTest().get('/v1/dead-letters')
    expect(status).toBe(200)
    expect(json).toEqual({
      deadLetters: [
        {
          id: 'winnow.events/3/18',
          code: 'text_empty',
          stage: 'validate',
          attempt: 1,
          model: null,
          open: true,
          rejectedAt: '2025-01-31T12:00:00.120Z',
          message: 'text is empty',
        },
      ],
      codes: [{ code: 'text_empty', open: 1, all: 2 }],
      cursor: '1~3~18~1~0~winnow.events~',
    })
  })

  it('reads every parameter', async () => {
    const asked: DeadLetterQuery[] = []
    const list = (query: DeadLetterQuery) => {
      asked.push(query)
      return Promise.resolve({ letters: [], codes: [] })
    }
    const gateway = gatewayUnderTest({ deadLetters: { ...sampleDeadLetters(), list } })
    const query = 'state=all&code=text_empty&since=5&until=1970-01-01T00:00:00.009Z&limit=7'
    await gateway.get(`/v1/dead-letters?${query}&cursor=1~0~2~3~4~t~`)
    await gateway.get('/v1/dead-letters')
    expect(asked).toEqual([
      {
        state: 'all',
        code: 'text_empty',
        sinceMs: 5,
        untilMs: 9,
        limit: 7,
        cursor: '1~0~2~3~4~t~',
      },
      { state: 'open', limit: 50 },
    ])
  })

  it.each([
    ['state=closed', 'state'],
    ['code=made_up', 'code'],
    ['limit=201', 'limit'],
    ['limit=0', 'limit'],
    ['since=x', 'since'],
    ['cursor=1', 'cursor'],
    ['code=text_empty&code=text_empty', 'code'],
    ['label=ham', 'label'],
  ])('refuses %s', async (query, parameter) => {
    const { status, json } = await gatewayUnderTest().get(`/v1/dead-letters?${query}`)
    expect([status, json['code'], json['parameter']]).toEqual([400, 'parameter_invalid', parameter])
  })
})

describe('GET /v1/dead-letters/{id}', () => {
  it.each(['winnow.events/3/18', 'winnow.events%2F3%2F18'])('shows %s', async (id) => {
    const { status, json } = await gatewayUnderTest().get(`/v1/dead-letters/${id}`)
    expect(status).toBe(200)
    expect(json).toMatchObject({
      id: 'winnow.events/3/18',
      recordTime: '2025-01-31T12:00:00.000Z',
      key: { text: 'k', base64: 'aw==' },
      payload: { text: '{"text":""}', bytes: 11, isCut: false },
      attempts: [{ attempt: 1 }, { attempt: 0 }],
    })
  })

  it.each(['x', 'winnow.events/3/19', 'winnow.events/4294967296/0', 'a/1/x', 'replay'])(
    'does not know %s',
    async (id) => {
      const { status, json } = await gatewayUnderTest().get(`/v1/dead-letters/${id}`)
      expect([status, json['code']]).toEqual([404, 'not_found'])
    },
  )

  it.each([
    ['bytes that are no text', Buffer.from([0x1f, 0x8b, 0xff]), 3, null],
    ['no value', Buffer.alloc(0), 0, ''],
    ['a value cut within a character', Buffer.from('aé').subarray(0, 2), 3, 'a'],
    ['a value cut between characters', Buffer.from('aé'), 9, 'aé'],
    ['bytes cut that are no text', Buffer.from([0x61, 0xff, 0xff, 0xff, 0xff]), 9, null],
  ])('has the payload of %s', async (_, payload, payloadBytes, text) => {
    const { json } = await withLetter({ payload, payloadBytes }).get('/v1/dead-letters/t/0/1')
    expect(json['payload']).toEqual({
      text,
      base64: payload.toString('base64'),
      bytes: payloadBytes,
      isCut: payload.length < payloadBytes,
    })
  })
})

describe('POST /v1/dead-letters/replay', () => {
  it('passes on what is selected, and says what was done', async () => {
    const gateway = gatewayUnderTest()
    const { status, json } = await gateway.post('/v1/dead-letters/replay', { ids: ['t/0/1'] })
    expect(status).toBe(200)
    expect(json).toEqual({ matched: 2, sent: 1, skipped: { already_sent: 1 }, stopped: false })
    const times = { since: '1970-01-01T00:00:00.005Z', until: 9 }
    await gateway.post('/v1/dead-letters/replay', { code: 'text_empty', ...times })
    expect(gateway.replays).toEqual([
      { ids: ['t/0/1'] },
      { code: 'text_empty', sinceMs: 5, untilMs: 9 },
    ])
  })

  it.each([
    [{}],
    [{ ids: [] }],
    [{ ids: ['x'] }],
    [{ ids: ['t/0/1'], code: 'text_empty' }],
    [{ code: 'made_up' }],
    [{ code: 'text_empty', since: 'yesterday' }],
    [{ code: 'text_empty', more: 1 }],
    [[]],
    ['{'],
  ])('refuses %j', async (body) => {
    const gateway = gatewayUnderTest()
    const { status, json } = await gateway.post('/v1/dead-letters/replay', body)
    expect([status, json['code']]).toEqual([400, 'body_invalid'])
    expect(gateway.replays).toEqual([])
  })

  it('takes so many ids and no more', async () => {
    const gateway = gatewayUnderTest()
    const ids = (count: number) => Array.from({ length: count }, (_, at) => `t/0/${at}`)
    const most = await gateway.post('/v1/dead-letters/replay', { ids: ids(replayEventsMax) })
    expect(most.status).toBe(200)
    const more = await gateway.post('/v1/dead-letters/replay', { ids: ids(replayEventsMax + 1) })
    expect(more.status).toBe(400)
    const many = await gateway.post('/v1/dead-letters/replay', { ids: ids(10_000) })
    expect([many.status, many.json['code']]).toEqual([413, 'batch_too_large'])
  })

  it('is for the scope admin, and notes the name of the key', async () => {
    const names: string[] = []
    const deadLetters = {
      ...sampleDeadLetters(),
      replay: (_: unknown, { by }: { by: string }) => {
        names.push(by)
        return Promise.resolve({ matched: 0, sent: 0, skipped: {}, stopped: false })
      },
    }
    const keys = [
      { key: 'reader-key-0123456789', scopes: ['read' as const] },
      { key: 'admin-key-01234567890', name: 'ann', scopes: ['admin' as const] },
    ]
    const gateway = gatewayUnderTest({ config: configWith({ keys }), deadLetters })
    const as = (key: string) =>
      gateway.post(
        '/v1/dead-letters/replay',
        { code: 'text_empty' },
        { authorization: `Bearer ${key}` },
      )
    expect((await as('reader-key-0123456789')).status).toBe(403)
    expect((await as('admin-key-01234567890')).status).toBe(200)
    expect(names).toEqual(['ann'])
  })

  it('is an action in the audit log, done or not', async () => {
    const entries: AuditEntry[] = []
    const { audit } = controlInMemory([], entries)
    const gateway = gatewayUnderTest({ audit })
    await gateway.post('/v1/dead-letters/replay', { ids: ['t/0/1', 't/0/2'] })
    const replay = () =>
      Promise.reject(new WinnowError('broker_unavailable', 'the broker does not answer'))
    const failing = gatewayUnderTest({ audit, deadLetters: { ...sampleDeadLetters(), replay } })
    await failing.post('/v1/dead-letters/replay', { code: 'text_empty' })
    expect(entries).toMatchObject([
      { action: 'dead-letters.replay', target: '2 dead letters', outcome: 'done', by: 'gateway' },
      { target: 'text_empty', outcome: 'failed', code: 'broker_unavailable' },
    ])
  })
})
