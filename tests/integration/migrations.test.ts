// Migrations on the real engine: applied once and in order, by any number of processes, and refused
// if an applied file was edited.
import { readdirSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import type { Config } from '../../configs/schema.ts'
import { createAnalytics, type Analytics } from '../../infra/clickhouse/clickhouse.ts'
import {
  migrate,
  planMigrations,
  planScript,
  statementsOf,
} from '../../infra/clickhouse/migrations.ts'
import { connectionVariables, uniqueName } from '../support/backends.ts'
import { until } from '../support/until.ts'
import { withinProcess } from '../support/within-process.ts'

const root = new URL('../../', import.meta.url)
const shipped = readdirSync(new URL('infra/sql/', root)).sort()

let config: Config['clickhouse']
let analytics: Analytics
let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'winnow-sql-'))
  await cp(new URL('infra/sql', root), dir, { recursive: true })
  config = loadConfig({
    env: {
      ...connectionVariables(inject('stack')),
      WINNOW_CLICKHOUSE_DATABASE: uniqueName(),
    },
  }).clickhouse
  analytics = createAnalytics(config)
})

afterEach(async () => {
  await analytics.run(`DROP DATABASE IF EXISTS ${config.database}`)
  await analytics.close()
  await rm(dir, { recursive: true })
})

const folder = () => pathToFileURL(`${dir}/`)

async function tables(): Promise<string[]> {
  const rows = await analytics.rows<{ name: string }>('SHOW TABLES')
  return rows.map((row) => row.name)
}

async function applied(): Promise<string[]> {
  const sql = 'SELECT name FROM migrations FINAL ORDER BY name'
  return (await analytics.rows<{ name: string }>(sql)).map((row) => row.name)
}

