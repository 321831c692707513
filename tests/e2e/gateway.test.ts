// The gateway and the stream as two processes on the real stack: posted events become rows, retries
// add nothing, refusals say what to do, and both processes end cleanly.
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { startWinnow, winnow, type Running } from '../support/cli.ts'
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, trainTestModel, type Workspace } from '../support/workspace.ts'

type Result = { id: string; label: string; score: number; text: string; source: string }

let space: Workspace
let gateway: Running
let stream: Running
const running: Running[] = []
/** Relays ClickHouse to the gateway only, so that the test can cut it off. */
let analyticsProxy: TcpProxy
let url: string

beforeAll(async () => {
  space = await openWorkspace(inject('stack'))
  analyticsProxy = await openTcpProxy(new URL(space.config.clickhouse.url).host)
  const env = { ...space.env, WINNOW_CLICKHOUSE_URL: `http://${analyticsProxy.address}` }
  ;[gateway, stream] = await Promise.all([
    startWinnow(['serve'], { env }),
    startWinnow(['stream', '--stages', 'validate..infer'], { env: space.env }),
  ])
  running.push(gateway, stream)
  url = String(gateway.document['url'])
})

afterAll(async () => {
  await Promise.all(running.map((one) => one.stop()))
  await analyticsProxy.close()
  await space.close()
})

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const json = (await response.json()) as Record<string, unknown>
  return { status: response.status, headers: response.headers, json }
}

async function get(path: string) {
  const response = await fetch(`${url}${path}`)
  const json = (await response.json()) as Record<string, unknown>
  return { status: response.status, headers: response.headers, json }
}

/** The results of events, once all of them have one. */
function resultsOf(ids: readonly string[]): Promise<Result[]> {
  return until(
    `results of ${ids.length} events`,
    async () => {
      const answers = await Promise.all(
        ids.map((id) => get(`/v1/results/${encodeURIComponent(id)}`)),
      )
      const results = answers.flatMap(({ json }) => (json['results'] ?? []) as Result[])
      return results.length >= ids.length ? results : undefined
    },
    30_000,
  )
}

async function rowsOf(ids: readonly string[]): Promise<number> {
  const [row] = await space.analytics.rows<{ n: number }>(
    'SELECT count() AS n FROM classifications WHERE event_id IN {ids: Array(String)}',
    { ids },
  )
  return row!.n
}

