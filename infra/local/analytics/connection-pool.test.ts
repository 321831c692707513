// Which statements a connection gets between requests. That nothing of one request reaches the next
// is tested on the real engine in tests/integration/analytics-http.test.ts.
import { describe, expect, it } from 'vitest'
import { ConnectionPool, type ConnectionUse } from './connection-pool.ts'

/** A pool whose connections note their statements, `3:` before those of the third one. */
function started() {
  const statements: string[] = []
  let opened = 0
  const connect = () => {
    const name = ++opened
    return {
      queryAsync: (sql: string) => {
        statements.push(`${name}: ${sql}`)
        return Promise.resolve()
      },
      close: () => statements.push(`${name}: close`),
    } as never
  }
  const pool = new ConnectionPool({ connect, baseSettings: new Map([['a', '0']]), idleMax: 2 })
  const request = async (
    fields: Partial<Record<'settings' | 'parameters', object>> & { database?: undefined },
    sql = '',
  ) => {
    const [settings, parameters] = [fields.settings ?? {}, fields.parameters ?? {}].map(
      (values) => new Map(Object.entries(values)) as Map<string, string>,
    )
    const database = 'database' in fields ? undefined : 'd'
    const use: ConnectionUse = { sql, database, settings: settings!, parameters: parameters! }
    const connection = pool.take(use)
    await pool.prepare(connection, use)
    pool.give(connection, use)
    return statements.splice(0)
  }
  return { pool, request, statements }
}

describe('ConnectionPool', () => {
  it('sends what differs from the request before, in one statement', async () => {
    const { request } = started()
    const first = { settings: { a: '1', b: '2' }, parameters: { p: 'x' } }
    expect(await request(first)).toEqual(['1: USE `d`', "1: SET param_p = 'x', a = '1', b = '2'"])
    expect(await request(first)).toEqual([])
    expect(await request({ ...first, settings: { a: '1', b: '3' } })).toEqual(["1: SET b = '3'"])
    expect(await request({})).toEqual(["1: SET a = '0', b = DEFAULT"])
  })

  it('takes another connection where a parameter of an earlier request would be seen', async () => {
    const { request } = started()
    await request({ parameters: { p: 'x' } })
    expect(await request({}, 'SELECT {p:String}')).toEqual(['2: USE `d`'])
  })

  it('gives a request without a database a connection that had none', async () => {
    const { request } = started()
    expect(await request({})).toEqual(['1: USE `d`'])
    expect(await request({ database: undefined, settings: { b: '1' } })).toEqual(["2: SET b = '1'"])
    expect(await request({ database: undefined, settings: { b: '1' } })).toEqual([])
  })

  it('sends a long list of values with a limit of its own', async () => {
    const { request } = started()
    await request({})
    const sent = await request({ parameters: { p: 'x'.repeat(300_000) } })
    expect(sent.map((sql) => sql.slice(0, 26))).toEqual([
      '1: SET max_query_size = 30',
      "1: SET param_p = 'xxxxxxxx",
      '1: SET max_query_size = DE',
    ])
  })

  it('closes a connection that a statement has changed, or one in an unknown state', async () => {
    const { pool, request, statements } = started()
    expect(await request({}, 'SET a = 1')).toEqual(['1: USE `d`', '1: close'])
    const use = { sql: '', database: 'd', settings: new Map(), parameters: new Map() }
    pool.give(pool.take(use), use, { isKnown: false })
    expect(statements).toEqual(['2: close'])
  })
})
