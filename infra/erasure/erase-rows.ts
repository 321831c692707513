// Deletes rows of a table so that no file holds them any more: a mutation writes new parts without
// the rows, and the server removes the old parts at once instead of after some minutes.
import { setTimeout } from 'node:timers/promises'
import { WinnowError } from '../../schemas/errors.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'

/** Rows of one table. The parameters are those of the condition. */
export type RowSelection = {
  readonly table: string
  readonly where: string
  readonly parameters: Readonly<Record<string, unknown>>
}

/** How long a mutation, and then the removal of old parts, may take. */
export type EraseLimits = { readonly msMax: number; readonly pollMs: number }

const defaults: EraseLimits = { msMax: 3_600_000, pollMs: 250 }

/** How many rows the selection holds. */
export async function countRows(
  analytics: Analytics,
  { table, where, parameters }: RowSelection,
): Promise<number> {
  const [row] = await analytics.rows<{ rows: number }>(
    `SELECT count() AS rows FROM ${table} WHERE ${where}`,
    parameters,
  )
  return row!.rows
}

/**
 * Deletes the rows and returns how many there were. Resolves when neither a query nor a file of the
 * table has them. The condition stays readable in the table's list of mutations, so it must not
 * name what is to be forgotten. Running it again does no harm.
 *
 * @throws WinnowError `analytics_refused` where the server cannot run the mutation,
 * `deadline_exceeded`, `analytics_unavailable`.
 */
export async function eraseRows(
  analytics: Analytics,
  selection: RowSelection,
  limits: EraseLimits = defaults,
): Promise<number> {
  const { table, where, parameters } = selection
  const rows = await countRows(analytics, selection)
  if (rows === 0) return 0
  const deadlineMs = Date.now() + limits.msMax
  const restore = await removeOldPartsAtOnce(analytics, table)
  try {
    await analytics.run(`ALTER TABLE ${table} DELETE WHERE ${where}`, parameters)
    const waiting = { table, deadlineMs, pollMs: limits.pollMs }
    await mutationsDone(analytics, waiting)
    await oldPartsGone(analytics, waiting)
  } finally {
    await restore()
  }
  return rows
}

type Waiting = { readonly table: string; readonly deadlineMs: number; readonly pollMs: number }

/** Waits for all mutations of the table. */
async function mutationsDone(analytics: Analytics, waiting: Waiting): Promise<void> {
  const { table } = waiting
  await poll(waiting, `the deletion from ${table}`, async () => {
    const open = await analytics.rows<{ reason: string }>(
      `SELECT latest_fail_reason AS reason FROM system.mutations
       WHERE database = currentDatabase() AND table = {table: String} AND NOT is_done`,
      { table },
    )
    const failed = open.find(({ reason }) => reason !== '')
    if (failed === undefined) return open.length === 0
    throw new WinnowError(
      'analytics_refused',
      `ClickHouse cannot delete from ${table}: ${failed.reason}. It keeps trying; ` +
        'once the cause is gone, run the command again.',
      { details: { table } },
    )
  })
}

/** An id that no partition has. */
const noPartition = 'winnow-none'

/** Waits until the parts are removed that no query reads any more. Later ones hold no such row. */
async function oldPartsGone(analytics: Analytics, waiting: Waiting): Promise<void> {
  const { table } = waiting
  const inactive = (): Promise<{ name: string }[]> =>
    analytics.rows<{ name: string }>(
      `SELECT name FROM system.parts
       WHERE database = currentDatabase() AND table = {table: String} AND NOT active`,
      { table },
    )
  const old = new Set((await inactive()).map(({ name }) => name))
  await poll(waiting, `the removal of old parts of ${table}`, async () => {
    // The server looks for old parts in ever longer intervals while nothing happens, up to minutes.
    // It also looks for them whenever a partition is dropped, even one that does not exist.
    await analytics.run(`ALTER TABLE ${table} DROP PARTITION ID '${noPartition}'`)
    return (await inactive()).every(({ name }) => !old.has(name))
  })
}

async function poll(
  { deadlineMs, pollMs }: Waiting,
  what: string,
  isDone: () => Promise<boolean>,
): Promise<void> {
  while (!(await isDone())) {
    if (Date.now() > deadlineMs) {
      throw new WinnowError(
        'deadline_exceeded',
        `ClickHouse is still busy with ${what}. It goes on by itself; run the command again later to ` +
          'see whether it is done.',
      )
    }
    await setTimeout(pollMs)
  }
}

const lifetime = 'old_parts_lifetime'

/**
 * ClickHouse keeps parts that were replaced for some minutes. Returns what restores that; a table
 * with a setting of its own gets it back.
 */
async function removeOldPartsAtOnce(
  analytics: Analytics,
  table: string,
): Promise<() => Promise<void>> {
  const [row] = await analytics.rows<{ engine: string }>(
    `SELECT engine_full AS engine FROM system.tables
     WHERE database = currentDatabase() AND name = {table: String}`,
    { table },
  )
  const found = new RegExp(`\\b${lifetime} = (\\d+)`).exec(row?.engine ?? '')?.[1]
  // One second is what a command left that was killed.
  const own = found === '1' ? undefined : found
  await analytics.run(`ALTER TABLE ${table} MODIFY SETTING ${lifetime} = 1`)
  return () =>
    analytics.run(
      own === undefined
        ? `ALTER TABLE ${table} RESET SETTING ${lifetime}`
        : `ALTER TABLE ${table} MODIFY SETTING ${lifetime} = ${own}`,
    )
}
