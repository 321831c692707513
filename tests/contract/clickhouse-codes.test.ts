// The list of final codes, and the parsing of failures, on the real engine.
import { afterAll, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { createAnalytics } from '../../infra/clickhouse/clickhouse.ts'
import { finalCodes } from '../../infra/clickhouse/clickhouse-codes.ts'
import { openTcpProxy } from '../support/tcp-proxy.ts'
import { connectionVariables } from '../support/backends.ts'

const { clickhouse } = loadConfig({ env: connectionVariables(inject('stack')) })
const proxy = await openTcpProxy(new URL(clickhouse.url).host)
const analytics = createAnalytics(
  { ...clickhouse, url: `http://${proxy.address}` },
  { database: undefined },
)

afterAll(async () => {
  await analytics.close()
  await proxy.close()
})

describe('the engine', () => {
  it('has each final code, under the same name', async () => {
    const numbers = [...finalCodes.keys()]
    const rows = await analytics.rows<{ code: number; name: string }>(
      `SELECT arrayJoin({numbers: Array(Int32)}) AS code, errorCodeToName(code) AS name`,
      { numbers },
    )
    expect(new Map(rows.map(({ code, name }) => [code, name]))).toEqual(finalCodes)
  })

  it.each([
    ['SELECT * FROM no_such_table', 60],
    ['SELECT no_such_column', 47],
    ['SELEC 1', 62],
    ["SELECT throwIf(number = 3, 'no') FROM numbers(10)", 395],
    ["SELECT toInt32('x')", 6],
  ])('refuses %j with code %d for good', async (sql, code) => {
    const refusal = { code: 'analytics_refused', details: { clickhouseCode: code } }
    await expect(analytics.rows(sql)).rejects.toMatchObject(refusal)
    await expect(analytics.stream(sql).next()).rejects.toMatchObject(refusal)
    await expect(analytics.text(sql, 'JSON')).rejects.toMatchObject(refusal)
  })

  it('is unavailable while the connection breaks, and answers again', async () => {
    proxy.cut()
    const refusal = { code: 'analytics_unavailable', retryable: true }
    await expect(analytics.rows('SELECT 1 AS n')).rejects.toMatchObject(refusal)
    proxy.restore()
    expect(await analytics.rows('SELECT 1 AS n')).toEqual([{ n: 1 }])
  })
})
