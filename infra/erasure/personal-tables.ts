// The tables that hold what belongs to single events, besides those that replays fill. Retention
// and erasure go through this list; a table that is not in it holds no text and no id of an event.
import type { Analytics } from '../clickhouse/clickhouse.ts'

/** A table whose rows belong to single events. */
export type PersonalTable = {
  readonly name: string
  /** The column by which a row gets old. */
  readonly since: string
  /** The columns that hold texts or what else an event said. */
  readonly texts: readonly string[]
}

/** The columns of `classifications`, and of the tables of replays, that hold what an event said. */
const resultTexts = ['text', 'attributes'] as const

/** The tables that Winnow creates at its start. */
export const personalTables = [
  { name: 'classifications', since: 'classified_at', texts: resultTexts },
  {
    name: 'dead_letters',
    since: 'rejected_at',
    texts: ['payload', 'payload_base64', 'message'],
  },
  { name: 'dead_letter_replays', since: 'sent_at', texts: [] },
  { name: 'labels', since: 'stored_at', texts: [] },
] as const satisfies readonly PersonalTable[]

/** The tables that `winnow replay --into` made, by the comment that it gives them. */
export async function replayTables(analytics: Analytics): Promise<PersonalTable[]> {
  const rows = await analytics.rows<{ name: string }>(
    `SELECT name FROM system.tables
     WHERE database = currentDatabase() AND startsWith(comment, 'replay of ') ORDER BY name`,
  )
  return rows.map(({ name }) => ({ name, since: 'classified_at', texts: resultTexts }))
}