describe('POST /v1/events', () => {
  it('makes one event a row that SQL and the API have within a second', async () => {
    // The first event of a new group also waits for the group to form and for code to compile.
    const first = await post('/v1/events', { text: 'to warm up' })
    await resultsOf(first.json['ids'] as string[])
    // Other tests keep the processor busy, so the fastest of a few events counts.
    let fastestMs = Infinity
    for (let tries = 0; tries < 10 && fastestMs >= 1_000; tries++) {
      const { status, json } = await post('/v1/events', { text: 'where is my parcel?' })
      const acceptedMs = performance.now()
      expect(status).toBe(202)
      const ids = json['ids'] as string[]
      expect(ids).toHaveLength(1)
      const [result] = await resultsOf(ids)
      expect(await rowsOf(ids)).toBe(1)
      fastestMs = Math.min(fastestMs, performance.now() - acceptedMs)
      expect(result).toMatchObject({ id: ids[0], text: 'where is my parcel?', label: 'parcel' })
    }
    expect(fastestMs).toBeLessThan(1_000)
  })

  it('takes an array and NDJSON, with the fields of each event', async () => {
    const id = `array-${Date.now()}`
    const array = await post('/v1/events', [
      { id, text: 'please refund me', source: 'chat', attributes: { lang: 'en' }, label: 'refund' },
      { text: 'thank you, I love it', time: '2026-01-02T03:04:05+01:00' },
    ])
    const lines = '{"text":"my money back"}\n\n{"text":"wonderful item"}\n'
    const ndjson = await post('/v1/events', lines, { 'content-type': 'application/x-ndjson' })
    expect([array.status, ndjson.status]).toEqual([202, 202])
    const ids = [array, ndjson].flatMap(({ json }) => json['ids'] as string[])
    expect(ids[0]).toBe(id)
    const results = await resultsOf(ids)
    expect(results[0]).toMatchObject({ source: 'chat', attributes: { lang: 'en' } })
    expect(results[1]).toMatchObject({ eventTime: '2026-01-02T02:04:05.000Z' })
    expect(results.map((one) => one.text)).toEqual([
      'please refund me',
      'thank you, I love it',
      'my money back',
      'wonderful item',
    ])
    const labels = await space.analytics.rows(
      'SELECT label, labelled_by FROM labels WHERE event_id = {id: String}',
      { id },
    )
    expect(labels).toEqual([{ label: 'refund', labelled_by: 'producer' }])
  })

  it('names each wrong event by its index and publishes none of the request', async () => {
    const id = `never-${Date.now()}`
    const { status, json } = await post('/v1/events', [
      { id, text: 'a good one' },
      { tex: 'a typo' },
      { text: 7 },
      'no object',
    ])
    expect(status).toBe(422)
    expect(json).toMatchObject({ code: 'items_invalid', status: 422 })
    const errors = json['errors'] as { index: number; code: string }[]
    expect(new Set(errors.map((error) => error.index))).toEqual(new Set([1, 2, 3]))
    expect(errors).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ index: 1, code: 'field_missing', field: 'text' }),
        expect.objectContaining({ index: 3, code: 'event_not_object' }),
      ]),
    )
    // Everything published before this event has its row when this one has.
    const next = await post('/v1/events', { id: `${id}-next`, text: 'after it' })
    await resultsOf(next.json['ids'] as string[])
    expect(await rowsOf([id])).toBe(0)
  })

  it('gives a retry with the same Idempotency-Key the same ids, and no second row', async () => {
    const headers = { 'idempotency-key': `key-${Date.now()}` }
    const body = [{ text: 'order 1 is late' }, { text: 'order 2 is late' }]
    const answers = [
      await post('/v1/events', body, headers),
      ...(await Promise.all([1, 2].map(() => post('/v1/events', body, headers)))),
    ]
    const [ids] = answers.map(({ json }) => json['ids'] as string[])
    for (const { status, json } of answers) {
      expect(status).toBe(202)
      expect(json['ids']).toEqual(ids)
    }
    await resultsOf(ids!)
    // Another gateway does not know the key; the stream drops the repeated events by their ids.
    const other = await startWinnow(['serve'], {
      env: { ...space.env, WINNOW_GATEWAY_MODELS: 'false', WINNOW_STATE: `${space.dir}/other` },
    })
    const again = await fetch(`${String(other.document['url'])}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    expect(await again.json()).toEqual({ ids })
    expect(await other.stop()).toBe(0)
    await until('the repeated events are dropped', async () => {
      const letters = await space.analytics.rows(
        `SELECT 1 FROM dead_letters WHERE code = 'duplicate_id'`,
      )
      return letters.length === 2
    })
    expect(await rowsOf(ids!)).toBe(2)
    const conflict = await post('/v1/events', [{ text: 'something else' }], headers)
    expect(conflict.json).toMatchObject({ status: 409, code: 'idempotency_conflict' })
  })
})

describe('POST /v1/classify', () => {
  it('gives the label and score of the stream, cleaning as it does', async () => {
    const texts = [
      sampleText(1).text,
      'Cafe\u0301   where is\r\n\r\n\r\nmy\u0007 parcel\ufeff',
      '日本語 🙂 refund',
      'x '.repeat(500),
    ]
    const published = await post('/v1/events', texts.map((text) => ({ text }))) // prettier-ignore
    const stored = await resultsOf(published.json['ids'] as string[])
    const { status, json } = await post('/v1/classify', { texts })
    expect(status).toBe(200)
    const online = json['results'] as (Result & { truncated: boolean })[]
    expect(online.map(({ label, score }) => ({ label, score: Math.fround(score) }))).toEqual(
      stored.map(({ label, score }) => ({ label, score: Math.fround(score) })),
    )
    expect(stored[1]!.text).toBe('Café where is\nmy parcel')
    expect(online[3]!.truncated).toBe(true)
  })
})

describe('the protocols of other servers', () => {
  it('give the label and score of /v1/classify, and those of a version that does not serve', async () => {
    await trainTestModel(space.storeDir, { name: 'other', relabel: (label) => `other-${label}` })
    const texts = [sampleText(1).text, sampleText(2).text]
    const own = await post('/v1/classify', { texts })
    const [first] = own.json['results'] as Result[]
    const inputs = [{ name: 'text', shape: [2], datatype: 'BYTES', data: texts }]
    const inferred = await post('/v2/models/test/infer', { inputs, outputs: [{ name: 'score' }] })
    const [scores] = inferred.json['outputs'] as { data: number[] }[]
    expect(scores!.data[0]).toBe(first!.score)
    const predicted = await post('/predict', { inputs: texts[0] })
    expect(predicted.json).toMatchObject({ 0: { label: first!.label } })
    const other = await post('/v1/classify', { texts, model: 'other@1' })
    const results = other.json['results'] as Result[]
    expect(results[0]!.label).toBe(`other-${first!.label}`)
    const embedded = await post('/v1/embeddings', { input: texts, model: 'other' })
    expect([embedded.json['model'], (embedded.json['data'] as object[]).length]).toEqual([
      'other@1',
      2,
    ])
    expect((await post('/v1/classify', { texts, model: 'nobody' })).status).toBe(404)
  })
})

describe('POST /v1/explain', () => {
  it('explains the label of a stored row as `winnow explain --row` does', async () => {
    const posted = await post('/v1/events', { text: '  where is\u0007 my   parcel 😀?' })
    const [id] = posted.json['ids'] as string[]
    await resultsOf([id!])
    const [row] = await space.analytics.rows<{ place: string; text: string; label: string }>(
      `SELECT concat(topic, '/', toString(partition), '/', toString(offset)) AS place, text, label
       FROM classifications WHERE event_id = {id: String}`,
      { id },
    )
    const { text, label, place } = row!
    const online = await post('/v1/explain', { text, label })
    expect(online.status).toBe(200)
    const offline = await winnow(['explain', '--row', place, '--json'], { env: space.env })
    expect(offline.stderr).toBe('')
    expect(JSON.parse(offline.stdout)).toEqual({
      ...online.json,
      row: expect.objectContaining({ eventId: id, text, label, role: 'champion' }) as unknown,
    })
    const words = online.json['words'] as { text: string; start: number; end: number }[]
    expect(words.map((word) => word.text)).toContain('parcel')
    for (const word of words) expect(text.slice(word.start, word.end)).toBe(word.text)
  })

  it('leaves room for events when callers ask for more than it takes', async () => {
    const texts = Array.from({ length: 40 }, (_, at) => `${sampleText(at).text} `.repeat(20))
    const asked = texts.map((text) => post('/v1/explain', { text }))
    const startMs = performance.now()
    expect((await post('/v1/events', { text: 'in between' })).status).toBe(202)
    expect((await post('/v1/classify', { texts: ['in between'] })).status).toBe(200)
    expect(performance.now() - startMs).toBeLessThan(5_000)
    const answers = await Promise.all(asked)
    const refused = answers.filter(({ status }) => status === 503)
    expect(refused.length).toBeGreaterThan(0)
    for (const { json, headers } of refused) {
      expect([json['code'], headers.get('retry-after')]).toEqual(['queue_full', '1'])
    }
    expect(answers.some(({ status }) => status === 200)).toBe(true)
  })

  it('says what is wrong with a row', async () => {
    const explain = (...args: string[]) => winnow(['explain', ...args], { env: space.env })
    const missing = await explain('--row', 'winnow.events/0/999999999')
    expect(missing).toMatchObject({ status: 1, stdout: '' })
    expect(missing.stderr).toContain('There is no row of winnow.events/0/999999999')
  })
})

describe('GET /v1/results', () => {
  it('pages through everything exactly once', async () => {
    const source = `pages-${Date.now()}`
    const events = Array.from({ length: 57 }, (_, at) => ({ text: sampleText(at).text, source }))
    const published = await post('/v1/events', events)
    await resultsOf(published.json['ids'] as string[])
    const found: string[] = []
    let query = `source=${source}&limit=10`
    for (let cursor: unknown = ''; cursor !== undefined;) {
      const { status, json } = await get(`/v1/results?${query}`)
      expect(status).toBe(200)
      found.push(...(json['results'] as Result[]).map((one) => one.id))
      cursor = json['cursor']
      query = `source=${source}&limit=10&cursor=${encodeURIComponent(String(cursor))}`
    }
    expect(found).toHaveLength(57)
    expect(new Set(found)).toEqual(new Set(published.json['ids'] as string[]))
  })
})

describe('/readyz and /metrics', () => {
  it('is unready while ClickHouse is away, alive all the time, and takes events', async () => {
    expect((await get('/readyz')).json).toMatchObject({ ready: true })
    analyticsProxy.cut()
    try {
      const unready = await until('unready', async () => {
        const answer = await get('/readyz')
        return answer.status === 503 ? answer : undefined
      })
      expect(unready.json).toMatchObject({
        ready: false,
        checks: expect.arrayContaining([
          expect.objectContaining({ name: 'kafka', state: 'ok' }),
          expect.objectContaining({ name: 'clickhouse', code: 'analytics_unavailable' }),
        ]) as unknown,
      })
      expect((await get('/livez')).status).toBe(200)
      const list = await get('/v1/results')
      expect(list.status).toBe(503)
      expect(list.json['code']).toBe('analytics_unavailable')
      expect(list.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(JSON.stringify(list.json)).not.toContain('127.0.0.1')
      // The log line of this request contains its path.
      expect((await get('/v1/results/%1B%5B2J%0Aforged')).status).toBe(503)
      expect((await post('/v1/events', { text: 'still taken' })).status).toBe(202)
    } finally {
      analyticsProxy.restore()
    }
    await until('ready again', async () => (await get('/readyz')).status === 200)
  })

  it('counts requests by route and batches of texts', async () => {
    const text = await (await fetch(`${url}/metrics`)).text()
    expect(text).toMatch(
      /winnow_http_request_seconds_count\{route="\/v1\/events",method="POST",status="202"\} \d+/,
    )
    expect(text).toMatch(/winnow_http_request_seconds_count\{route="\/v1\/results\/\{id\}"/)
    expect(text).toMatch(/winnow_tokens_total [1-9]/)
    expect(text).not.toMatch(/parcel|pages-/)
  })
})

/** A request whose body the test sends step by step. */
function slowPost(target: string) {
  const request = httpRequest(`${target}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  })
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (part: string) => (body += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
  })
  return { request, answer }
}

