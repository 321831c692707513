// Keys, scopes, and what a gateway without keys may do.
import { describe, expect, it } from 'vitest'
import { isLoopback } from './auth.ts'
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
