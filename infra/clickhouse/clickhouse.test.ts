// How responses of ClickHouse are handled, with a server that responds as ClickHouse and proxies
// do. Queries are tested with a real engine.
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { answer, exception, startFakeClickHouse } from '../../tests/support/fake-clickhouse.ts'
import type { EngineFailure, FakeClickHouse } from '../../tests/support/fake-clickhouse.ts'
import { createAnalytics, type Analytics } from './clickhouse.ts'

let engine: FakeClickHouse
let analytics: Analytics

beforeEach(async () => {
  engine = await startFakeClickHouse()
  analytics = createAnalytics({ ...configSchema.parse({}).clickhouse, url: engine.url })
})

afterEach(async () => {
  await analytics.close()
  await engine.close()
})

const insertion = { columns: ['a'] as const, values: [[1]], token: 't' }

/** Every kind of call; each meets the failure. */
function callsMeeting(failure: EngineFailure): (() => Promise<unknown>)[] {
  engine.failures.push(failure)
  engine.select = failure.answer
  return [
    () => analytics.rows('SELECT 1'),
    () => analytics.stream('SELECT 1').next(),
    () => analytics.run('SELECT 1'),
    () => analytics.text('SELECT 1', 'JSON'),
    () => analytics.insert('x', insertion),
  ]
}

/** Sends a body and drops the connection before its end. */
function cut(body: string): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(200, { 'content-length': String(body.length + 10) })
    response.write(body, () => response.socket?.resetAndDestroy())
  }
}

describe('responses of the engine', () => {
  it.each([
    [60, 'UNKNOWN_TABLE', 404],
    [62, 'SYNTAX_ERROR', 400],
    [117, 'INCORRECT_DATA', 400],
    [395, 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO', 500],
    [497, 'ACCESS_DENIED', 403],
    [516, 'AUTHENTICATION_FAILED', 403],
  ])('%d %s is final for every call, and the message names it', async (code, name, status) => {
    for (const call of callsMeeting(exception(code, name, status))) {
      await expect(call()).rejects.toMatchObject({
        code: 'analytics_refused',
        retryable: false,
        details: { clickhouseCode: code, clickhouseType: name },
        message: expect.stringContaining(`What it says. (${name}, code ${code})`) as string,
      })
    }
  })

  it.each([
    [236, 'ABORTED'],
    [394, 'QUERY_WAS_CANCELLED'],
    [745, 'SERVER_OVERLOADED'],
    [201, 'QUOTA_EXCEEDED'],
    [9999, 'SOMETHING_OF_LATER'],
  ])('%d %s is retried by every call, and the message names it', async (code, name) => {
    for (const call of callsMeeting(exception(code, name))) {
      await expect(call()).rejects.toMatchObject({
        code: 'analytics_unavailable',
        retryable: true,
        details: { clickhouseCode: code, clickhouseType: name },
        message: expect.stringContaining(`(${name}, code ${code})`) as string,
      })
    }
  })

  it('finds the code in the header alone, and in JSON if the body has the format of the rows', async () => {
    const said = JSON.stringify({ exception: 'Code: 60. DB::Exception: No x. (UNKNOWN_TABLE)' })
    for (const failure of [
      answer(404, said, { 'x-clickhouse-exception-code': '60' }),
      answer(404, said),
      answer(500, '', { 'x-clickhouse-exception-code': '60' }),
    ]) {
      for (const call of callsMeeting(failure)) {
        const error = await call().catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ code: 'analytics_refused' })
        expect(String(error)).toContain('(UNKNOWN_TABLE, code 60)')
      }
      engine.failures.splice(0)
    }
  })

  it.each([
    [
      'a JSON document',
      JSON.stringify({ exception: 'Code: 60. DB::Exception: x. (UNKNOWN_TABLE)' }),
    ],
    ['text', 'Code: 60. DB::Exception: x. (UNKNOWN_TABLE)'],
  ])('with status 200 are failures too: %s', async (_, body) => {
    for (const call of [
      () => analytics.rows('SELECT 1'),
      () => analytics.stream('SELECT 1').next(),
      () => analytics.insert('x', insertion),
    ]) {
      engine.select = answer(200, body).answer
      engine.failures.push(answer(200, body))
      await expect(call()).rejects.toMatchObject({ details: { clickhouseCode: 60 } })
      engine.failures.splice(0)
    }
  })
})

