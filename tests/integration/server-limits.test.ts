// Limits that an operator sets on a user, on the real engine: which of them are retried, because
// they lift or a smaller block passes, and which are final.
import { afterEach, expect, it } from 'vitest'
import { createAnalytics } from '../../infra/clickhouse/clickhouse.ts'
import { openOwnEngine, usersWith, type OwnEngine } from '../support/own-engine.ts'

let engine: OwnEngine | undefined

afterEach(() => engine?.close())

async function failure(users: string, sql: string, times = 1): Promise<unknown> {
  engine = await openOwnEngine({ users })
  const analytics = createAnalytics(engine.clickhouse, { database: undefined })
  try {
    await analytics.run('CREATE TABLE default.t (a UInt64) ENGINE = MergeTree ORDER BY a')
    for (let time = 0; time < times; time++) await analytics.run(sql)
    return undefined
  } catch (error) {
    return error
  } finally {
    await analytics.close()
  }
}

const all = ['GRANT ALL ON *.*']
const insert = 'INSERT INTO default.t SELECT number FROM numbers(10)'

it('a quota that is used up is retried: it ends with its interval', async () => {
  const quota = '<interval><duration>3600</duration><query_inserts>3</query_inserts></interval>'
  expect(await failure(usersWith(all, quota), insert, 3)).toBeUndefined()
  await engine?.close()
  expect(await failure(usersWith(all, quota), insert, 4)).toMatchObject({
    code: 'analytics_unavailable',
    retryable: true,
    details: { clickhouseCode: 201 },
    message: expect.stringContaining('Quota') as string,
  })
})

it.each([
  [
    'memory',
    241,
    'SELECT groupArray(toString(number)) FROM numbers(1000000) SETTINGS max_memory_usage = 4000000',
  ],
  [
    'time',
    159,
    'SELECT sleepEachRow(0.1) FROM numbers(100) SETTINGS max_execution_time = 1, max_block_size = 1',
  ],
])('too little %s is retried, with less at once', async (_, clickhouseCode, sql) => {
  expect(await failure(usersWith(all), sql)).toMatchObject({
    code: 'analytics_unavailable',
    retryable: true,
    details: { clickhouseCode, smallerMayPass: true },
  })
})

it('a profile that only reads is final, and so is a missing right', async () => {
  const readonly = usersWith(all).replace(
    '<profiles><default>',
    '<profiles><default><readonly>1</readonly>',
  )
  expect(await failure(readonly, insert)).toMatchObject({
    code: 'analytics_refused',
    details: { clickhouseCode: 164 },
  })
  await engine?.close()
  const noInsert = usersWith(['GRANT SELECT, CREATE TABLE ON default.*'])
  expect(await failure(noInsert, insert)).toMatchObject({
    code: 'analytics_refused',
    details: { clickhouseCode: 497 },
    message: expect.stringContaining('INSERT(a) ON default.t') as string,
  })
})
