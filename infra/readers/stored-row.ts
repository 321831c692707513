// Reads what the stream stored about one event: its cleaned text and the label, for each model that
// classified it.
import type { Classification } from '../../schemas/classification.ts'
import type { EventPlace } from '../../schemas/record.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'

/** One row of `classifications`. */
export type StoredRow = Pick<
  Classification,
  'eventId' | 'text' | 'label' | 'score' | 'model' | 'version' | 'role'
>

/**
 * The rows of the event that entered at a place, the champion's first; empty if there is none.
 * Throws analytics_unavailable, analytics_refused.
 */
export function readRowsAt(analytics: Analytics, place: EventPlace): Promise<StoredRow[]> {
  return analytics.rows<StoredRow>(
    `SELECT event_id AS eventId, text AS text, label AS label, score AS score, model AS model,
       version AS version, role AS role
     FROM classifications
     WHERE topic = {topic: String} AND partition = {partition: UInt32} AND offset = {offset: UInt64}
     ORDER BY role, model, version`,
    { ...place, offset: String(place.offset) },
  )
}