describe('a gateway of its own', () => {
  const open = (settings: Record<string, string>) =>
    startWinnow(['serve'], {
      env: {
        ...space.env,
        WINNOW_GATEWAY_MODELS: 'false',
        WINNOW_STATE: `${space.dir}/own`,
        ...settings,
      },
    })

  it('has room for others beside a slow body, and on SIGTERM finishes what it took', async () => {
    const own = await open({ WINNOW_GATEWAY_REQUESTS_MAX: '1' })
    const target = String(own.document['url'])
    const { request, answer } = slowPost(target)
    request.write('[{"text":"a slow')
    expect((await fetch(`${target}/v1/results`)).status).toBe(200)
    expect((await fetch(`${target}/livez`)).status).toBe(200)
    const stopped = own.stop()
    await until('no new connections', () =>
      fetch(`${target}/livez`).then(
        () => false,
        () => true,
      ),
    )
    request.end(' one"}]')
    const { status, body } = await answer
    expect(status).toBe(202)
    expect(await stopped).toBe(0)
    await resultsOf((JSON.parse(body) as { ids: string[] }).ids)
    expect(own.output().stderr).not.toMatch(/Error|error/)
  })

  it('with keys answers 401 without one and 403 beyond its scopes', async () => {
    const keys = [
      { key: 'ingest-key-0123456789', scopes: ['ingest'] },
      { key: 'reader-key-0123456789', scopes: ['read'] },
    ]
    const own = await open({ WINNOW_GATEWAY_KEYS: JSON.stringify(keys) })
    const ask = async (path: string, key: string | undefined, body?: string) => {
      const response = await fetch(`${String(own.document['url'])}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        ...(body === undefined ? {} : { body }),
      })
      await response.arrayBuffer()
      return response.status
    }
    const event = '{"text":"hello"}'
    expect(await ask('/v1/events', undefined, event)).toBe(401)
    expect(await ask('/v1/events', 'wrong-key-0123456789', event)).toBe(401)
    expect(await ask('/v1/events', keys[1]!.key, event)).toBe(403)
    expect(await ask('/v1/events', keys[0]!.key, event)).toBe(202)
    expect(await ask('/v1/results', keys[0]!.key)).toBe(403)
    expect(await ask('/v1/results', keys[1]!.key)).toBe(200)
    expect(await ask('/metrics', undefined)).toBe(401)
    expect(await ask('/readyz', undefined)).toBe(200)
    expect(await own.stop()).toBe(0)
    expect(own.output().stderr + own.output().stdout).not.toContain(keys[0]!.key)
  })

  it('beyond loopback without keys does not start: status 2 and a sentence', async () => {
    const { status, stdout, stderr } = await winnow(['serve', '--host', '0.0.0.0', '--json'], {
      env: space.env,
    })
    expect(status).toBe(2)
    expect(stderr).toContain('a gateway without API keys may listen on a loopback address only')
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'config_invalid' } })
  })

  it('on a taken port does not start: status 1 and the port', async () => {
    const { port } = new URL(url)
    const { status, stderr } = await winnow(['serve', '--port', port], { env: space.env })
    expect(status).toBe(1)
    expect(stderr).toContain(`Another program listens on 127.0.0.1:${port}.`)
  })

  it('without a broker does not start: status 1 and the address', async () => {
    const startMs = performance.now()
    const env = { ...space.env, WINNOW_KAFKA_BROKERS: '127.0.0.1:9' }
    const { status, stderr } = await winnow(['serve'], { env })
    expect(status).toBe(1)
    expect(stderr).toMatch(/127\.0\.0\.1:9.*\[broker_unavailable\]/)
    expect(performance.now() - startMs).toBeLessThan(10_000)
  })
})

describe('both processes', () => {
  it('drain and leave with status 0 on SIGTERM, having written nothing to stderr but answers to faults', async () => {
    expect(await stream.stop()).toBe(0)
    expect(await gateway.stop()).toBe(0)
    const complaints = gateway
      .output()
      .stderr.split('\n')
      .filter(
        (line) =>
          line !== '' && !/analytics_unavailable|gateway on|dashboard:|stop with/.test(line),
      )
    expect(complaints).toEqual([])
    expect(gateway.output().stderr).toContain('/v1/results/\\u001b[2J\\u000aforged')
    expect(gateway.output().stderr).not.toContain('\u001b')
  })
})
