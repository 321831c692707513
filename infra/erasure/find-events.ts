// Finds what the tables of results hold of events: by id, or by attributes. It reads only;
// erase-rows.ts deletes.
import type { Origin } from '../../schemas/validated.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'

/** Which events: those with one of the ids, or those with all of the attributes. */
export type EventSelection =
  { readonly ids: readonly string[] } | { readonly attributes: Readonly<Record<string, string>> }

/** One event as a table of results has it. */
export type FoundEvent = {
  readonly id: string
  readonly origin: Origin
  /** The cleaned text; empty where no text is stored, or none any more. */
  readonly text: string
}

/**
 * The events in tables that have the columns of `classifications`, at most `eventsMax` of each
 * table. The same event may come from several tables.
 */
export async function findEvents(
  analytics: Analytics,
  selection: EventSelection,
  { tables, eventsMax }: { tables: readonly string[]; eventsMax: number },
): Promise<FoundEvent[]> {
  const { where, parameters } = selected(selection)
  const found: FoundEvent[] = []
  for (const table of tables) {
    const rows = await analytics.rows<Pick<FoundEvent, 'id' | 'text'> & Origin>(
      `SELECT event_id AS id, topic, partition, offset,
         toUnixTimestamp64Milli(record_time) AS recordTimeMs, max(text) AS text
       FROM ${table} AS stored WHERE ${where}
       GROUP BY id, topic, partition, offset, recordTimeMs
       ORDER BY topic, partition, offset, recordTimeMs, id LIMIT {eventsMax: UInt32}`,
      { ...parameters, eventsMax },
    )
    for (const { id, text, ...origin } of rows) found.push({ id, origin, text })
  }
  return found
}

/** Where the labels of events entered, those that came with their event left out. */
export function findLabels(analytics: Analytics, ids: readonly string[]): Promise<Origin[]> {
  return analytics.rows<Origin>(
    `SELECT DISTINCT topic, partition, offset, toUnixTimestamp64Milli(record_time) AS recordTimeMs
     FROM labels WHERE event_id IN {ids: Array(String)} AND topic != ''
     ORDER BY topic, partition, offset, recordTimeMs`,
    { ids },
  )
}

type Selected = { readonly where: string; readonly parameters: Record<string, unknown> }

function selected(selection: EventSelection): Selected {
  if ('ids' in selection) {
    return { where: 'event_id IN {ids: Array(String)}', parameters: { ids: selection.ids } }
  }
  const attributes = Object.entries(selection.attributes)
  return {
    where: attributes
      .map((_, at) => `attributes[{name${at}: String}] = {value${at}: String}`)
      .join(' AND '),
    parameters: Object.fromEntries(
      attributes.flatMap(([name, value], at) => [
        [`name${at}`, name],
        [`value${at}`, value],
      ]),
    ),
  }
}
