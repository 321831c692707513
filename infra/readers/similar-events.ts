// Reads the events whose texts are most like that of one event, among the newest of its model.
import type { LabellingCandidate } from '../../schemas/ports/labelling-reader.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { candidateColumns, labellingSettings, unlabelled } from './labelling-conditions.ts'

/** About how many of the newest events are compared; each text is read. */
const eventsMax = 20_000
/** Only this much of a text is compared. */
const charactersMax = 2_000

/**
 * The most similar events that nobody labelled; undefined if the event has no result. Similarity is
 * Dice's coefficient over runs of three characters (ngramDistanceUTF8 of ClickHouse), 0 to 1.
 * Throws analytics_unavailable, analytics_refused.
 */
export async function readSimilar(
  analytics: Analytics,
  eventId: string,
  limit: number,
): Promise<(LabellingCandidate & { readonly similarity: number })[] | undefined> {
  const ofEvent = `FROM classifications WHERE event_id = {eventId: String} AND role != 'shadow'
     ORDER BY classified_at DESC LIMIT 1`
  const [event] = await analytics.rows<{ model: string }>(
    `SELECT model ${ofEvent} ${labellingSettings}`,
    { eventId },
  )
  if (event === undefined) return undefined
  const start = (text: string) => `lowerUTF8(substringUTF8(${text}, 1, ${charactersMax}))`
  return analytics.rows(
    `SELECT ${candidateColumns},
       1 - ngramDistanceUTF8(${start('text')}, (SELECT ${start('text')} ${ofEvent})) AS similarity
     FROM (
       SELECT * FROM classifications
       WHERE ${unlabelled({})} AND event_id != {eventId: String}
       ORDER BY classified_at DESC LIMIT 1 BY event_id)
     ORDER BY similarity DESC, classified_at DESC, offset LIMIT {rowsMax: UInt32}
     ${labellingSettings}`,
    { eventId, model: event.model, eventsMax, rowsMax: limit },
  )
}
