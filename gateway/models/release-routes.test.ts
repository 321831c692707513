// Changes of models over HTTP: who may ask, what a body may hold, what is recorded.
// tests/integration/gateway-control.test.ts changes real models.
import { describe, expect, it } from 'vitest'
import type { AuditEntry } from '../../schemas/ports/audit-log.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { controlInMemory } from '../../tests/support/control-in-memory.ts'
import { configWith, gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'

function underTest(parts: Parameters<typeof gatewayUnderTest>[0] = {}) {
  const changes: object[] = []
  const entries: AuditEntry[] = []
  const control = controlInMemory(changes, entries)
  const clock = () => 1_700_000_000_000
  const gateway = gatewayUnderTest({ ...control, clock, ...parts })
  type Headers = Record<string, string>
  return {
    ...{ changes, entries, control, app: gateway.app },
    post: (path: string, sent: unknown, headers?: Headers) => gateway.post(path, sent, headers),
    get: (path: string, headers?: Headers) => gateway.get(path, headers),
  }
}

const keys = [
  { key: 'admin-key-0123456789', name: 'operations', scopes: ['admin' as const] },
  { key: 'reader-key-012345678', scopes: ['read' as const] },
]
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const promote = '/v1/models/mail/promote'
const body = { version: '3', reason: 'better' }

describe('a change of a model', () => {
  it.each([
    ['promote', { version: '3', reason: 'a' }, {}],
    ['promote', { version: '3', reason: 'a', force: 'b' }, {}],
    ['rollback', { reason: 'a' }, {}],
    ['challenge', { version: '3', percent: 0.5, reason: 'a' }, { role: 'challenger' }],
    ['shadow', { version: '3', percent: 0, reason: 'a' }, { role: 'shadow' }],
  ])('%s passes on what was asked, %o', async (verb, asked, more) => {
    const { post, changes } = underTest()
    const answer = await post(`/v1/models/mail/${verb}`, asked)
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ before: null, state: { champion: '3', previous: ['2'] } })
    const signal = expect.any(AbortSignal) as AbortSignal
    expect(changes).toEqual([{ name: 'mail', by: 'gateway', signal, ...asked, ...more }])
  })

  it('is recorded under the name of the API key, with the id of the request', async () => {
    const { post, entries, changes } = underTest({ config: configWith({ keys }) })
    const headers = { ...bearer(keys[0]!.key), 'x-request-id': 'r-1' }
    expect((await post(promote, body, headers)).status).toBe(200)
    expect(changes).toMatchObject([{ by: 'operations' }])
    expect(entries).toEqual([
      {
        ...{ atMs: 1_700_000_000_000, requestId: 'r-1', by: 'operations' },
        ...{ action: 'models.promote', target: 'mail@3', outcome: 'done', reason: 'better' },
        ...{ code: '', message: '' },
      },
    ])
  })

  it('needs the scope admin', async () => {
    const { post, get, entries } = underTest({ config: configWith({ keys }) })
    expect((await post(promote, body)).status).toBe(401)
    expect((await post(promote, body, bearer(keys[1]!.key))).status).toBe(403)
    expect((await get('/v1/audit', bearer(keys[1]!.key))).status).toBe(403)
    expect((await get('/v1/audit', bearer(keys[0]!.key))).status).toBe(200)
    expect(entries).toEqual([])
  })

  it.each([
    ['publish_refused', 422, 'refused'],
    ['role_refused', 409, 'refused'],
    ['broker_unavailable', 503, 'failed'],
    ['queue_full', 503, 'failed'],
  ] as const)('that ends with %s is recorded as %s, %s', async (code, status, outcome) => {
    const { control } = underTest()
    const fail = () => Promise.reject(new WinnowError(code, 'the sentence of the gate'))
    const registry = { ...control.registry, promote: fail }
    const { post, entries } = underTest({ registry })
    const answer = await post(promote, body)
    expect([answer.status, answer.json['code']]).toEqual([status, code])
    if (status < 500) expect(answer.json['detail']).toBe('the sentence of the gate')
    expect(entries).toMatchObject([{ outcome, code, message: 'the sentence of the gate' }])
  })

  it('that is a defect reveals nothing in the record', async () => {
    const { control } = underTest()
    const registry = { ...control.registry, promote: () => Promise.reject(new Error('secret')) }
    const { post, entries } = underTest({ registry })
    expect((await post(promote, body)).status).toBe(500)
    expect(entries).toMatchObject([{ outcome: 'failed', code: 'internal' }])
    expect(JSON.stringify(entries)).not.toContain('secret')
  })

  it('that outlasts its request is recorded when it ends', async () => {
    let end = (): void => undefined
    const { control } = underTest()
    const registry = {
      ...control.registry,
      promote: async (change: Parameters<typeof control.registry.promote>[0]) => {
        await new Promise<void>((resolve) => (end = resolve))
        return control.registry.promote(change)
      },
    }
    const { post, entries } = underTest({ registry, config: configWith({ requestMsMax: 30 }) })
    expect((await post(promote, body)).status).toBe(504)
    expect(entries).toEqual([])
    end()
    await expect.poll(() => entries.map(({ outcome }) => outcome)).toEqual(['done'])
  })

  it.each([
    [{}, 'version'],
    [{ ...body, version: 3 }, 'version'],
    [{ ...body, version: 'champion' }, 'version'],
    [{ ...body, version: '1/../2' }, 'version'],
    [{ ...body, reason: '' }, 'reason'],
    [{ ...body, reason: '  ' }, 'reason'],
    [{ ...body, reason: 'x'.repeat(501) }, 'reason'],
    [{ ...body, force: true }, 'force'],
    [{ ...body, percent: 5 }, ''],
    ['[]', ''],
    ['{', undefined],
  ])('refuses the body %j', async (wrong, field) => {
    const { post, changes, entries } = underTest()
    const answer = await post(promote, wrong)
    expect([answer.status, answer.json['code'], answer.json['field']]).toEqual([
      ...[400, 'body_invalid', field],
    ])
    expect([changes, entries]).toEqual([[], []])
  })

  it('refuses other media types, query parameters and percents', async () => {
    const { post, app } = underTest()
    const form = { method: 'POST', body: 'version=3', headers: { 'content-type': 'text/plain' } }
    expect((await app.request(promote, form)).status).toBe(415)
    expect((await post(`${promote}?force=1`, body)).status).toBe(400)
    for (const percent of [-1, 100.5, '5', null]) {
      const answer = await post('/v1/models/mail/shadow', { ...body, percent })
      expect([percent, answer.status]).toEqual([percent, 400])
    }
  })
})
