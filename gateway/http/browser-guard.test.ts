// A web page in a browser reaches nothing in a gateway without keys. Tries every route of the app,
// so that no new one can be forgotten.
import { describe, expect, it } from 'vitest'
import {
  configWith,
  gatewayUnderTest,
  hamClassifier,
  needsKey,
} from '../../tests/support/gateway-under-test.ts'

const base = 'http://127.0.0.1:18080'
/** What a page of another site can cause: a rebound name, a form or script, an image, a link. */
const foreign: [string, Record<string, string>, string?][] = [
  ['a name that was rebound', {}, 'http://evil.example:18080'],
  ['a foreign Host behind an absolute URL', { host: 'evil.example' }],
  ["a Host that only starts like the gateway's", { host: 'localhost.evil.example' }],
  ['a Host with a user in it', { host: 'evil.example:80@localhost' }],
  ['the Origin of another site', { origin: 'http://evil.example' }],
  ['the Origin of a file or a sandboxed frame', { origin: 'null' }],
  ['the Origin of another port', { origin: 'http://127.0.0.1:3000' }],
  ["the gateway's Origin with another scheme", { origin: 'https://127.0.0.1:18080' }],
  ['an image on another site', { 'sec-fetch-site': 'cross-site' }],
  ['an image on another port', { 'sec-fetch-site': 'same-site' }],
  ['two values of Sec-Fetch-Site', { 'sec-fetch-site': 'same-origin, cross-site' }],
]
/** What people, programs and the gateway's own pages send. */
const own: [string, Record<string, string>, string?][] = [
  ['a program', {}],
  ['a program on this host by name', {}, 'http://localhost:18080'],
  ['a program on this host by IPv6', { host: '[::1]:18080' }, 'http://[::1]:18080'],
  ['an address typed by a person', { 'sec-fetch-site': 'none' }],
  ['a page of the gateway', { 'sec-fetch-site': 'same-origin', origin: base }],
]

function underTest(keys: { key: string; scopes: ('ingest' | 'read')[] }[] = []) {
  const gateway = gatewayUnderTest({ config: configWith({ keys }), classifier: hamClassifier() })
  const routes = gateway.app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => [method, path.replace(/:\w+(\{.*\})?/, 'a-1')] as const)
  const paths = [...new Set(routes.map(([, path]) => path)), '/', '/nowhere', '/v1/events/']
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
  const every = paths.flatMap((path) => methods.map((method) => [method, path] as const))
  const ask = (method: string, path: string, headers: Record<string, string>, at = base) =>
    gateway.app.request(`${at}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(['GET', 'HEAD'].includes(method) ? {} : { body: '{"id":"a","text":"b"}' }),
    })
  return { ...gateway, routes, every, ask }
}

describe('a gateway without keys', () => {
  it.each(foreign)('refuses %s on every route and at unknown addresses', async (_, headers, at) => {
    const gateway = underTest()
    expect(gateway.routes.length).toBeGreaterThan(8)
    for (const [method, path] of gateway.every) {
      const response = await gateway.ask(method, path, headers, at)
      expect([method, path, response.status]).toEqual([method, path, 403])
      expect(response.headers.get('x-request-id')).toBeTruthy()
    }
    expect([gateway.published, gateway.labels, gateway.filters]).toEqual([[], [], []])
  })

  it.each(own)('lets %s pass', async (_, headers, at) => {
    const gateway = underTest()
    for (const [method, path] of gateway.every) {
      expect((await gateway.ask(method, path, headers, at)).status).not.toBe(403)
    }
    expect(gateway.published).not.toEqual([])
  })
})

describe('a gateway with keys', () => {
  it.each(foreign)('gives %s nothing that needs a key', async (_, headers, at) => {
    const gateway = underTest([{ key: 'reader-key-0123456789', scopes: ['read'] }])
    for (const [method, path] of gateway.routes) {
      const { status } = await gateway.ask(method, path, headers, at)
      expect(status).toBe(needsKey(path) ? 401 : 200)
    }
    expect([gateway.published, gateway.labels, gateway.filters]).toEqual([[], [], []])
  })

  it('allows no other origin to send its key', async () => {
    const gateway = underTest([{ key: 'reader-key-0123456789', scopes: ['read'] }])
    for (const [, path] of gateway.routes) {
      const preflight = await gateway.ask('OPTIONS', path, { origin: 'http://evil.example' })
      expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
        405,
        null,
      ])
    }
  })
})
