// What clients of the embedded engine may do: nothing without the password, and with it nothing
// that reads or writes outside the engine's own tables. Tries every table function and table engine
// of this engine version, not only the known ones.
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { uniqueName } from '../support/backends.ts'
import { clickhouseHeaders } from '../support/clickhouse-client.ts'
import { registryHeaders } from '../support/registry-client.ts'

const stack = inject('stack')
const { clickhouseUrl: url } = stack
const headers = clickhouseHeaders(stack)
const database = uniqueName()
const secret = 'the text of a file that no query may see'

let dir: string
let secretFile: string
/** Another server, which must get no request at all. */
let foreign: Server
let foreignUrl: string
let requests = 0

type Answer = { status: number; text: string }

async function post(sql: string, settings: Record<string, string> = {}): Promise<Answer> {
  const query = new URLSearchParams({ database, ...settings })
  const response = await fetch(`${url}/?${query.toString()}`, {
    method: 'POST',
    body: sql,
    headers,
  })
  return { status: response.status, text: await response.text() }
}

async function get(sql: string): Promise<Answer> {
  const query = new URLSearchParams({ database, query: sql })
  const response = await fetch(`${url}/?${query.toString()}`, { headers })
  return { status: response.status, text: await response.text() }
}

async function names(column: string, table: string): Promise<string[]> {
  const { text } = await post(`SELECT ${column} FROM system.${table} ORDER BY 1 FORMAT TSVRaw`)
  return text.trim().split('\n')
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-access-'))
  secretFile = join(dir, 'secret')
  await writeFile(secretFile, `${secret}\n`)
  foreign = createServer((_request, response) => {
    requests++
    response.end(secret)
  })
  await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve))
  foreignUrl = `http://127.0.0.1:${(foreign.address() as AddressInfo).port}`
  const created = await fetch(
    `${url}/?query=${encodeURIComponent(`CREATE DATABASE ${database}`)}`,
    {
      method: 'POST',
      headers,
    },
  )
  expect(created.status).toBe(200)
  expect(await post('CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a')).toMatchObject({
    status: 200,
  })
})

afterAll(async () => {
  await post(`DROP DATABASE ${database}`)
  foreign.close()
  await rm(dir, { recursive: true, force: true })
})

afterEach(() => rm(join(dir, 'written'), { recursive: true, force: true }))

/**
 * Checks that nothing of the file was shown, no server was called, and the folder holds only the
 * secret.
 */
function expectNothingHappened(answer: Answer, sql: string): void {
  expect(answer.text, sql).not.toContain(secret)
  expect(requests, sql).toBe(0)
  expect(readFileSync(secretFile, 'utf8'), sql).toBe(`${secret}\n`)
  expect(existsSync(join(dir, 'written')), sql).toBe(false)
}

describe('without the password', () => {
  it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])(
    '%s gets nothing',
    async (method) => {
      for (const path of [
        '/',
        '/ping',
        '/?query=SELECT%201',
        '/play',
        '/dashboard',
        '/replicas_status',
      ]) {
        const response = await fetch(`${url}${path}`, { method })
        expect([path, response.status]).toEqual([path, 401])
        expect(response.headers.get('www-authenticate')).toBeNull()
      }
    },
  )

  it('the registry gives no schema and takes none', async () => {
    const root = new URL('/', stack.registryUrl)
    for (const path of [
      'apis/ccompat/v7/subjects',
      'apis/ccompat/v6/subjects',
      'apis/registry/v2/search/artifacts',
      'apis/registry/v2/admin/rules',
      'apis/registry/v1/artifacts',
      'apis/cncf/v0/schemagroups',
    ]) {
      expect([path, (await fetch(new URL(path, root))).status]).toEqual([path, 401])
    }
    const request = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ schema: '"string"' }),
    }
    const subject = `${stack.registryUrl}/subjects/${uniqueName()}-value/versions`
    expect((await fetch(subject, request)).status).toBe(401)
    const { authorization } = registryHeaders(stack)
    const forged = `${authorization.slice(0, -4)}AAAA`
    const answer = await fetch(`${stack.registryUrl}/subjects`, {
      headers: { authorization: forged },
    })
    expect(answer.status).toBe(401)
  })
})

describe('the broker', () => {
  it.each(['GET', 'POST', 'OPTIONS'])('closes the connection of an HTTP %s', async (method) => {
    await expect(fetch(`http://${stack.brokers[0]!}/`, { method })).rejects.toThrow('fetch failed')
  })
})