describe('migrate', () => {
  it('makes the tables and views of the contract, once', async () => {
    expect(await migrate(config)).toEqual(shipped)
    expect(await tables()).toEqual(
      expect.arrayContaining([
        'classifications',
        'inference_batches',
        'dead_letters',
        'labels',
        'model_releases',
        'training_runs',
        'label_counts',
        'latency',
      ]),
    )
    expect(await migrate(config)).toEqual([])
    expect(await applied()).toEqual(shipped)
  })

  it('applies only what is new, in the order of the names', async () => {
    await migrate(config, folder())
    await writeFile(join(dir, '9002_b.sql'), 'ALTER TABLE extra ADD COLUMN IF NOT EXISTS b Int8;')
    await writeFile(
      join(dir, '9001_a.sql'),
      'CREATE TABLE IF NOT EXISTS extra (a Int8) ENGINE = MergeTree ORDER BY a;\n',
    )
    await writeFile(join(dir, 'notes.txt'), 'no migration')
    expect(await migrate(config, folder())).toEqual(['9001_a.sql', '9002_b.sql'])
    expect(await tables()).toContain('extra')
  })

  it('refuses an applied file that was edited, and changes nothing', async () => {
    await migrate(config, folder())
    await appendFile(join(dir, '0002_rollups.sql'), '\nCREATE TABLE sneaky (a Int8) ENGINE = Log;')
    await expect(migrate(config, folder())).rejects.toMatchObject({
      code: 'migration_changed',
      retryable: false,
      message: expect.stringContaining('0002_rollups.sql') as string,
    })
    expect(await tables()).not.toContain('sneaky')
  })

  it('refuses a database that a newer Winnow has migrated, and changes nothing', async () => {
    await writeFile(join(dir, '9999_later.sql'), 'DROP VIEW IF EXISTS latency;\n')
    await migrate(config, folder())
    await expect(migrate(config)).rejects.toMatchObject({
      code: 'database_newer',
      retryable: false,
      message: expect.stringMatching(
        /^a newer Winnow has migrated the database .*: this one does not know 9999_later\.sql\. Update/,
      ) as string,
    })
  })

  it('shows what is missing as a script, which does the same when it is run by hand', async () => {
    await rm(join(dir, shipped.at(-1)!))
    await migrate(config, folder())
    const plan = await planMigrations(config)
    expect(plan.missing.map(({ name }) => name)).toEqual(shipped.slice(-1))
    const script = planScript(config, plan)
    expect(script).toMatch(
      new RegExp(`^CREATE DATABASE .*USE ${config.database};.*-- ${shipped.at(-1)!}\n`, 's'),
    )
    for (const statement of statementsOf(script)) {
      if (!statement.startsWith('USE ')) await analytics.run(statement)
    }
    expect(planScript(config, await planMigrations(config))).toBe('')
    expect(await migrate(config)).toEqual([])
  })

  it('goes on where one failed half-way', async () => {
    const broken = join(dir, '9003_half.sql')
    const first = 'CREATE TABLE IF NOT EXISTS half (a Int8) ENGINE = MergeTree ORDER BY a;\n'
    await writeFile(broken, `${first}CREATE TABEL rest (a Int8);\n`)
    await expect(migrate(config, folder())).rejects.toMatchObject({ code: 'analytics_refused' })
    expect(await applied()).toEqual(shipped)
    const second = 'CREATE TABLE IF NOT EXISTS rest (a Int8) ENGINE = MergeTree ORDER BY a;\n'
    await writeFile(broken, `${first}${second}`)
    expect(await migrate(config, folder())).toEqual(['9003_half.sql'])
    expect(await tables()).toEqual(expect.arrayContaining(['half', 'rest']))
  })

  it('goes on where another process has applied one, and a later one, in the meantime', async () => {
    const late = "ALTER TABLE dropped_since MODIFY COMMENT 'late';\n"
    await writeFile(join(dir, '9004_late.sql'), late)
    // Stands for another process, which this one cannot know of when it starts.
    const meanwhile = `INSERT INTO migrations
      SELECT '9004_late.sql', '${createHash('sha256').update(late).digest('hex')}', now64(3);\n`
    await writeFile(join(dir, '9003_meanwhile.sql'), meanwhile)
    await writeFile(join(dir, '9005_next.sql'), 'DROP TABLE IF EXISTS dropped_since;\n')
    const done = await migrate(config, folder())
    expect(done.slice(-2)).toEqual(['9003_meanwhile.sql', '9005_next.sql'])
    const further = ['9003_meanwhile.sql', '9004_late.sql', '9005_next.sql']
    expect(await applied()).toEqual([...shipped, ...further])
  })

  it('may run in several processes at once', async () => {
    const module = new URL('infra/clickhouse/migrations.ts', root).href
    const code = `import { migrate } from ${JSON.stringify(module)}
      await migrate(${JSON.stringify(config)})`
    const statuses = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
          stdio: ['ignore', 'ignore', 'inherit'],
        })
        const [status] = (await once(child, 'exit')) as [number]
        return status
      }),
    )
    expect(statuses).toEqual([0, 0, 0])
    expect(await applied()).toEqual(shipped)
    expect(await migrate(config)).toEqual([])
    // A view that was created twice would count each row twice.
    await analytics.run(
      `INSERT INTO classifications (event_id, topic, partition, offset, label, model, version)
       VALUES ('e', 't', 0, 0, 'ham', 'mail', '1')`,
    )
    const counts = await analytics.rows('SELECT label, events FROM label_counts')
    expect(counts).toEqual([{ label: 'ham', events: 1 }])
  })
})

describe('winnow migrate --dry-run', () => {
  it('prints the SQL and changes nothing; with --all it needs no server', async () => {
    const env = {
      ...connectionVariables(inject('stack')),
      WINNOW_CLICKHOUSE_DATABASE: config.database,
    }
    const missing = await withinProcess(['migrate', '--dry-run'], { env })
    expect(missing).toMatchObject({ status: 0, stderr: '' })
    expect(missing.stdout).toMatch(/^CREATE DATABASE IF NOT EXISTS \w+;\n/)
    expect(statementsOf(missing.stdout).length).toBeGreaterThan(shipped.length)
    const [found] = await analyticsOfServer(
      `SELECT count() AS n FROM system.databases WHERE name = '${config.database}'`,
    )
    expect(found).toEqual({ n: 0 })
    const sharded = ['--set', 'clickhouse.cluster=main', '--set', 'clickhouse.sharded=true']
    const all = await withinProcess(['migrate', '--dry-run', '--all', '--json', ...sharded], {
      env: { WINNOW_CLICKHOUSE_URL: 'http://127.0.0.1:1' },
    })
    expect(all.status).toBe(0)
    const { migrations } = JSON.parse(all.stdout) as {
      migrations: { name: string; statements: string[] }[]
    }
    expect(migrations.map(({ name }) => name)).toEqual(shipped)
    expect(migrations[0]!.statements[1]).toContain("Distributed('main', 'winnow', ")
    await migrate(config)
    const none = await withinProcess(['migrate', '--dry-run'], { env })
    expect(none).toMatchObject({ status: 0, stdout: '', stderr: 'no migration is missing\n' })
  })
})

