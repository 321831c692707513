// The embedded engine's HTTP interface as the unchanged @clickhouse/client sees it: everything that
// Winnow uses must work as on a real ClickHouse server.
import { randomUUID } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'

import type { ClickHouseClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { clickhouseClient, clickhouseHeaders } from '../support/clickhouse-client.ts'

const stack = inject('stack')
const { clickhouseUrl: url } = stack
const headers = clickhouseHeaders(stack)
const database = `http_${randomUUID().replaceAll('-', '')}`
let client: ClickHouseClient

const rows = Array.from({ length: 5_000 }, (_, i) => ({
  id: i,
  text: `mail ${i} with "quotes", tabs\t, line\nbreaks and 日本語 🙂`,
  label: `label ${i % 7}`,
}))

beforeAll(async () => {
  const admin = clickhouseClient(stack)
  await admin.command({ query: `CREATE DATABASE ${database}` })
  await admin.close()
  const compression = { request: true, response: true }
  client = clickhouseClient(stack, { database, compression })
})

afterAll(async () => {
  await client.command({ query: `DROP DATABASE ${database} SYNC` })
  await client.close()
})

async function createTable(): Promise<string> {
  const table = `t_${randomUUID().replaceAll('-', '')}`
  const columns = 'id UInt64, text String, label LowCardinality(String)'
  const settings = 'SETTINGS non_replicated_deduplication_window = 1000'
  await client.command({
    query: `CREATE TABLE ${table} (${columns}) ENGINE = MergeTree ORDER BY id ${settings}`,
  })
  return table
}

async function select<T>(query: string, parameters: Record<string, unknown> = {}): Promise<T[]> {
  const result = await client.query({ query, format: 'JSONEachRow', query_params: parameters })
  return result.json<T>()
}

async function count(table: string): Promise<number> {
  const [row] = await select<{ n: number }>(`SELECT toUInt32(count()) AS n FROM ${table}`)
  return row?.n ?? -1
}

describe('reading', () => {
  it('answers both kinds of ping', async () => {
    expect(await client.ping()).toEqual({ success: true })
    expect(await client.ping({ select: true })).toEqual({ success: true })
  })

  it('binds parameters of every kind on the server', async () => {
    const query = `SELECT {s:String} s, {a:Array(String)} a, {n:Nullable(String)} n,
      toString({u:UInt64}) u, {m:Map(String, UInt8)} m, {b:Bool} b, {t:Identifier}.number k
      FROM (SELECT 7 AS number) AS x`
    const s = `it's a "tab"\t, a \\ and a\nline`
    const parameters = { s, a: ["x'y", 'z'], n: null, u: 18446744073709551615n, m: { k: 1 } }
    const found = await select(query, { ...parameters, b: true, t: 'x' })
    const expected = { s, a: ["x'y", 'z'], n: null, u: '18446744073709551615', m: { k: 1 } }
    expect(found).toEqual([{ ...expected, b: true, k: 7 }])
  })

  it('takes parameters that are too long for a URL from a form', async () => {
    const s = 'long\r\n--value '.repeat(20_000)
    const result = await client.query({
      query: 'SELECT {s:String} AS s',
      query_params: { s },
      use_multipart_params_auto: true,
      format: 'JSONEachRow',
    })
    expect(await result.json()).toEqual([{ s }])
  })

  it('never lets a setting or parameter of one request reach the next', async () => {
    await client.query({
      query: 'SELECT {secret:String}',
      query_params: { secret: 'x' },
      clickhouse_settings: { max_block_size: '77' },
    })
    const [row] = await select<{ size: string }>(
      "SELECT toString(getSetting('max_block_size')) AS size",
    )
    expect(row?.size).not.toBe('77')
    await expect(client.query({ query: 'SELECT {secret:String}' })).rejects.toMatchObject({
      type: 'UNKNOWN_QUERY_PARAMETER',
    })
    await client.command({ query: 'SET max_block_size = 78' })
    await client.command({ query: 'USE system' })
    await client.command({ query: 'SELECT 1', clickhouse_settings: { async_insert: 1 } })
    const settings = ['max_block_size', 'async_insert', 'readonly'].map((s) => `getSetting('${s}')`)
    const query = `SELECT currentDatabase() AS d, [${settings.map((s) => `toString(${s})`).join()}] AS s`
    for (let i = 0; i < 8; i += 1) {
      const plain = await fetch(`${url}/?default_format=JSONEachRow`, {
        method: 'POST',
        body: query,
        headers,
      })
      expect(await plain.json()).toEqual({ d: 'default', s: ['65409', 'false', '0'] })
    }
  })

  it('streams a result of more than 100 MB, compressed and plain', async () => {
    const query = "SELECT number, repeat('x', 100) AS s FROM numbers(1000000)"
    for (const response of [true, false]) {
      const reader = clickhouseClient(stack, { compression: { response } })
      const result = await reader.query({ query, format: 'JSONEachRow' })
      let found = 0
      for await (const chunk of result.stream()) found += (chunk as unknown[]).length
      expect(found).toBe(1_000_000)
      await reader.close()
    }
  })

  it('answers in the format that the statement names', async () => {
    const formats = { CSVWithNames: '"n"\n0\n1\n', TSV: '0\n1\n', Values: '(0),(1)' }
    for (const [format, text] of Object.entries(formats)) {
      const query = `SELECT number AS n FROM numbers(2) FORMAT ${format}`
      const { stream } = await client.exec({ query })
      expect((await stream.toArray()).join('')).toBe(text)
    }
  })

  it('answers pings and inserts while a long query runs', async () => {
    const table = await createTable()
    let isRunning = true
    const long = client
      .command({ query: 'SELECT sleepEachRow(1) FROM numbers(3) FORMAT Null' })
      .finally(() => (isRunning = false))
    await client.insert({ table, values: rows.slice(0, 10), format: 'JSONEachRow' })
    expect(await client.ping()).toEqual({ success: true })
    expect(isRunning).toBe(true)
    await long
  })

  it('keeps temporary tables of a session', async () => {
    const session_id = randomUUID()
    await client.command({ query: 'CREATE TEMPORARY TABLE seen (n UInt8)', session_id })
    await client.insert({ table: 'seen', values: [{ n: 5 }], format: 'JSONEachRow', session_id })
    const result = await client.query({
      query: 'SELECT n FROM seen',
      format: 'JSONEachRow',
      session_id,
    })
    expect(await result.json()).toEqual([{ n: 5 }])
    await expect(client.query({ query: 'SELECT n FROM seen' })).rejects.toMatchObject({
      code: '60',
    })
  })
})

describe('writing', () => {
  it('inserts rows of every kind of format, and tells how many', async () => {
    const table = await createTable()
    const { summary } = await client.insert({ table, values: rows, format: 'JSONEachRow' })
    expect(summary?.written_rows).toBe('5000')
    const compact = rows.map((row) => [row.id, row.text, row.label])
    await client.insert({
      table,
      values: compact,
      format: 'JSONCompactEachRow',
      columns: ['id', 'text', 'label'],
    })
    const stream = Readable.from(rows, { objectMode: true })
    await client.insert({ table, values: stream, format: 'JSONEachRow' })
    // The three inserts bring the same block, so the table keeps it once.
    expect(await select(`SELECT id, text, label FROM ${table} ORDER BY id`)).toEqual(
      rows.map((row) => ({ ...row, id: expect.anything() })),
    )
  })

  it.each(['JSONCompactEachRow', 'JSONEachRow', 'CSV', 'CSVWithNames', 'TabSeparated', 'TSKV'])(
    'takes back what it gave as %s, byte for byte',
    async (format) => {
      const table = await createTable()
      const copy = await createTable()
      await client.insert({ table, values: rows, format: 'JSONEachRow' })
      const { stream } = await client.exec({ query: `SELECT * FROM ${table} FORMAT ${format}` })
      const bytes = Buffer.concat(await stream.toArray())
      const query = `INSERT INTO ${copy} FORMAT ${format}`
      const { summary } = await client.exec({ query, values: Readable.from([bytes]) })
      expect(summary?.written_rows).toBe('5000')
      const hash = (name: string) => `(SELECT sum(sipHash64(*)) FROM ${name})`
      const [row] = await select<{ same: number }>(`SELECT ${hash(table)} = ${hash(copy)} AS same`)
      expect(row?.same).toBe(1)
    },
  )

  it('counts a block with the same token once, in the table and in the rollup behind a view', async () => {
    const table = await createTable()
    await client.command({
      query: `CREATE TABLE ${table}_r (label String, n SimpleAggregateFunction(sum, UInt64))
        ENGINE = AggregatingMergeTree ORDER BY label
        SETTINGS non_replicated_deduplication_window = 1000`,
    })
    await client.command({
      query: `CREATE MATERIALIZED VIEW ${table}_v TO ${table}_r AS
        SELECT label, count() AS n FROM ${table} GROUP BY label`,
    })
    const insert = (token: string) =>
      client.insert({
        table,
        values: rows,
        format: 'JSONEachRow',
        clickhouse_settings: {
          insert_deduplication_token: token,
          deduplicate_blocks_in_dependent_materialized_views: 1,
        },
      })
    const rollup = () => select(`SELECT toUInt32(sum(n)) AS n FROM ${table}_r`)
    await insert('a')
    await insert('a')
    expect(await count(table)).toBe(5_000)
    expect(await rollup()).toEqual([{ n: 5_000 }])
    await insert('b')
    expect(await count(table)).toBe(10_000)
    expect(await rollup()).toEqual([{ n: 10_000 }])
  })

  it('inserts nothing when one row is wrong, or when the client leaves half-way', async () => {
    const table = await createTable()
    const values = [...rows.slice(0, 100), { id: 'no number', text: '', label: '' }]
    await expect(client.insert({ table, values, format: 'JSONEachRow' })).rejects.toMatchObject({
      code: '27',
    })
    const query = encodeURIComponent(`INSERT INTO ${database}.${table} FORMAT JSONEachRow`)
    const request = httpRequest(`${url}/?query=${query}`, { method: 'POST', headers })
    request.on('error', () => undefined)
    await new Promise((resolve) => request.write('{"id":1}\n', resolve))
    request.destroy()
    await new Promise((resolve) => request.once('close', resolve))
    expect(await count(table)).toBe(0)
  })

  it('runs rows behind the statement, VALUES lists and INSERT SELECT', async () => {
    const table = await createTable()
    const body = `INSERT INTO ${database}.${table} (id, text) FORMAT JSONEachRow\n{"id":1,"text":"a"}`
    const response = await fetch(url, {
      method: 'POST',
      body: gzipSync(body),
      headers: { ...headers, 'content-encoding': 'gzip' },
    })
    expect(response.status).toBe(200)
    const values = `INSERT INTO ${table} (id, text) VALUES (2, 'a;b'), (3, {t:String})`
    await client.command({ query: values, query_params: { t: 'c)' } })
    await client.command({ query: `INSERT INTO ${table} (id) SELECT number + 4 FROM numbers(2)` })
    const found = await select<{ text: string }>(`SELECT text FROM ${table} ORDER BY id`)
    expect(found.map((row) => row.text)).toEqual(['a', 'a;b', 'c)', '', ''])
  })
})

describe('errors', () => {
  const cases = [
    ['SELECT * FROM nowhere', 404, '60', 'UNKNOWN_TABLE'],
    ['SELECT * FROM nodb.nowhere', 404, '81', 'UNKNOWN_DATABASE'],
    ['SELEC 1', 400, '62', 'SYNTAX_ERROR'],
    ['SELECT 1; SELECT 2', 400, '62', 'SYNTAX_ERROR'],
    ['SELECT nofunction(1)', 404, '46', 'UNKNOWN_FUNCTION'],
    [
      'SELECT throwIf(number = 99999) FROM numbers(100000)',
      500,
      '395',
      'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO',
    ],
    ["SELECT 1 INTO OUTFILE '/tmp/x'", 500, '358', 'INTO_OUTFILE_NOT_ALLOWED'],
    ['SELECT 1 SETTINGS nosetting = 1', 404, '115', 'UNKNOWN_SETTING'],
    ['SELECT 1 FORMAT NoFormat', 404, '73', 'UNKNOWN_FORMAT'],
  ] as const

  it.each(cases)('%s: status %i, code %s %s', async (query, status, code, type) => {
    await expect(client.command({ query })).rejects.toMatchObject({ code, type })
    const response = await fetch(url, { method: 'POST', body: query, headers })
    expect(response.status).toBe(status)
    expect(response.headers.get('x-clickhouse-exception-code')).toBe(code)
    expect(await response.text()).toMatch(/^Code: \d+\. DB::Exception: .+ \(version .+\)\n$/s)
  })

  it('lets a GET read but not write, as ClickHouse does', async () => {
    const get = (query: string) => fetch(`${url}/?query=${encodeURIComponent(query)}`, { headers })
    expect(await (await get('SELECT 1')).text()).toBe('1\n')
    const refused = await get(`CREATE TABLE ${database}.no (a UInt8) ENGINE = Memory`)
    expect(refused.headers.get('x-clickhouse-exception-code')).toBe('164')
  })

  it('refuses a block compression that it does not speak', async () => {
    expect((await fetch(`${url}/?query=SELECT%201&compress=1`, { headers })).status).toBe(501)
  })
})