describe('a web page that knows the password', () => {
  it.each([
    { origin: 'https://example.com' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    { host: 'rebound.example' },
  ])('is refused: %j', async (page) => {
    const { request } = await import('node:http')
    const status = await new Promise((resolve, reject) => {
      const target = `${url}/?query=SELECT%201`
      request(target, { headers: { ...headers, ...page } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
        .on('error', reject)
        .end()
    })
    expect(status).toBe(403)
  })
})

/** Arguments that would make a function or an engine read the secret or call the other server. */
const baits = () => [
  [`'${secretFile}'`],
  [`'${secretFile}'`, "'LineAsString'"],
  [`'${secretFile}'`, "'LineAsString'", "'a String'"],
  ["'LineAsString'", `'${secretFile}'`],
  ['LineAsString', `'${secretFile}'`],
  [`'${foreignUrl}/x'`],
  [`'${foreignUrl}/x'`, "'LineAsString'", "'a String'"],
  [`'${foreignUrl.slice(7)}'`, "'system'", "'one'"],
  [`'${foreignUrl.slice(7)}'`, "'d'", "'t'", "'u'", "'p'"],
  ["'cat'", "'LineAsString'", "'a String'", `'${secretFile}'`],
  ["'default'", `'${secretFile}'`, "'LineAsString'", "'a String'"],
  [`'DSN=x;FILEDSN=${secretFile}'`, "'d'", "'t'"],
  [`'SELECT file(\\'${secretFile}\\')'`],
  ["'JSONEachRow'", `'a String DEFAULT file(\\'${secretFile}\\')'`, "'{}'"],
  [`file('${secretFile}')`],
]

describe('with the password', () => {
  it('no table function reads a file or calls a server, by POST or GET', async () => {
    const functions = await names('name', 'table_functions')
    expect(functions.length).toBeGreaterThan(50)
    for (const name of functions) {
      await Promise.all(
        baits().map(async (bait) => {
          const sql = `SELECT * FROM ${name}(${bait.join(', ')}) LIMIT 1`
          expectNothingHappened(await post(sql), sql)
        }),
      )
      const sql = `SELECT * FROM ${name}('${secretFile}', 'LineAsString', 'a String')`
      expectNothingHappened(await get(sql), sql)
      if (!/^(eval|python)$/i.test(name)) continue
      const settings = {
        allow_experimental_eval_table_function: '1',
        allow_python_table_function: '1',
      }
      expectNothingHappened(await post(sql, settings), sql)
    }
  })

  it('no table function writes', async () => {
    const target = join(dir, 'written')
    for (const name of await names('name', 'table_functions')) {
      for (const bait of [
        [`'${target}'`, "'CSV'", "'a String'"],
        [`'${foreignUrl}/x'`, "'CSV'", "'a String'"],
        [`'${target}'`, "'t'"],
      ]) {
        const sql = `INSERT INTO FUNCTION ${name}(${bait.join(', ')}) SELECT 'x'`
        expectNothingHappened(await post(sql), sql)
        const rows = `INSERT INTO FUNCTION ${name}(${bait.join(', ')}) FORMAT JSONEachRow\n{"a":"x"}`
        expectNothingHappened(await post(rows), rows)
      }
    }
  })

  it('no engine of a table or database reaches outside', async () => {
    for (const name of await names('name', 'table_engines')) {
      await Promise.all(
        baits().map(async (bait, at) => {
          const table = `x_${name.toLowerCase()}_${at}`
          const sql = `CREATE TABLE ${table} (a String) ENGINE = ${name}(${bait.join(', ')})`
          const created = await post(sql)
          expectNothingHappened(created, sql)
          const temporary = sql.replace('CREATE TABLE', 'CREATE TEMPORARY TABLE')
          expectNothingHappened(await post(temporary), temporary)
          if (created.status !== 200) return
          expectNothingHappened(await post(`SELECT * FROM ${table} LIMIT 1`), sql)
          await post(`DROP TABLE ${table}`)
        }),
      )
    }
    for (const name of await names('name', 'database_engines')) {
      const other = `${database}_${name.toLowerCase()}`
      for (const bait of baits()) {
        const sql = `CREATE DATABASE ${other} ENGINE = ${name}(${bait.join(', ')})`
        expectNothingHappened(await post(sql), sql)
      }
      expectNothingHappened(await post(`SELECT * FROM ${other}.secret`), name)
      await post(`DROP DATABASE IF EXISTS ${other}`)
    }
  })

  it.each([
    "SELECT file('FILE')",
    "SELECT file('FILE', 'default')",
    "SELECT * APPLY(file) FROM (SELECT 'FILE')",
    "SELECT arrayMap(x -> file(x), ['FILE'])",
    "SELECT * FROM 'FILE'",
    'SELECT * FROM `FILE`',
    'SELECT * FROM default.`FILE`',
    "SELECT 1 SETTINGS additional_result_filter = 'throwIf(file(''FILE'') != '''')'",
    "SELECT * FROM format(JSONEachRow, 'a UInt8, b String DEFAULT file(''FILE'')', '{\"a\":1}')",
    "SELECT 1 FORMAT Template SETTINGS format_template_row = 'FILE'",
    "SELECT 1 FORMAT Template SETTINGS format_template_resultset = 'FILE'",
    "SELECT 1 FORMAT Protobuf SETTINGS format_schema = 'FILE:Message'",
    "SELECT catboostEvaluate('FILE', 1)",
    'CREATE FUNCTION f AS (x) -> file(x)',
    "CREATE VIEW v AS SELECT file('FILE') AS a",
    "CREATE TABLE d (a String DEFAULT file('FILE')) ENGINE = MergeTree ORDER BY tuple()",
    "CREATE DICTIONARY d (a String) PRIMARY KEY a SOURCE(FILE(PATH 'FILE' FORMAT 'CSV')) LAYOUT(FLAT()) LIFETIME(0)",
    "INSERT INTO t FROM INFILE 'FILE' FORMAT LineAsString",
    "INSERT INTO t SELECT * FROM file('FILE', 'LineAsString', 'a String')",
    "ATTACH TABLE a FROM 'FILE' (a String) ENGINE = File(LineAsString)",
    "BACKUP TABLE t TO File('DIR/written')",
    "RESTORE TABLE t FROM File('FILE')",
    'ALTER TABLE t FREEZE',
    "CREATE TABLE k (a String) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = 'DIR/written/')",
    "CREATE TABLE k (a String) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = web, endpoint = 'URL/')",
    "SELECT 1 FORMAT AvroConfluent SETTINGS format_avro_schema_registry_url = 'URL'",
    "SELECT 1 INTO OUTFILE 'DIR/written'",
    "select 1 into/**/outfile 'DIR/written' format CSV",
    "SELECT 1 INTO OUTFILE 'DIR/written' APPEND",
    "EXPLAIN SELECT 1 INTO OUTFILE 'DIR/written'",
    "SHOW TABLES INTO OUTFILE 'DIR/written'",
    "DESCRIBE TABLE t INTO OUTFILE 'DIR/written' FORMAT CSV",
    "EXISTS TABLE t INTO OUTFILE 'DIR/written'",
    "CHECK TABLE t INTO OUTFILE 'DIR/written'",
    "CREATE TABLE o (a String) ENGINE = Memory INTO OUTFILE 'DIR/written'",
    "SELECT 1; SELECT 1 INTO OUTFILE 'DIR/written'",
    "INSERT INTO t FORMAT CSV\n1\n\nSELECT 1 INTO OUTFILE 'DIR/written'",
    'INSERT INTO t FORMAT JSONEachRow\n{"a":"1"}\n\nSELECT 1 INTO OUTFILE \'DIR/written\'\n',
    "INSERT INTO t VALUES ('1'); SELECT 1 INTO OUTFILE 'DIR/written'",
    "INSERT INTO t VALUES ('1') /* ' */; SELECT 1 INTO OUTFILE 'DIR/written' /* ' */",
    "INSERT INTO t FORMAT Values ('1');SELECT 1 INTO OUTFILE 'DIR/written'",
    "INSERT INTO t SELECT a FROM input('a String') FORMAT CSV\n1\n\nSELECT 1 INTO OUTFILE 'DIR/written'",
    "INSERT INTO t SELECT a FROM input('a String) ENGINE = Memory; SELECT 1 INTO OUTFILE ''DIR/written'' --') FORMAT CSV\n1",
    'CREATE USER u',
    "CREATE NAMED COLLECTION c AS url = 'URL'",
    'GRANT FILE ON *.* TO default',
    'SYSTEM SHUTDOWN',
    'SYSTEM RELOAD CONFIG',
    'SET ROLE ALL',
    "SET dialect = 'kusto'",
  ])('%s does nothing outside', async (template) => {
    for (const space of [' ', '\u00a0', '\u3000', '\u200b', '\ufeff', '\v']) {
      const filled = template
        .replaceAll('FILE', (word, at: number) =>
          /['`]$/.test(template.slice(0, at)) ? secretFile : word,
        )
        .replaceAll('DIR', dir)
        .replaceAll('URL', foreignUrl)
      const sql = filled.replaceAll(' ', space)
      for (const statement of [sql, `${space}${sql}`]) {
        expectNothingHappened(await post(statement), statement)
      }
      expectNothingHappened(await get(sql), sql)
    }
    for (const left of ['v', 'd', 'k', 'o']) await post(`DROP TABLE IF EXISTS ${left}`)
  })

  it('still reads, writes and changes tables of its own', async () => {
    await post('TRUNCATE TABLE t')
    expect(await post("INSERT INTO t VALUES ('a;b')")).toMatchObject({ status: 200 })
    expect(await post('SELECT a FROM t')).toEqual({ status: 200, text: 'a;b\n' })
    expect(await post("ALTER TABLE t DELETE WHERE a = 'a;b'")).toMatchObject({ status: 200 })
    expect(await post('SELECT count() FROM numbers(3)')).toEqual({ status: 200, text: '3\n' })
  })
})