describe('responses of a proxy in front of it', () => {
  it.each([
    [
      502,
      '<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>',
      'Bad Gateway',
    ],
    [503, '', 'HTTP 503 with an empty body'],
    [504, 'upstream request timeout', 'upstream request timeout'],
    [413, '<h1>413 Request Entity Too Large</h1>', 'Too Large'],
    [403, 'blocked', 'HTTP 403'],
    // It quotes the text of an event, for example one crafted to look like an exception.
    [500, 'cannot reach 10.0.0.1; query: "Code: 60. DB::Exception: x (UNKNOWN_TABLE)"', 'HTTP 500'],
  ])('%d %j is retried by every call', async (status, body, said) => {
    for (const call of callsMeeting(answer(status, body))) {
      await expect(call()).rejects.toMatchObject({
        code: 'analytics_unavailable',
        details: { httpStatus: status, smallerMayPass: true },
        message: expect.stringContaining(said) as string,
      })
    }
  })

  it('with status 200 count neither as rows nor as a stored insert', async () => {
    const page = answer(200, '<html>Please log in</html>')
    engine.select = page.answer
    engine.failures.push(page)
    for (const call of [
      () => analytics.rows('SELECT 1'),
      () => analytics.stream('SELECT 1').next(),
      () => analytics.insert('x', insertion),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'analytics_unavailable' })
    }
  })
})

describe('responses that break off', () => {
  it.each([
    ['is empty', ''],
    ['ends within the document', '{"meta":[],"data":[{"n":1},'],
    ['has no rows', 'null'],
  ])('are not taken for a short result: one that %s', async (_, body) => {
    engine.select = answer(200, body).answer
    await expect(analytics.rows('SELECT 1')).rejects.toMatchObject({
      code: 'analytics_unavailable',
      retryable: true,
    })
    engine.select = cut(body === '' ? ' ' : body)
    await expect(analytics.rows('SELECT 1')).rejects.toMatchObject({
      code: 'analytics_unavailable',
    })
  })

  const row = '{"n":1}\n'
  const refusal = 'Code: 60. DB::Exception: gone. (UNKNOWN_TABLE) (version 25.12)'
  const tag = { 'x-clickhouse-exception-tag': 'abcdefghijklmnop' }
  const marked = `\r\n__exception__\r\nabcdefghijklmnop\r\n${refusal}\r\n63 abcdefghijklmnop\r\n__exception__\r\n`
  it.each([
    ['an exception as a line', `${row}${refusal}\n`, {}, 'analytics_refused'],
    ['an exception as a row', `${row}{"exception":"${refusal}"}\n`, {}, 'analytics_refused'],
    ['a marked exception', `${row}${marked}`, tag, 'analytics_refused'],
    ['a marked exception within a row', `${row}{"n":"a${marked}`, tag, 'analytics_refused'],
    [
      'an exception that only a cut text quotes',
      `${row}{"n":"${refusal}`,
      {},
      'analytics_unavailable',
    ],
    ['a mark that only a cut text quotes', `${row}{"n":"a${marked}`, {}, 'analytics_unavailable'],
    ['half a row', `${row}{"n":2`, {}, 'analytics_unavailable'],
  ])('after streamed rows: %s', async (_, body, headers, code) => {
    engine.select = answer(200, body, headers).answer
    const rows: unknown[] = []
    const reading = (async () => {
      for await (const one of analytics.stream('SELECT 1')) rows.push(one)
    })()
    await expect(reading).rejects.toMatchObject({ code })
    expect(rows).toEqual([{ n: 1 }])
  })

  it('keep all digits of 64-bit numbers', async () => {
    engine.select = answer(200, '{"n":18446744073709551615}\n{"n":7}\n').answer
    const rows: unknown[] = []
    for await (const one of analytics.stream('SELECT 1')) rows.push(one)
    expect(rows).toEqual([{ n: 18_446_744_073_709_551_615n }, { n: 7 }])
  })

  it('are reassembled when a row arrives in pieces', async () => {
    engine.select = (response) => {
      response.write('{"n":')
      setImmediate(() => response.end('"ä\\n"}\n\n{"n":2}\n'))
    }
    const rows: unknown[] = []
    for await (const one of analytics.stream('SELECT 1;')) rows.push(one)
    expect(rows).toEqual([{ n: 'ä\n' }, { n: 2 }])
    expect(engine.seen.at(-1)!.body).toBe('SELECT 1\nFORMAT JSONEachRow')
  })
})

