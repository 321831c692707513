// What ClickHouse holds of the events to forget, and its deletion: rows, rows of replays, dead
// letters, labels. Files of the model store are trainers/erasure/.
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { rowsOfIds, rowsOfOrigins, type ChosenRows } from '../../infra/erasure/chosen-rows.ts'
import { countRows, eraseRows, type EraseLimits } from '../../infra/erasure/erase-rows.ts'
import { findEvents, findLabels, type EventSelection } from '../../infra/erasure/find-events.ts'
import { findLetters, type FoundLetter } from '../../infra/erasure/find-letters.ts'
import { replayTables } from '../../infra/erasure/personal-tables.ts'
import { deadLetterId } from '../../schemas/dead-letter.ts'
import type { Origin } from '../../schemas/validated.ts'

/** Events that one pass forgets; statements with more would be longer than servers accept. */
export const eventsPerPass = 1_000

/** What was found of the events to forget. */
export type StoredEvents = {
  readonly ids: readonly string[]
  readonly origins: readonly Origin[]
  /** Where their labels entered. */
  readonly labelOrigins: readonly Origin[]
  /** The cleaned texts, each once. */
  readonly texts: readonly string[]
  /** The dead letters that keep the value of their event. */
  readonly letters: readonly FoundLetter[]
  /** Whether there may be more events than these. */
  readonly isCut: boolean
}

/** Finds the events of a selection, those that the tables hold. */
export async function findStored(
  analytics: Analytics,
  selection: EventSelection,
): Promise<StoredEvents> {
  const replays = (await replayTables(analytics)).map(({ name }) => name)
  const tables = ['classifications', ...replays]
  const eventsMax = eventsPerPass
  const events = await findEvents(analytics, selection, { tables, eventsMax })
  const letters = await findLetters(analytics, selection, { eventsMax })
  const asked = 'ids' in selection ? [...new Set(selection.ids)] : []
  const origins = new Map(
    [...events, ...letters].map(({ origin }) => [
      `${deadLetterId(origin)}/${origin.recordTimeMs}`,
      origin,
    ]),
  )
  const ids = [...new Set([...asked, ...events.map(({ id }) => id)])]
  return {
    ids,
    origins: [...origins.values()],
    labelOrigins: await findLabels(analytics, ids),
    texts: [...new Set(events.map(({ text }) => text))].filter((text) => text !== ''),
    letters: letters.filter(({ payload }) => payload.length > 0),
    isCut: events.length >= eventsMax || letters.length >= eventsMax,
  }
}

/** How many rows of a table belong to the events, or were deleted. */
export type TableRows = { readonly table: string; readonly rows: number }

/** Counts what `forgetRows` would delete. */
export async function countStored(
  analytics: Analytics,
  stored: StoredEvents,
): Promise<TableRows[]> {
  const counted: TableRows[] = []
  for (const { table, ...chosen } of await rowsByTable(analytics, stored)) {
    counted.push({ table, rows: await countRows(analytics, { table, ...chosen }) })
  }
  return counted
}

/**
 * Deletes every row of the events, and returns how many there were in each table. Resolves when no
 * query and no file of a table holds them.
 *
 * @throws WinnowError as `eraseRows`.
 */
export async function forgetRows(
  analytics: Analytics,
  stored: StoredEvents,
  limits?: EraseLimits,
): Promise<TableRows[]> {
  const [labels, ...others] = await rowsByTable(analytics, stored)
  const erase = async ({ table, ...chosen }: TableSelection): Promise<TableRows> => ({
    table,
    rows: await eraseRows(analytics, { table, ...chosen }, limits),
  })
  // Labels first: the other rows say which ids they have, so a killed command can run again.
  return [await erase(labels), ...(await Promise.all(others.map(erase)))]
}

type TableSelection = ChosenRows & { readonly table: string }

/** The tables with rows of single events, and which of their rows belong to these; labels first. */
async function rowsByTable(
  analytics: Analytics,
  { ids, origins }: StoredEvents,
): Promise<[TableSelection, ...TableSelection[]]> {
  const byOrigin = rowsOfOrigins(origins)
  const byId = await rowsOfIds(analytics, ids)
  const replays = await replayTables(analytics)
  const tables = ['classifications', 'dead_letters', 'dead_letter_replays']
  for (const { name } of replays) tables.push(name)
  return [{ table: 'labels', ...byId }, ...tables.map((table) => ({ table, ...byOrigin }))]
}

/**
 * Parts of the tables that no query reads: somebody detached them, or ClickHouse found them broken.
 */
export async function listDetachedParts(
  analytics: Analytics,
  tables: readonly TableRows[],
): Promise<string[]> {
  const rows = await analytics.rows<{ path: string }>(
    `SELECT path FROM system.detached_parts
     WHERE database = currentDatabase() AND table IN {tables: Array(String)} ORDER BY path`,
    { tables: tables.map(({ table }) => table) },
  )
  return rows.map(({ path }) => path)
}
