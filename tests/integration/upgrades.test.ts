// Upgrades of tables with rows in them: from the schema after each migration, the first one
// included, to the latest. Every row is kept, new columns have their defaults, and every view is
// right. An upgrade that is interrupted after any statement ends in the same schema. The short form
// takes the first schema, the one before the first DROP and the last but one, and fewer statements.
import { readFileSync } from 'node:fs'
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import type { Config } from '../../configs/schema.ts'
import { createAnalytics, type Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { migrate, wholePlan } from '../../infra/clickhouse/migrations.ts'
import { connectionVariables, uniqueName } from '../support/backends.ts'
import { isLongForm } from '../support/long-form.ts'

const folder = new URL('../../infra/sql/', import.meta.url)
const shipped = (await readdir(folder)).sort()
/** The first migration that drops something. */
const dropping = shipped.findIndex((name) =>
  /^DROP/m.test(readFileSync(new URL(name, folder), 'utf8')),
)
/** After how many migrations an upgrade begins. */
const starts = isLongForm
  ? shipped.slice(0, -1).map((_, at) => at + 1)
  : [1, dropping, shipped.length - 1]

let config: Config['clickhouse']
let analytics: Analytics

beforeEach(() => {
  config = newDatabase()
  analytics = createAnalytics(config)
})

afterEach(async () => {
  await analytics.run(`DROP DATABASE IF EXISTS ${config.database}`)
  await analytics.close()
})

function newDatabase(): Config['clickhouse'] {
  const env = {
    ...connectionVariables(inject('stack')),
    WINNOW_CLICKHOUSE_DATABASE: uniqueName(),
  }
  return loadConfig({ env }).clickhouse
}

/** Applies the first `count` migrations, as a Winnow that knew no more. */
async function migrateTo(count: number): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'winnow-sql-'))
  for (const name of shipped.slice(0, count)) await cp(new URL(name, folder), join(dir, name))
  await migrate(config, pathToFileURL(`${dir}/`))
  await rm(dir, { recursive: true })
}

/** 90 rows over two months, with the columns of the first schema, which all later ones have. */
const rows = [
  `INSERT INTO classifications (event_id, topic, partition, offset, record_time, event_time,
     classified_at, source, attributes, text, label, score, probabilities, model, version, role,
     tokens, truncated, queue_ms, infer_ms, total_ms)
   SELECT concat('e', toString(number)), 'old.events', number % 3, number, at, at, at, 's',
     map('k', toString(number)), concat('text ', toString(number)), ['ham', 'spam'][1 + number % 2],
     0.75, map('ham', 0.75), 'mail', ['1', '2'][1 + (number >= 60)], 'champion', 5, false, 1, 2,
     number
   FROM (SELECT number, toDateTime64('2026-01-31 23:59:30', 3, 'UTC') + number AS at FROM numbers(90))`,
  `INSERT INTO dead_letters (code, message, stage, topic, partition, offset, record_time, rejected_at,
     key, payload, payload_bytes)
   SELECT 'text_empty', 'm', 'validate', 'old.events', 0, 1000 + number, now64(3), now64(3), 'k', '{}', 2
   FROM numbers(7)`,
  `INSERT INTO labels (event_id, label, labelled_at, labelled_by)
   SELECT concat('e', toString(number)), 'ham', now64(3), ['producer', 'ann'][1 + number % 2]
   FROM numbers(10)`,
  `INSERT INTO inference_batches (at, size, tokens, padded_tokens, wait_ms, run_ms, worker, model, version)
   SELECT now64(3), 1, 2, 3, 4, 5, 0, 'mail', '1' FROM numbers(4)`,
  `INSERT INTO model_releases (at, kind, model, version, by, reason)
   SELECT now64(3), 'promote', 'mail', '1', 'ann', 'r' FROM numbers(3)`,
  `INSERT INTO training_runs (run, at, kind, model, version, method, parameters, metrics, data_manifest,
     artifact_hash, seconds)
   SELECT toString(number), now64(3), 'train', 'mail', '1', 'head', map('a', 'b'), map('f1', 0.5), '{}', 'h', 1
   FROM numbers(5)`,
]

/** The tables with these rows. */
const filled = {
  classifications: 90,
  dead_letters: 7,
  labels: 10,
  inference_batches: 4,
  model_releases: 3,
  training_runs: 5,
}

/** For each table the number of its rows, and a sum over the content of these columns. */
async function contentOf(columns: ReadonlyMap<string, string>): Promise<object[]> {
  return Promise.all(
    [...columns].map(async ([table, names]) => {
      const [row] = await analytics.rows<object>(
        `SELECT count() AS rows, toString(sum(cityHash64(toString(tuple(${names}))))) AS content FROM ${table}`,
      )
      return { table, ...row }
    }),
  )
}

async function columnsOf(): Promise<Map<string, string>> {
  const found = await analytics.rows<{ table: string; names: string }>(
    `SELECT table, arrayStringConcat(groupArray(name), ', ') AS names FROM
       (SELECT table, name FROM system.columns
        WHERE database = currentDatabase() AND table IN ({tables: Array(String)}) ORDER BY table, position)
     GROUP BY table ORDER BY table`,
    { tables: Object.keys(filled) },
  )
  return new Map(found.map(({ table, names }) => [table, names]))
}

