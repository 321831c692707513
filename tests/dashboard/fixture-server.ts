// A server that answers as the gateway does, on fixture-world.ts, and serves the built dashboard
// under the policy of the gateway. The dashboard is developed, photographed and tested on it.
import { serve } from '@hono/node-server'
import { Hono, type Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { addControlRoutes } from './fixture-control.ts'
import { makeWorld, wordWeights, type World, type WorldResult } from './fixture-world.ts'

/** A running fixture. */
export type Fixture = {
  readonly url: string
  readonly world: World
  /** Texts of the requests that changed something, newest last. */
  readonly changes: { readonly path: string; readonly body: unknown }[]
  readonly close: () => Promise<void>
}

/** What the fixture pretends. */
export type FixtureOptions = {
  readonly port?: number
  /** Requires this key; it may only read. */
  readonly readKey?: string
  /** Instead of the mails of the demo. */
  readonly texts?: readonly string[]
  /** How often an event arrives; 0: never. */
  readonly everyMs?: number
  /** Epoch milliseconds at which the time stands still. */
  readonly frozenMs?: number
}

const dist = join(import.meta.dirname, '..', '..', 'dashboard', 'dist')
const policy = [
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
  "font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Starts the fixture; close it. */
export async function startFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const world = await makeWorld(options.texts, () => options.frozenMs ?? Date.now())
  const changes: Fixture['changes'] = []
  const app = new Hono()
  const { readKey } = options
  app.use('/v1/*', async (c, next) => {
    const given = c.req.header('authorization')
    if (readKey !== undefined && c.req.path !== '/v1/nothing' && given !== `Bearer ${readKey}`) {
      return problem(401, 'unauthorized', 'Send the API key as "Authorization: Bearer KEY"')
    }
    if (c.req.method === 'POST') {
      const body: unknown = await c.req.raw.clone().json()
      changes.push({ path: c.req.path, body })
    }
    await next()
    return undefined
  })
  app.get('/v1/me', (c) =>
    c.json({
      caller: readKey === undefined ? null : 'reports',
      scopes: readKey === undefined ? ['ingest', 'read', 'admin'] : ['read'],
      keysRequired: readKey !== undefined,
      model: `mail@${world.champion}`,
      ...{ explain: true, version: '0.1.0', textsMasked: false },
    }),
  )
  addReadRoutes(app, world)
  addOnlineRoutes(app, world)
  addControlRoutes(app, world)
  app.get('/assets/:file', (c) => asset(c, join(dist, 'assets', c.req.param('file'))))
  app.get('/', (c) => asset(c, join(dist, 'index.html')))
  const { everyMs = 400 } = options
  const arrive = () => world.arrive(world.nextMail())
  const timer = everyMs === 0 ? undefined : setInterval(arrive, everyMs)
  const server = serve({ fetch: app.fetch, port: options.port ?? 0, hostname: '127.0.0.1' })
  await new Promise<void>((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...{ url: `http://127.0.0.1:${port}`, world, changes },
    close: () => {
      clearInterval(timer)
      if ('closeAllConnections' in server) server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function asset(c: Context, path: string): Response {
  const types = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css' }
  const type = types[path.split('.').at(-1) as keyof typeof types]
  c.header('Content-Security-Policy', policy)
  return c.body(readFileSync(path), 200, { 'Content-Type': type })
}

/** A refusal as the gateway writes it. */
function problem(status: 401 | 404 | 422, code: string, detail: string): Response {
  const title = code === 'unauthorized' ? 'A valid API key is needed.' : 'The request was refused.'
  const document = { type: `urn:winnow:error:${code}`, title, status, detail, code }
  return Response.json(document, { status })
}

function addReadRoutes(app: Hono, world: World): void {
  app.get('/v1/results/:id{.+}', (c) => {
    const id = decodeURIComponent(c.req.param('id'))
    const results = world.results.filter((result) => result.id === id)
    return results.length === 0
      ? problem(404, 'not_found', 'There is no result for this event id')
      : c.json({ id, results })
  })
  app.get('/v1/results', (c) => {
    const query = c.req.query()
    const limit = Number(query['limit'] ?? 100)
    const from = Number(query['cursor'] ?? 0)
    const since = Number(query['since'] ?? 0)
    const found = world.results
      .filter((result) => Date.parse(result.classifiedAt) >= since && isWanted(result, query))
      .reverse()
    const rest = found.length > from + limit ? { cursor: String(from + limit) } : {}
    return c.json({ results: found.slice(from, from + limit), ...rest })
  })
  app.get('/v1/stream', (c) => {
    const query = c.req.query()
    let at = Number(c.req.header('last-event-id') ?? world.results.length)
    return streamSSE(c, async (stream) => {
      await stream.writeSSE({ event: 'ready', data: '{}' })
      while (!stream.aborted) {
        for (; at < world.results.length; at++) {
          const result = world.results[at]!
          if (!isWanted(result, query)) continue
          const data = JSON.stringify(result)
          await stream.writeSSE({ event: 'result', id: String(at + 1), data })
        }
        await stream.sleep(100)
      }
    })
  })
  app.get('/v1/analytics/summary', (c) => c.json(summaryOf(world, c.req.query())))
  app.get('/v1/analytics/lag', (c) => {
    const partitions = [0, 1, 2, 3].map((partition) => {
      const lag = partition === 2 ? 14 : partition
      return { partition, lag, committed: 9_000 - lag, end: 9_000 }
    })
    const lag = partitions.reduce((sum, one) => sum + one.lag, 0)
    const consumer = { group: 'winnow', stage: 'validate..infer', topic: 'winnow.events' }
    return c.json({ consumers: [{ ...consumer, lag, partitions }] })
  })
  app.get('/v1/analytics/balance', (c) => {
    const rows = world.results.length
    const openDeadLetters = world.letters.filter(({ open }) => open).length
    const waiting = 18
    const records = rows + openDeadLetters + waiting
    const topic = {
      topic: 'winnow.events',
      records,
      rows,
      openDeadLetters,
      filtered: 0,
      waiting,
      replays: 0,
      difference: 0,
    }
    return c.json({ topics: [topic] })
  })
}

function isWanted(result: WorldResult, query: Record<string, string>): boolean {
  const { label, source, model, q, scoreBelow } = query
  return (
    (label === undefined || result.label === label) &&
    (source === undefined || result.source === source) &&
    (model === undefined || result.model === model) &&
    (q === undefined || result.text.toLowerCase().includes(q.toLowerCase())) &&
    (scoreBelow === undefined || result.score < Number(scoreBelow))
  )
}

function summaryOf(world: World, query: Record<string, string>) {
  const [since, until] = [Number(query['since']), Number(query['until'])]
  const buckets = Number(query['buckets'] ?? 60)
  const bucketMs = (until - since) / buckets
  const found = world.results.filter((result) => {
    const at = Date.parse(result.classifiedAt)
    return at >= since && at < until && isWanted(result, query)
  })
  const letters = world.letters.filter(({ rejectedAt }) => Date.parse(rejectedAt) >= since)
  const series = Array.from({ length: buckets }, (_, at) => {
    const from = since + at * bucketMs
    const own = found.filter(({ classifiedAt }) => {
      const time = Date.parse(classifiedAt)
      return time >= from && time < from + bucketMs
    })
    return {
      time: new Date(from).toISOString(),
      events: own.length,
      labels: counts(own.map(({ label }) => label)),
      totalMs: quantiles(own.map(({ totalMs }) => totalMs)),
      deadLetters: 0,
    }
  })
  const listed = (values: string[], name: string) =>
    Object.entries(counts(values)).map(([value, events]) => ({ [name]: value, events }))
  const tokens = found.reduce((sum, one) => sum + one.tokens, 0)
  const batches = Math.ceil(found.length / 6.4)
  const models = listed(
    found.map(({ model }) => model),
    'model',
  )
  return {
    since: new Date(since).toISOString(),
    until: new Date(until).toISOString(),
    bucketSeconds: bucketMs / 1_000,
    events: found.length,
    eventsPerSecond: found.length / ((until - since) / 1_000),
    labels: listed(
      found.map(({ label }) => label),
      'label',
    ),
    sources: listed(
      found.map(({ source }) => source),
      'source',
    ),
    models: models.map((one) => ({ ...one, role: 'champion' })),
    latencyMs: {
      queue: quantiles(found.map(({ queueMs }) => queueMs)),
      infer: quantiles(found.map(({ inferMs }) => inferMs)),
      total: quantiles(found.map(({ totalMs }) => totalMs)),
    },
    batches: {
      ...{ batches, texts: found.length, tokens, paddedTokens: Math.ceil(tokens * 1.084) },
      textsPerBatch: batches === 0 ? null : found.length / batches,
      waitMs: quantiles(found.map(({ queueMs }) => queueMs)),
      runMs: quantiles(found.map(({ inferMs }) => inferMs)),
    },
    workers: [0, 1].map((worker) => ({
      worker,
      model: `mail@${world.champion}`,
      use: 0.42 - worker * 0.17,
    })),
    cache: { hits: Math.floor(found.length * 0.12), misses: Math.ceil(found.length * 0.88) },
    deadLetters: {
      total: letters.length,
      open: letters.filter(({ open }) => open).length,
      codes: listed(
        letters.map(({ code }) => code),
        'code',
      ),
    },
    series,
  }
}

function counts(values: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const value of values) found[value] = (found[value] ?? 0) + 1
  return found
}

function quantiles(values: number[]) {
  if (values.length === 0) return null
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}

function addOnlineRoutes(app: Hono, world: World): void {
  app.post('/v1/classify', async (c) => {
    const { texts, model = `mail@${world.champion}` } = await c.req.json<{
      texts: string[]
      model?: string
    }>()
    const kept = world.champion
    world.champion = model.split('@')[1]!
    const results = texts.map((text) => {
      const { label, score, labels, outOfScope, probabilities, tokens, truncated } = world.arrive({
        text,
      })
      world.results.pop()
      const answer = { label, score, labels, outOfScope, probabilities, tokens, truncated }
      return { ...answer, answeredBy: '' }
    })
    world.champion = kept
    return c.json({ model, results })
  })
  app.post('/v1/tokenize', async (c) => {
    const { texts, model = `mail@${world.champion}` } = await c.req.json<{
      texts: string[]
      model?: string
    }>()
    const results = texts.map((text) => {
      const words = [...text.matchAll(/\w+|[^\w\s]/g)].slice(0, 254)
      const tokens = words.map((word) => ({
        ...{ text: word[0].toLowerCase(), start: word.index, end: word.index + word[0].length },
        id: 1_000 + word[0].length,
        special: false,
      }))
      const special = (name: string, id: number) => ({
        ...{ text: name, start: 0, end: 0, id },
        special: true,
      })
      return { tokens: [special('[CLS]', 101), ...tokens, special('[SEP]', 102)], truncated: false }
    })
    return c.json({ model, results })
  })
  app.post('/v1/explain', async (c) => {
    const { text, label = 'spam' } = await c.req.json<{ text: string; label?: string }>()
    const sign = label === 'spam' ? 1 : -1
    const words = [...text.matchAll(/[A-Za-z]+/g)].map((word) => ({
      ...{ text: word[0], start: word.index, end: word.index + word[0].length },
      attribution: sign * (wordWeights[word[0].toLowerCase()] ?? 0),
    }))
    await new Promise((resolve) => setTimeout(resolve, 120))
    return c.json({
      ...{ model: `mail@${world.champion}`, label, score: 0.97, method: 'integrated-gradients' },
      ...{ completenessGap: 0.004, truncated: text.length > 1_075, tokens: words, words },
    })
  })
  app.post('/v1/events', async (c) => {
    const events = await c.req.json<{ id?: string; text: string; source?: string }[]>()
    if (events.some(({ text }) => typeof text !== 'string' || text.trim() === '')) {
      return problem(422, 'items_invalid', '1 of 1 events is invalid; nothing was published')
    }
    return c.json({ ids: events.map((event) => world.arrive(event).id) }, 202)
  })
  app.post('/v1/labels', async (c) => {
    const labels = await c.req.json<{ id: string; label: string | null; by?: string }[]>()
    for (const { id, label, by = '' } of labels) world.labels.push({ id, label, by })
    return c.json({ accepted: labels.length }, 202)
  })
}

if (import.meta.main) {
  const port = Number(process.argv[2] ?? 18_099)
  const { url } = await startFixture({ port })
  console.log(`The dashboard on made-up events: ${url} (Control + C ends it)`)
}
