// Commands that end by themselves, before a ClickHouse that is away for a while or for good.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPatience, openPatientAnalytics } from './patience.ts'
import { configSchema } from '../configs/schema.ts'
import type { Analytics } from '../infra/clickhouse/clickhouse.ts'
import { migrate } from '../infra/clickhouse/migrations.ts'
import { WinnowError } from '../schemas/errors.ts'
import { answer, exception, startFakeClickHouse } from '../tests/support/fake-clickhouse.ts'
import type { FakeClickHouse } from '../tests/support/fake-clickhouse.ts'

let engine: FakeClickHouse
const lines: string[] = []
const clients: Analytics[] = []

beforeEach(async () => {
  lines.splice(0)
  engine = await startFakeClickHouse()
})

afterEach(async () => {
  for (const one of clients.splice(0)) await one.close()
  await engine.close()
})

const log = (line: string) => void lines.push(line)

function settings(waitMsMax: number) {
  return { ...configSchema.parse({}).clickhouse, url: engine.url, waitMsMax }
}

function open(waitMsMax: number): Analytics {
  const analytics = openPatientAnalytics(settings(waitMsMax), { log })
  clients.push(analytics)
  return analytics
}

/** Answers so many requests that are no INSERT with a failure, then as `then` says. */
function failing(times: number, then: string): void {
  const failure = exception(236, 'ABORTED')
  engine.select = (response) => {
    if (times-- > 0) failure.answer(response)
    else response.end(then)
  }
}

const document = JSON.stringify({ data: [{ n: 1 }] })

describe('a patient client', () => {
  it('tries each call again until the engine is back, and says so once', async () => {
    const analytics = open(10_000)
    failing(2, document)
    expect(await analytics.rows('SELECT 1')).toEqual([{ n: 1 }])
    expect(lines).toEqual([
      expect.stringMatching(/ABORTED, code 236\); trying again for up to 10 s$/),
    ])
    failing(1, '')
    await analytics.run('CREATE TABLE IF NOT EXISTS x (n Int8)')
    engine.failures.push(exception(745, 'SERVER_OVERLOADED'))
    await analytics.insert('x', { columns: ['n'], values: [[1]], token: 't' })
    expect(engine.rows).toEqual([[1]])
  })

  it('gives up with a sentence that has the code and the setting', async () => {
    failing(1_000, '')
    const error: unknown = await open(150)
      .rows('SELECT 1')
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'analytics_unavailable',
      details: { clickhouseCode: 236 },
      message:
        'ClickHouse could not query for now: What it says. (ABORTED, code 236) ' +
        '(tried for 0.15 s, clickhouse.waitMsMax)',
    })
  })

  it('does not try what is final, nor with no time', async () => {
    engine.select = exception(60, 'UNKNOWN_TABLE').answer
    await expect(open(10_000).rows('SELECT 1')).rejects.toMatchObject({ code: 'analytics_refused' })
    expect(engine.seen).toHaveLength(1)
    engine.select = answer(503, '').answer
    await expect(open(0).rows('SELECT 1')).rejects.toMatchObject({ code: 'analytics_unavailable' })
    expect(lines).toEqual([])
  })

  it('streams from the first row on, and gives none twice', async () => {
    const rows: unknown[] = []
    failing(1, '{"n":1}\n{"n":2}\n')
    for await (const row of open(10_000).stream('SELECT 1')) rows.push(row)
    expect(rows).toEqual([{ n: 1 }, { n: 2 }])
    failing(0, '{"n":1}\n{"n"')
    const broken = (async () => {
      for await (const row of open(10_000).stream('SELECT 1')) rows.push(row)
    })()
    await expect(broken).rejects.toMatchObject({ code: 'analytics_unavailable' })
    expect(rows).toHaveLength(3)
    failing(1, '')
    expect(await open(10_000).stream('SELECT 1').next()).toMatchObject({ done: true })
  })

  it('ends early when the command is stopped', async () => {
    const stop = new AbortController()
    const away = new WinnowError('analytics_unavailable', 'away')
    const patience = createPatience({ waitMsMax: 600_000, log, signal: stop.signal })
    const waiting = patience(() => {
      stop.abort()
      return Promise.reject(away)
    })
    await expect(waiting).rejects.toBe(away)
  })
})

it('migrations go on behind what failed for now, each file noted once', async () => {
  const config = settings(10_000)
  const dir = await mkdtemp(join(tmpdir(), 'winnow-sql-'))
  for (const name of ['0001_a.sql', '0002_b.sql']) {
    await writeFile(join(dir, name), 'CREATE TABLE IF NOT EXISTS a (n Int8) ENGINE = Memory;\n')
  }
  const facts = { version: '26.7.2.1', cloud: '0', engine: 'MergeTree' }
  let requests = 0
  engine.select = (response) => {
    const asksOfServer = engine.seen.at(-1)!.body.includes('system.')
    if ([1, 3].includes(++requests)) exception(242, 'TABLE_IS_READ_ONLY').answer(response)
    else if (asksOfServer) response.end(JSON.stringify({ data: [facts] }))
    else
      response.end(
        JSON.stringify({ data: engine.rows.map(([name, sha256]) => ({ name, sha256 })) }),
      )
  }
  engine.failures.push({ ...exception(394, 'QUERY_WAS_CANCELLED'), stores: true })
  const patience = createPatience({ waitMsMax: 10_000, log })
  await patience(() => migrate(config, pathToFileURL(`${dir}/`)))
  await rm(dir, { recursive: true })
  expect(requests).toBeGreaterThan(3)
  expect(engine.rows.map(([name]) => name)).toEqual(['0001_a.sql', '0002_b.sql'])
})
