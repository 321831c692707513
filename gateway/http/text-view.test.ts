// With the scope read-masked, no route shows what identifies a person. Every GET route is asked over
// dependencies whose texts hold an address, so that no new one can be forgotten.
import { describe, expect, it } from 'vitest'
import { controlInMemory } from '../../tests/support/control-in-memory.ts'
import {
  configWith,
  gatewayUnderTest,
  hamClassifier,
  storedResult,
} from '../../tests/support/gateway-under-test.ts'
import { sampleDeadLetters } from '../../tests/support/sample-dead-letters.ts'

const address = 'ann@example.org'
const keys = {
  whole: { key: 'whole-key-0123456789', scopes: ['ingest' as const, 'read' as const] },
  masked: { key: 'masked-key-0123456789', scopes: ['ingest' as const, 'read-masked' as const] },
}
/** Fields of the dependencies that hold what others wrote. */
const written = ['text', 'message']

/** The same value, with the address in everything that others wrote. */
function withAddress(value: unknown, name = ''): unknown {
  if (value instanceof Uint8Array) return Buffer.concat([value, Buffer.from(address)])
  if (typeof value === 'string') return written.includes(name) ? `${value} ${address}` : value
  if (Array.isArray(value)) return value.map((each) => withAddress(each))
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).map(([key, each]) => [key, withAddress(each, key)])
  const attributes = 'attributes' in value ? { attributes: { from: address } } : {}
  return { ...(Object.fromEntries(entries) as object), ...attributes }
}

/** A dependency all of whose answers hold the address. */
function addressed<T extends object>(dependency: T): T {
  return new Proxy(dependency, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...given: unknown[]) => {
        const answer: unknown = Reflect.apply(member, target, given)
        return answer instanceof Promise ? answer.then((one) => withAddress(one)) : answer
      }
    },
  })
}

function underTest() {
  const { registry, runs, labelling, audit } = controlInMemory()
  const gateway = gatewayUnderTest({
    config: configWith({ keys: Object.values(keys) }),
    classifier: hamClassifier(),
    ...{ registry: addressed(registry), runs: addressed(runs), labelling: addressed(labelling) },
    audit,
    deadLetters: addressed(sampleDeadLetters([])),
    results: addressed({
      byId: () => Promise.resolve([storedResult]),
      list: () => Promise.resolve({ results: [storedResult] }),
    }),
    outcomes: addressed({
      newestResults: (ids: readonly string[]) =>
        Promise.resolve(ids.map((eventId) => ({ ...storedResult, eventId }))),
      deadLetters: () => Promise.resolve([]),
    }),
  })
  const ask = async (path: string, { key }: { key: string }, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const response = await gateway.app.request(path, { ...init, headers })
    return { status: response.status, text: await response.text() }
  }
  return { ...gateway, ask }
}

/** Values of path parameters that the dependencies know. */
const known: Readonly<Record<string, string>> = {
  id: 'winnow.events/3/18',
  name: 'mail',
  run: '20260131T120501-mail-1f9c2e',
  version: '3',
  model: 'mail',
  file: 'a.js',
}
const queries: Readonly<Record<string, string>> = { '/v1/models/mail/compare': '?a=2&b=3' }

describe('the scope read-masked', () => {
  it('shows no address on any GET route, where read shows some', async () => {
    const { app, ask } = underTest()
    const paths = app.routes
      .filter(({ method, path }) => method === 'GET' && path !== '/v1/stream')
      .map(({ path }) => path.replace(/:(\w+)(\{.*\})?/g, (_, name: string) => known[name] ?? 'a'))
      .map((path) =>
        path === '/v1/labelling/similar/winnow.events/3/18' ? '/v1/labelling/similar/b' : path,
      )
    const shown: string[] = []
    for (const path of new Set(paths)) {
      const whole = await ask(`${path}${queries[path] ?? ''}`, keys.whole)
      if (whole.text.includes(address)) shown.push(path)
      const masked = await ask(`${path}${queries[path] ?? ''}`, keys.masked)
      expect([path, masked.text.includes(address)]).toEqual([path, false])
      expect([path, decoded(masked.text).includes(address)]).toEqual([path, false])
    }
    expect(shown).toEqual(
      expect.arrayContaining([
        '/v1/results',
        '/v1/results/winnow.events/3/18',
        '/v1/dead-letters',
        '/v1/dead-letters/winnow.events/3/18',
        '/v1/labelling/queue',
        '/v1/labelling/suspicious',
        '/v1/labelling/similar/b',
        '/v1/models/mail/versions/3/report',
        '/v1/runs/20260131T120501-mail-1f9c2e/report',
      ]),
    )
  })

  it('shows masked texts and attributes of results, and of events that were waited for', async () => {
    const { ask } = underTest()
    const page = JSON.parse((await ask('/v1/results', keys.masked)).text) as {
      results: { text: string; attributes: object }[]
    }
    expect(page.results[0]).toMatchObject({
      text: `${storedResult.text} [mail]`,
      attributes: { from: '[mail]' },
    })
    const init = { method: 'POST', body: JSON.stringify({ text: 'hello' }) }
    const awaited = await ask('/v1/events?wait=5', keys.masked, init)
    expect([awaited.status, awaited.text.includes('[mail]')]).toEqual([200, true])
    expect(awaited.text).not.toContain(address)
  })

  it.each([
    ['/v1/results?q=ann', 'The parameter q searches texts as they are stored'],
    ['/v1/stream?q=ann', 'The parameter q searches texts as they are stored'],
    ['/v1/models/mail/versions/3/report', 'Reports quote texts as they are stored'],
  ])('is refused %s', async (path, reason) => {
    const { ask, filters } = underTest()
    const { status, text } = await ask(path, keys.masked)
    expect([status, JSON.parse(text)]).toEqual([
      403,
      expect.objectContaining({ code: 'forbidden', detail: expect.stringContaining(reason) }),
    ])
    expect(filters).toEqual([])
  })

  it('shows in /v1/me', async () => {
    const { ask } = underTest()
    expect(JSON.parse((await ask('/v1/me', keys.masked)).text)).toMatchObject({
      scopes: ['ingest', 'read-masked'],
      textsMasked: true,
    })
    expect(JSON.parse((await ask('/v1/me', keys.whole)).text)).toMatchObject({ textsMasked: false })
  })
})

/** What the Base64 strings of a document hold. */
function decoded(json: string): string {
  const strings = json.match(/"[A-Za-z0-9+/=]{8,}"/g) ?? []
  return strings.map((each) => Buffer.from(each.slice(1, -1), 'base64').toString()).join(' ')
}
