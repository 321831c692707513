// Migrations on the real engine: applied once and in order, by any number of processes, and refused
// when an applied file was edited.
import { readdirSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import type { Config } from '../../configs/schema.ts'
import { createAnalytics, type Analytics } from '../../infra/clickhouse.ts'
import { migrate } from '../../infra/migrations.ts'
import { uniqueName } from '../support/backends.ts'

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
      WINNOW_CLICKHOUSE_URL: inject('stack').clickhouseUrl,
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
        ...['classifications', 'inference_batches', 'dead_letters', 'labels'],
        ...['model_releases', 'training_runs', 'label_counts', 'latency'],
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

  it('may run in several processes at once', async () => {
    const module = new URL('infra/migrations.ts', root).href
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
    // A view that was made twice would count each row twice.
    await analytics.run(
      `INSERT INTO classifications (event_id, topic, partition, offset, label, model, version)
       VALUES ('e', 't', 0, 0, 'ham', 'mail', '1')`,
    )
    const counts = await analytics.rows('SELECT label, events FROM label_counts')
    expect(counts).toEqual([{ label: 'ham', events: 1 }])
  })
})
