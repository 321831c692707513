// Applies each infra/sql/NNNN_name.sql once, in order; refuses to run if an applied file was
// edited, or if the database has one that this Winnow does not know. A database that is up to date
// is only read, so that services need no right to define tables.
import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { createAnalytics, type Analytics } from './clickhouse.ts'
import { statementsIn } from './cluster-statements.ts'
import { checkServer, checkTables } from './server-checks.ts'
import { topologyOf } from './topology.ts'

/** The migrations that ship with Winnow; the build copies them next to the built file. */
const shippedDir = new URL('../sql/', import.meta.url)

/** One file of infra/sql, with the statements that it is in the configured topology. */
export type Migration = {
  readonly name: string
  readonly sha256: string
  readonly statements: readonly string[]
}

/** What is left to do. */
export type MigrationPlan = {
  /** Statements before the first migration: the database, and the table of what is applied. */
  readonly first: readonly string[]
  readonly missing: readonly Migration[]
}

/**
 * Brings the database up to date, creating it if absent, and returns the names of the files
 * applied. Several processes may call it at once: each statement can run twice, and a failed one is
 * ignored if another process has meanwhile applied a later migration. Throws analytics_unavailable,
 * analytics_refused, analytics_unsupported, migration_changed, database_newer.
 */
export async function migrate(config: Config['clickhouse'], dir = shippedDir): Promise<string[]> {
  const { first, missing } = await planMigrations(config, dir)
  if (missing.length === 0) return []
  return explained(config, missing, async () => {
    const server = createAnalytics(config, { database: undefined })
    try {
      for (const statement of first) await server.run(statement)
    } finally {
      await server.close()
    }
    const database = createAnalytics(config)
    try {
      return await apply(database, config, missing)
    } finally {
      await database.close()
    }
  })
}

/** Reads what `migrate` would do; changes nothing. Throws what `migrate` throws. */
export async function planMigrations(
  config: Config['clickhouse'],
  dir = shippedDir,
): Promise<MigrationPlan> {
  const all = await wholePlan(config, dir)
  const server = createAnalytics(config, { database: undefined })
  try {
    await checkServer(server, config)
    const applied = await readApplied(server, config)
    if (applied.size > 0) await checkTables(server, config)
    const known = new Set(all.missing.map(({ name }) => name))
    const unknown = [...applied.keys()].filter((name) => !known.has(name)).sort()
    if (unknown.length > 0) throw newer(config, unknown)
    return { first: all.first, missing: all.missing.filter((one) => !isApplied(one, applied)) }
  } finally {
    await server.close()
  }
}

/** The plan for a server that has nothing yet, without asking one. */
export async function wholePlan(
  config: Config['clickhouse'],
  dir = shippedDir,
): Promise<MigrationPlan> {
  const { database } = config
  const topology = topologyOf(config)
  const inTopology = (statement: string) => statementsIn(topology, database, statement)
  const names = (await readdir(dir)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort()
  const missing = await Promise.all(
    names.map(async (name): Promise<Migration> => {
      const sql = await readFile(new URL(name, dir), 'utf8')
      const sha256 = createHash('sha256').update(sql).digest('hex')
      return { name, sha256, statements: statementsOf(sql).flatMap(inTopology) }
    }),
  )
  const [table] = inTopology(
    `CREATE TABLE IF NOT EXISTS migrations
     (name String, sha256 String, applied_at DateTime64(3, 'UTC'))
     ENGINE = ReplacingMergeTree ORDER BY name`,
  )
  const inDatabase = table!.replace(' migrations', ` ${database}.migrations`)
  return {
    first: [...inTopology(`CREATE DATABASE IF NOT EXISTS ${database}`), inDatabase],
    missing,
  }
}

/** The plan as a script for clickhouse-client, which also notes what it applies. */
export function planScript({ database }: Config['clickhouse'], plan: MigrationPlan): string {
  if (plan.missing.length === 0) return ''
  const files = plan.missing.map(({ name, sha256, statements }) => {
    const note = `INSERT INTO migrations SELECT '${name}', '${sha256}', now64(3)`
    return `-- ${name}\n${[...statements, note].map((one) => `${one};\n`).join('\n')}`
  })
  const first = [...plan.first, `USE ${database}`].map((one) => `${one};\n`).join('\n')
  return [first, ...files].join('\n')
}

async function apply(
  database: Analytics,
  config: Config['clickhouse'],
  missing: readonly Migration[],
): Promise<string[]> {
  const done: string[] = []
  for (const { name, sha256, statements } of missing) {
    try {
      for (const statement of statements) await database.run(statement)
    } catch (error) {
      // Another process may have applied it, and a later one, since the plan was made.
      const byOthers = await readApplied(database, config)
      if (byOthers.get(name) !== sha256) throw error
      continue
    }
    await database.insert('migrations', {
      columns: ['name', 'sha256', 'applied_at'],
      values: [[name, sha256, Date.now()]],
      token: `migration-${name}-${sha256}`,
    })
    done.push(name)
  }
  return done
}

function isApplied({ name, sha256 }: Migration, applied: ReadonlyMap<string, string>): boolean {
  const known = applied.get(name)
  if (known === undefined || known === sha256) return known === sha256
  throw new WinnowError(
    'migration_changed',
    `the migration ${name} was edited after it was applied. Restore the file and add a ` +
      'new migration instead.',
  )
}

function newer({ database }: Config['clickhouse'], unknown: readonly string[]): WinnowError {
  return new WinnowError(
    'database_newer',
    `a newer Winnow has migrated the database ${database}: this one does not know ` +
      `${unknown.join(', ')}. Update this Winnow, or point clickhouse.database to another database.`,
    { details: { unknown } },
  )
}

/** UNKNOWN_TABLE and UNKNOWN_DATABASE: nothing was applied yet. */
const absentCodes: readonly unknown[] = [60, 81]

/** The SHA-256 of each applied file, by name. */
async function readApplied(
  analytics: Analytics,
  { database }: Config['clickhouse'],
): Promise<Map<string, string>> {
  try {
    const rows = await analytics.rows<{ name: string; sha256: string }>(
      `SELECT name, any(sha256) AS sha256 FROM ${database}.migrations GROUP BY name`,
    )
    return new Map(rows.map(({ name, sha256 }) => [name, sha256]))
  } catch (error) {
    if (error instanceof WinnowError && absentCodes.includes(error.details.clickhouseCode)) {
      return new Map()
    }
    throw error
  }
}

/** ACCESS_DENIED. */
const deniedCode = 497

/** Says what is missing, and who may do it, if the user may not. */
async function explained<T>(
  { database, username }: Config['clickhouse'],
  missing: readonly Migration[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof WinnowError) || error.details.clickhouseCode !== deniedCode) throw error
    const names = missing.map(({ name }) => name)
    const shown = names.length > 3 ? `${names[0]} to ${names.at(-1)}` : names.join(', ')
    throw new WinnowError(
      'analytics_refused',
      `the database ${database} lacks migrations (${shown}), and the user ${username} may not ` +
        `apply them: run \`winnow migrate\` as a user who may (docs/clickhouse.md). ${error.message}`,
      { cause: error, details: error.details },
    )
  }
}

/** Splits a migration at semicolons that end a line; drops comment lines. */
export function statementsOf(sql: string): string[] {
  return sql
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('--'))
    .join('\n')
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}
