// Sets the time to live of texts and rows as configured, where it differs from what the tables
// have. It touches no TTL that Winnow did not set.
import { randomUUID } from 'node:crypto'
import type { Config } from '../../configs/schema.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { keepCounts, stopKeepingCounts } from './kept-counts.ts'
import { personalTables, replayTables, type PersonalTable } from './personal-tables.ts'

type Periods = { readonly textDays: number; readonly rowDays: number }

/**
 * Brings all tables in line with `retention.textDays` and `retention.rowDays` if these differ from
 * what was applied last, and returns the statements that did it. Rows that are too old go at once,
 * in a mutation that ClickHouse runs by itself. Several processes may call it at once.
 */
export async function applyRetention(
  analytics: Analytics,
  retention: Pick<Config['retention'], 'textDays' | 'rowDays'>,
): Promise<string[]> {
  const before = await lastPeriods(analytics)
  const { textDays, rowDays } = retention
  // What was applied last stands in one table, and a table of a replay is made as a copy, with its
  // times to live. So a start without a change needs no right but SELECT.
  if (textDays === before.textDays && rowDays === before.rowDays) return []
  const statements: string[] = []
  for (const table of [...personalTables, ...(await replayTables(analytics))]) {
    statements.push(...(await missingStatements(analytics, { table, retention, before })))
  }
  // Before the first row goes.
  if (rowDays > 0) await keepCounts(analytics)
  for (const statement of statements) await analytics.run(statement)
  if (rowDays === 0) await stopKeepingCounts(analytics)
  // Last, so that what a killed process left undone is done by the next one.
  await analytics.insert('retention_periods', {
    columns: ['text_days', 'row_days'],
    values: [[textDays, rowDays]],
    token: randomUUID(),
  })
  return statements
}

async function lastPeriods(analytics: Analytics): Promise<Periods> {
  const [last] = await analytics.rows<Periods>(
    'SELECT text_days AS textDays, row_days AS rowDays FROM retention_periods ORDER BY at DESC LIMIT 1',
  )
  return last ?? { textDays: 0, rowDays: 0 }
}

/** The statements that a table lacks. */
async function missingStatements(
  analytics: Analytics,
  { table, retention, before }: { table: PersonalTable; retention: Periods; before: Periods },
): Promise<string[]> {
  const { name, since, texts } = table
  const [row] = await analytics.rows<{ created: string; engine: string }>(
    `SELECT create_table_query AS created, engine_full AS engine FROM system.tables
     WHERE database = currentDatabase() AND name = {name: String}`,
    { name },
  )
  const { created, engine } = row!
  const statements: string[] = []
  for (const column of texts) {
    const change = ttlChange(columnText(created, column), {
      wanted: ttlText(since, retention.textDays),
      earlier: ttlText(since, before.textDays),
    })
    if (change !== undefined) {
      statements.push(`ALTER TABLE ${name} MODIFY COLUMN ${column} ${change}`)
    }
  }
  const change = ttlChange(engine, {
    wanted: ttlText(since, retention.rowDays),
    earlier: ttlText(since, before.rowDays),
  })
  if (change !== undefined) {
    statements.push(`ALTER TABLE ${name} ${change.replace(/^TTL/, 'MODIFY TTL')}`)
  }
  return statements
}

/** As ClickHouse writes it itself, so that it is found in its description of a table. */
function ttlText(since: string, days: number): string | undefined {
  return days === 0 ? undefined : `TTL toDateTime(${since}) + toIntervalDay(${days})`
}

function ttlChange(
  description: string,
  { wanted, earlier }: { wanted: string | undefined; earlier: string | undefined },
): string | undefined {
  if (wanted !== undefined) return description.includes(wanted) ? undefined : wanted
  return earlier !== undefined && description.includes(earlier) ? 'REMOVE TTL' : undefined
}

/** The description of a column within a CREATE TABLE: from its name to the next name. */
function columnText(created: string, column: string): string {
  const start = created.indexOf(`\`${column}\` `)
  const end = created.indexOf(', `', start)
  return created.slice(start, end < 0 ? created.indexOf(' ENGINE = ', start) : end)
}