async function analyticsOfServer(sql: string): Promise<object[]> {
  const server = createAnalytics(config, { database: undefined })
  try {
    return await server.rows<object>(sql)
  } finally {
    await server.close()
  }
}

describe('rollups', () => {
  /** With this the engine refuses a query that would have to read the rows themselves. */
  const fromRollup = 'SETTINGS force_optimize_projection = 1'
  const byLabel = () =>
    analytics.rows(
      `SELECT label, toUInt32(sum(events)) AS n FROM label_counts WHERE source = 's'
       GROUP BY label ORDER BY label ${fromRollup}`,
    )
  const rows = `
    INSERT INTO classifications (event_id, topic, partition, offset, source, label, model, version,
                                 role, attempt, total_ms, classified_at)
    SELECT toString(number), 't', 0, number, 's', ['ham', 'spam'][1 + number % 2], 'mail', '1',
           if(number < 10, 'shadow', 'champion'), number < 20 ? 1 : 0, number,
           toDateTime64('2026-01-31 23:59:59', 3, 'UTC') + number % 2
    FROM numbers(110)`

  it('are read from the parts that hold the rows, and follow what is deleted and merged', async () => {
    await migrate(config)
    await analytics.run(rows)
    expect(await byLabel()).toEqual([
      { label: 'ham', n: 50 },
      { label: 'spam', n: 50 },
    ])
    const minutes = `SELECT toString(minute) AS at, label, events FROM label_counts
      WHERE model = 'mail' AND minute >= '2026-01-31 23:59:00' ORDER BY at LIMIT 5 ${fromRollup}`
    expect(await analytics.rows(minutes)).toEqual([
      { at: '2026-01-31 23:59:00', label: 'ham', events: 50 },
      { at: '2026-02-01 00:00:00', label: 'spam', events: 50 },
    ])
    // Neither shadows nor replays.
    const [latency] = await analytics.rows<{ n: number; low: number; high: number }>(
      `SELECT toUInt32(sum(events)) AS n, min(p50_ms) AS low, max(p99_ms) AS high
       FROM latency ${fromRollup}`,
    )
    expect(latency!.n).toBe(90)
    expect(latency!.low).toBeGreaterThan(50)
    expect(latency!.high).toBeLessThanOrEqual(110)

    await analytics.run('DELETE FROM classifications WHERE offset >= 100')
    await analytics.run('OPTIMIZE TABLE classifications FINAL')
    expect(await byLabel()).toEqual([
      { label: 'ham', n: 45 },
      { label: 'spam', n: 45 },
    ])
  })

  it('hold what an older database has, whose rollups were tables of their own', async () => {
    await rm(join(dir, '0010_rollups-within-parts.sql'))
    await migrate(config, folder())
    expect(await tables()).toContain('label_counts_minute')
    await analytics.run(rows)
    expect(await migrate(config)).toEqual(['0010_rollups-within-parts.sql'])
    expect(await tables()).not.toContain('label_counts_minute')
    // Correct at once, and read from the rollups once they are built.
    const count = 'SELECT toUInt32(sum(events)) AS n FROM label_counts'
    expect(await analytics.rows(count)).toEqual([{ n: 100 }])
    await until('the rollups of older rows', async () => {
      const [row] = await analytics.rows<{ n: number }>(
        'SELECT count() AS n FROM system.mutations WHERE database = currentDatabase() AND NOT is_done',
      )
      return row!.n === 0
    })
    expect(await analytics.rows(`${count} ${fromRollup}`)).toEqual([{ n: 100 }])
  })
})
