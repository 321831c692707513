// Reads what became of events, by their ids: the newest result or the latest dead letter. Dead
// letters are found by the key of the record, which publishers of Winnow set to the id.
import type { EventLetter, EventOutcomes } from '../../schemas/ports/event-outcomes.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { boundedRows } from './result-reader.ts'

/** Creates the reader; the caller closes the client. */
export function createEventOutcomes(analytics: Analytics): EventOutcomes {
  return {
    newestResults: (ids) =>
      boundedRows(analytics, {
        conditions: ['event_id IN ({ids: Array(String)})', `role != 'shadow'`],
        parameters: { ids },
        rowsMax: ids.length,
        once: 'event_id',
      }).then(({ rows }) => rows),
    deadLetters: (ids, sinceMs) =>
      analytics.rows<EventLetter>(
        `SELECT key AS id, code, message FROM dead_letters
         WHERE rejected_at >= fromUnixTimestamp64Milli({sinceMs: Int64})
           AND key IN ({ids: Array(String)})
         ORDER BY rejected_at DESC, attempt DESC LIMIT 1 BY key`,
        { ids, sinceMs },
      ),
  }
}
