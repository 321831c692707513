import { serve, type ServerType } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { createClient, type ClientOptions } from './client.ts'
import { GatewayError, GatewayUnreachable } from './gateway-error.ts'

const servers: ServerType[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A client of a real server on loopback. */
async function clientOf(app: Hono, options: ClientOptions = {}) {
  const port = await new Promise<number>((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () =>
      resolve((server.address() as AddressInfo).port),
    )
    servers.push(server)
  })
  return createClient({ baseUrl: `http://127.0.0.1:${port}/`, ...options })
}

const busy = (wait: string) =>
  Response.json(
    { title: 'busy', status: 503, detail: 'the queue is full', code: 'queue_full' },
    { status: 503, headers: { 'Retry-After': wait } },
  )

it('sends the key, reads the answer and types it', async () => {
  const app = new Hono()
  app.get('/v1/results/:id', (c) =>
    c.json({ id: c.req.param('id'), results: [], key: c.req.header('authorization') }),
  )
  const client = await clientOf(app, { key: () => 'secret' })
  const { data } = await client.routes.GET('/v1/results/{id}', {
    params: { path: { id: 'winnow.events/3/17' } },
  })
  expect(data).toEqual({ id: 'winnow.events/3/17', results: [], key: 'Bearer secret' })
})

it('rejects a refusal with its code, and a page of a proxy with its status', async () => {
  const app = new Hono()
  const problem = { title: 't', status: 403, detail: 'no scope', code: 'forbidden', scope: 'admin' }
  app.get('/v1/me', (c) => c.json(problem, 403))
  const client = await clientOf(app)
  const refused = await client.request('/v1/me').catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(GatewayError)
  expect(refused).toMatchObject({ code: 'forbidden', status: 403, message: 'no scope', problem })
  await expect(client.request('/elsewhere')).rejects.toMatchObject({ code: 'http_404' })
})

it('repeats a read after the time of Retry-After, and gives up when it has no try left', async () => {
  let calls = 0
  const app = new Hono()
  app.get('/v1/me', (c) => (++calls < 3 ? busy('0') : c.json({ calls })))
  const client = await clientOf(app)
  expect(await (await client.request('/v1/me')).json()).toEqual({ calls: 3 })
  calls = -10
  await expect(client.request('/v1/me')).rejects.toMatchObject({ code: 'queue_full' })
  expect(calls).toBe(-6)
})

it('does not wait longer than it may', async () => {
  let calls = 0
  const app = new Hono()
  app.get('/v1/me', () => (calls++, busy('3600')))
  const client = await clientOf(app, { retry: { waitMsMax: 1_000 } })
  await expect(client.request('/v1/me')).rejects.toMatchObject({ retryAfterMs: 3_600_000 })
  expect(calls).toBe(1)
})

it('repeats events with one key and the same body, and never a promotion', async () => {
  const seen: [string | undefined, string][] = []
  const app = new Hono()
  app.post('/v1/events', async (c) => {
    seen.push([c.req.header('idempotency-key'), await c.req.text()])
    return seen.length < 2 ? busy('0') : c.json({ ids: ['1'] }, 202)
  })
  let promotions = 0
  app.post('/v1/models/mail/promote', () => (promotions++, busy('0')))
  const client = await clientOf(app)
  expect(await client.sendEvents([{ text: 'Hello' }])).toEqual({ ids: ['1'] })
  expect(seen[0]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), '[{"text":"Hello"}]'])
  expect(seen[1]).toEqual(seen[0])
  const promotion = { method: 'POST', body: { version: '1' } } as const
  await expect(client.request('/v1/models/mail/promote', promotion)).rejects.toThrow(
    'queue is full',
  )
  expect(promotions).toBe(1)
})

it('says when nobody answers, and keeps the reason of an abort', async () => {
  const client = createClient({ baseUrl: 'http://127.0.0.1:9', retry: { retriesMax: 0 } })
  await expect(client.request('/v1/me')).rejects.toBeInstanceOf(GatewayUnreachable)
  const reason = new Error('left')
  const signal = AbortSignal.abort(reason)
  await expect(client.request('/v1/me', { signal })).rejects.toBe(reason)
})

it('reads all pages of results', async () => {
  const app = new Hono()
  const queries: string[] = []
  app.get('/v1/results', (c) => {
    queries.push(new URL(c.req.url).search)
    const at = Number(c.req.query('cursor') ?? 0)
    return c.json({ results: [{ id: `${at}` }], ...(at < 2 && { cursor: `${at + 1}` }) })
  })
  const client = await clientOf(app)
  const ids: string[] = []
  for await (const { id } of client.results({ label: 'spam' })) ids.push(id)
  expect(ids).toEqual(['0', '1', '2'])
  expect(queries).toEqual(['?label=spam', '?label=spam&cursor=1', '?label=spam&cursor=2'])
})

it('follows a stream and resumes it after the last result', async () => {
  const app = new Hono()
  const from: (string | undefined)[] = []
  app.get('/v1/stream', (c) => {
    from.push(c.req.header('last-event-id'))
    const start = from.length
    return streamSSE(c, async (stream) => {
      await stream.writeSSE({ event: 'ready', data: '{}' })
      await stream.write(': heartbeat\n\n')
      await stream.writeSSE({ event: 'result', id: `c${start}`, data: `{"id":"e${start}"}` })
      if (start > 1) await stream.writeSSE({ event: 'closed', data: '{"reason":"shutdown"}' })
    })
  })
  const client = await clientOf(app)
  const stop = new AbortController()
  const said: string[] = []
  for await (const message of client.stream({}, { signal: stop.signal })) {
    const { kind } = message
    if (kind === 'result') said.push(message.result.id)
    else said.push(kind === 'lost' ? message.reason : kind)
    if (said.length === 6) stop.abort()
  }
  const lost = 'the connection was lost'
  expect(said).toEqual(['ready', 'e1', lost, 'ready', 'e2', 'shutdown'])
  expect(from).toEqual([undefined, 'c1'])
})

it('ends a stream that may not be read', async () => {
  const app = new Hono()
  const problem = { title: 't', status: 401, detail: 'a key is needed', code: 'unauthorized' }
  app.get('/v1/stream', (c) => c.json(problem, 401))
  const client = await clientOf(app)
  await expect(client.stream().next()).rejects.toMatchObject({ code: 'unauthorized' })
})
