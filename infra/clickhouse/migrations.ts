// Applies each infra/sql/NNNN_name.sql once, in order; refuses to run if an applied file was
// edited.
import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { createAnalytics, type Analytics } from './clickhouse.ts'

/** The migrations that ship with Winnow; the build copies them next to the built file. */
const shippedDir = new URL('../sql/', import.meta.url)

/**
 * Brings the database up to date, creating it if absent, and returns the names of the files
 * applied. Several processes may call it at once: each statement can run twice, and a failed one is
 * ignored if another process has meanwhile applied a later migration. Throws analytics_unavailable,
 * analytics_refused, or migration_changed.
 */
export async function migrate(config: Config['clickhouse'], dir = shippedDir): Promise<string[]> {
  const server = createAnalytics(config, { database: undefined })
  try {
    await server.run(`CREATE DATABASE IF NOT EXISTS ${config.database}`)
  } finally {
    await server.close()
  }
  const database = createAnalytics(config)
  try {
    await database.run(
      `CREATE TABLE IF NOT EXISTS migrations (name String, sha256 String, applied_at DateTime64(3, 'UTC'))
       ENGINE = ReplacingMergeTree ORDER BY name`,
    )
    const applied = await readApplied(database)
    const names = (await readdir(dir)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort()
    const done: string[] = []
    for (const name of names) {
      const sql = await readFile(new URL(name, dir), 'utf8')
      const sha256 = createHash('sha256').update(sql).digest('hex')
      const known = applied.get(name)
      if (known === sha256) continue
      if (known !== undefined) {
        throw new WinnowError(
          'migration_changed',
          `the migration ${name} was edited after it was applied. Restore the file and add a ` +
            'new migration instead.',
        )
      }
      try {
        for (const statement of statementsOf(sql)) await database.run(statement)
      } catch (error) {
        const byOthers = await readApplied(database)
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
  } finally {
    await database.close()
  }
}

/** The SHA-256 of each applied file, by name. */
async function readApplied(database: Analytics): Promise<Map<string, string>> {
  const rows = await database.rows<{ name: string; sha256: string }>(
    'SELECT name, any(sha256) AS sha256 FROM migrations GROUP BY name',
  )
  return new Map(rows.map(({ name, sha256 }) => [name, sha256]))
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