it('an unreachable server is analytics_unavailable, whatever the size of a block', async () => {
  await engine.close()
  for (const call of [
    () => analytics.ping(),
    () => analytics.rows('SELECT 1'),
    () => analytics.run('SELECT 1'),
    () => analytics.text('SELECT 1', 'JSON'),
    () => analytics.insert('x', insertion),
  ]) {
    const error: unknown = await call().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'analytics_unavailable' })
    expect(error).not.toHaveProperty('details.smallerMayPass')
  }
})

describe('an insert', () => {
  it('is one request with the token that makes repeating it harmless', async () => {
    const columns = ['a', 'b'] as const
    await analytics.insert('things', { columns, values: [[1, 'x'], [2, 'y']], token: 'once' }) // prettier-ignore
    expect(engine.seen).toHaveLength(1)
    const { url, body } = engine.seen[0]!
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      insert_deduplication_token: 'once',
      insert_deduplicate: '1',
      deduplicate_blocks_in_dependent_materialized_views: '1',
      async_insert: '0',
    })
    expect(url.searchParams.get('query')).toMatch(/^INSERT INTO things \(a, b\)/)
    expect(body.trim().split('\n')).toEqual(['[1,"x"]', '[2,"y"]'])
  })

  it('of no rows sends nothing', async () => {
    await analytics.insert('things', { columns: ['a'], values: [], token: 'once' })
    expect(engine.seen).toEqual([])
  })
})

describe('on a cluster', () => {
  const open = (settings: object) =>
    createAnalytics({ ...configSchema.parse({}).clickhouse, url: engine.url, ...settings })
  const settingsOf = () => Object.fromEntries(engine.seen.at(-1)!.url.searchParams)
  const fence = { group: 'g', topic: 't', partitions: [0], token: 'o' }

  it('a fence is stored by a majority, and read where the rows go', async () => {
    const clustered = open({ cluster: 'main' })
    await clustered.runFence('SELECT 1', {})
    expect(settingsOf()).toMatchObject({
      insert_quorum: 'auto',
      insert_quorum_parallel: '0',
      select_sequential_consistency: '1',
    })
    engine.select = answer(200, '{"data":[]}').answer
    await clustered.insert('things', { ...insertion, fence })
    expect(settingsOf()).toMatchObject({ select_sequential_consistency: '1' })
    expect(settingsOf()).not.toHaveProperty('insert_quorum')
    await clustered.close()
  })

  it('what is defined is defined on every server', async () => {
    const sharded = open({ cluster: 'main', sharded: true })
    await sharded.define('ALTER TABLE labels DELETE WHERE event_id = {id: String}', { id: 'e' })
    expect(engine.seen.at(-1)!.body).toBe(
      "ALTER TABLE labels ON CLUSTER 'main' DELETE WHERE event_id = {id: String}",
    )
    expect(settingsOf()).toMatchObject({ param_id: 'e' })
    await sharded.close()
    await analytics.define('ALTER TABLE labels DELETE WHERE true')
    expect(engine.seen.at(-1)!.body).toBe('ALTER TABLE labels DELETE WHERE true')
  })

  it('one server gets none of these settings', async () => {
    await analytics.runFence('SELECT 1', {})
    expect(Object.keys(settingsOf()).join()).not.toMatch(/quorum|consistency|distributed/)
  })

  it('every statement of a sharded one waits for the shards, and every one has the roles', async () => {
    const sharded = open({ cluster: 'main', sharded: true, roles: ['reader', 'writer'] })
    await sharded.run('SELECT 1')
    expect(settingsOf()).toMatchObject({
      distributed_foreground_insert: '1',
      distributed_product_mode: 'global',
    })
    expect(engine.seen.at(-1)!.url.searchParams.getAll('role')).toEqual(['reader', 'writer'])
    await sharded.close()
  })
})
