// Keys, scopes, and what a gateway without keys may do.
import { describe, expect, it } from 'vitest'
import { createHash } from 'node:crypto'
import { isLoopback, type KeyRing, type ValidKey } from './auth.ts'
import {
  configWith,
  gatewayUnderTest,
  hamClassifier,
} from '../../tests/support/gateway-under-test.ts'

const ingestKey = 'ingest-0123456789abcdef'
const readKey = 'read-0123456789abcdef'
const config = configWith({
  host: '0.0.0.0',
  keys: [
    { key: ingestKey, scopes: ['ingest'] },
    { key: readKey, scopes: ['read'] },
  ],
})
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })

describe('with keys', () => {
  const gateway = gatewayUnderTest({ config, classifier: hamClassifier() })

  it.each([
    [{}, 401, 'unauthorized'],
    [{ authorization: 'Basic abc' }, 401, 'unauthorized'],
    [bearer('ingest-0123456789abcdeX'), 401, 'unauthorized'],
    [bearer(`${ingestKey}x`), 401, 'unauthorized'],
    [bearer(readKey), 403, 'forbidden'],
  ])('refuses to ingest for %o', async (headers, status, code) => {
    const answer = await gateway.post('/v1/events', { text: 'a' }, headers)
    expect([answer.status, answer.json['code']]).toEqual([status, code])
    expect(gateway.published).toHaveLength(0)
  })

  it.each([
    ['GET', '/v1/results', 200],
    ['GET', '/v1/results/winnow.events%2F3%2F17', 200],
    ['GET', '/metrics', 200],
    ['POST', '/v1/classify', 200],
  ])('%s %s needs the scope read', async (method, path, status) => {
    const send = (headers: Record<string, string>) =>
      gateway.app.request(path, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        ...(method === 'POST' && { body: '{"texts":["a"]}' }),
      })
    expect((await send({})).status).toBe(401)
    expect((await send(bearer(ingestKey))).status).toBe(403)
    expect((await send(bearer(readKey))).status).toBe(status)
  })

  it('accepts a key with the right scope, and the scheme in any case', async () => {
    const headers = { authorization: `bearer ${ingestKey}` }
    expect((await gateway.post('/v1/events', { text: 'a' }, headers)).status).toBe(202)
  })

  it.each(['/livez', '/readyz', '/openapi.json'])('answers %s to anyone', async (path) => {
    expect((await gateway.get(path)).status).toBe(200)
  })
})

describe('without keys', () => {
  it.each(['0.0.0.0', '::', '192.168.1.4', 'gateway.example'])(
    'refuses to listen on %s',
    (host) => {
      expect(() => gatewayUnderTest({ config: configWith({ host }) })).toThrow(
        expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(host) }),
      )
    },
  )

  it('answers at loopback names only, so that a rebound DNS name reaches nothing', async () => {
    const { app } = gatewayUnderTest()
    expect((await app.request('http://127.0.0.1:1/v1/results')).status).toBe(200)
    expect((await app.request('http://[::1]:1/v1/results')).status).toBe(200)
    const rebound = await app.request('http://evil.example/v1/results')
    expect(rebound.status).toBe(403)
  })
})

describe('isLoopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['localhost', true],
    ['::1', true],
    ['[::1]', true],
    ['0.0.0.0', false],
    ['127.0.0.1.example', false],
    ['localhost.example', false],
    ['::', false],
    ['', false],
  ])('%s: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected)
  })
})

describe('keys that are made while the gateway runs', () => {
  const key: ValidKey = {
    name: 'desk',
    scopes: ['read'],
    digest: createHash('sha256').update(readKey).digest(),
    expiresMs: 5_000,
  }
  const underTest = () => {
    let nowMs = 1_000
    let known: ValidKey[] = []
    const used: [string, number][] = []
    const keys: KeyRing = {
      keys: () => known,
      isUsed: () => known.length > 0,
      onUse: ({ name }, atMs) => used.push([name, atMs]),
    }
    const gateway = gatewayUnderTest({ keys, clock: () => nowMs, classifier: hamClassifier() })
    const set = (change: { known?: ValidKey[]; nowMs?: number }) => {
      known = change.known ?? known
      nowMs = change.nowMs ?? nowMs
    }
    return { gateway, set, used }
  }

  it('close an open gateway, and name the caller', async () => {
    const { gateway, set, used } = underTest()
    const open = await gateway.get('/v1/me')
    expect(open.json).toMatchObject({ caller: null, keysRequired: false, model: 'mail@3' })
    expect(open.json['scopes']).toEqual(['ingest', 'read', 'admin'])
    set({ known: [key] })
    expect((await gateway.get('/v1/me')).status).toBe(401)
    const known = await gateway.get('/v1/me', bearer(readKey))
    expect(known.json).toMatchObject({ caller: 'desk', scopes: ['read'], keysRequired: true })
    expect((await gateway.post('/v1/events', { text: 'a' }, bearer(readKey))).status).toBe(403)
    expect(used).toEqual([
      ['desk', 1_000],
      ['desk', 1_000],
    ])
  })

  it('are refused once they expire', async () => {
    const { gateway, set } = underTest()
    set({ known: [key], nowMs: 4_999 })
    expect((await gateway.get('/v1/me', bearer(readKey))).status).toBe(200)
    set({ nowMs: 5_000 })
    const late = await gateway.get('/v1/me', bearer(readKey))
    expect([late.status, late.json['detail']]).toEqual([
      401,
      'The API key expired at 1970-01-01T00:00:05.000Z; ask for a new one',
    ])
  })
})