const read = (sql: string) => analytics.rows<object>(sql)

async function expectViewsRight(): Promise<void> {
  expect(
    await read(
      `SELECT label, version, toUInt32(sum(events)) AS n, uniqExact(minute) AS minutes FROM label_counts
       GROUP BY label, version ORDER BY label, version`,
    ),
  ).toEqual([
    { label: 'ham', version: '1', n: 30, minutes: 2 },
    { label: 'ham', version: '2', n: 15, minutes: 1 },
    { label: 'spam', version: '1', n: 30, minutes: 2 },
    { label: 'spam', version: '2', n: 15, minutes: 1 },
  ])
  expect(
    await read(
      `SELECT toString(minute) AS at, version, events, toUInt32(p50_ms) AS p50 FROM latency ORDER BY at, version`,
    ),
  ).toEqual([
    { at: '2026-01-31 23:59:00', version: '1', events: 30, p50: 14 },
    { at: '2026-02-01 00:00:00', version: '1', events: 30, p50: 44 },
    { at: '2026-02-01 00:00:00', version: '2', events: 30, p50: 74 },
  ])
  expect(
    await read(
      `SELECT label, toUInt32(sum(events)) AS n FROM label_set_counts GROUP BY label ORDER BY label`,
    ),
  ).toEqual([
    { label: 'ham', n: 45 },
    { label: 'spam', n: 45 },
  ])
  expect(
    await read(
      `SELECT labelled_by AS person, count() AS n, uniqExact(event_id) AS events FROM event_labels
       GROUP BY person ORDER BY person`,
    ),
  ).toEqual([
    { person: 'ann', n: 5, events: 5 },
    { person: 'producer', n: 5, events: 5 },
  ])
  expect(
    await read(
      `SELECT count() AS n, min(attempt) AS attempt, any(payload) AS payload FROM open_dead_letters`,
    ),
  ).toEqual([{ n: 7, attempt: 0, payload: '{}' }])
  expect(
    await read(`SELECT version, toString(role) AS role, labelled, right FROM version_accuracy`),
  ).toEqual([{ version: '1', role: 'champion', labelled: 10, right: 5 }])
  expect(await read('SELECT * FROM version_disagreement')).toEqual([])
}

describe('an upgrade', () => {
  it.each(starts.map((count) => [shipped[count - 1]!, count] as const))(
    'from the schema of %s keeps every row, and every view is right',
    { timeout: 60_000 },
    async (_, count) => {
      await migrateTo(count)
      for (const sql of rows) await analytics.run(sql)
      const columns = await columnsOf()
      const before = await contentOf(columns)
      expect(before).toMatchObject(
        Object.entries(filled)
          .sort()
          .map(([table, n]) => ({ table, rows: n })),
      )
      expect(await migrate(config)).toEqual(shipped.slice(count))
      expect(await contentOf(columns)).toEqual(before)
      await expectViewsRight()
      expect(
        await read(
          `SELECT count() AS n FROM classifications
           WHERE labels = [label] AND attempt = 0 AND (out_of_scope IS NULL OR ${count >= 3})`,
        ),
      ).toEqual([{ n: 90 }])
    },
  )
})

/** The schema as SQL, without the name of the database. */
async function schemaOf(): Promise<unknown> {
  const { database } = config
  const tables = await analytics.rows<{ name: string; sql: string }>(
    `SELECT name, create_table_query AS sql FROM system.tables
     WHERE database = currentDatabase() ORDER BY name`,
  )
  return tables.map(({ name, sql }) => ({ name, sql: sql.replaceAll(database, 'db') }))
}

it(
  'ends in the same schema when it is interrupted after any statement',
  { timeout: 240_000 },
  async () => {
    await migrate(config)
    const clean = await schemaOf()
    const plan = await wholePlan(config)
    const statements = plan.missing.flatMap((file) => file.statements.map((sql) => ({ file, sql })))
    // Every so many, and those around the first migration that drops something.
    const [every, around] = isLongForm ? [7, 2] : [30, 1]
    const dropsAt = statements.findIndex(({ sql }) => sql.startsWith('DROP'))
    const stops = statements.flatMap((_, at) =>
      at % every === 3 || Math.abs(at - dropsAt) <= around ? [at] : [],
    )
    for (const stop of stops) {
      await analytics.run(`DROP DATABASE ${config.database} SYNC`)
      const { file } = statements[stop]!
      const done = plan.missing.indexOf(file)
      await migrateTo(done)
      if (done > 0) await analytics.run(rows[0]!)
      if (done === 0) for (const sql of plan.first) await inServer(sql)
      for (const { sql } of statements.slice(0, stop + 1).filter((one) => one.file === file)) {
        await analytics.run(sql)
      }
      expect((await migrate(config))[0], `after statement ${stop}`).toBe(file.name)
      expect(await schemaOf(), `after statement ${stop}`).toEqual(clean)
      if (done > 0) await expectRows()
    }
  },
)

async function expectRows(): Promise<void> {
  expect(await read('SELECT toUInt32(sum(events)) AS n FROM label_counts')).toEqual([{ n: 90 }])
}

async function inServer(sql: string): Promise<void> {
  const server = createAnalytics(config, { database: undefined })
  await server.run(sql)
  await server.close()
}
