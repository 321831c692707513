// Reads labels of people that a model contradicts: it is sure of a label that the person did not
// give.
import type { LabellingReader, SuspiciousLabel } from '../../schemas/ports/labelling-reader.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { answered, labellingSettings, peopleLabels } from './labelling-conditions.ts'

/** About how many of the newest events of the model are considered. */
const eventsMax = 1_000_000

/** The surest first. Throws analytics_unavailable, analytics_refused. */
export function readSuspicious(
  analytics: Analytics,
  { model, version, scoreMin, limit }: Parameters<LabellingReader['suspicious']>[0],
): Promise<SuspiciousLabel[]> {
  const key = 'topic, partition, offset, model, version'
  const contradicted = `
    SELECT ${key}, event_id, person, said, label AS predicted, score AS sureness FROM (
      SELECT ${key}, event_id, label, score FROM classifications
      WHERE ${answered({ version })}
        AND event_id IN (SELECT event_id FROM (${peopleLabels}))
      ORDER BY classified_at DESC LIMIT 1 BY event_id) AS latest
    INNER JOIN (${peopleLabels}) AS words USING (event_id)
    WHERE label != 'winnow.none' AND score >= {scoreMin: Float64}
      AND NOT has(splitByChar('|', said), toString(label))
    ORDER BY score DESC, event_id, person LIMIT {rowsMax: UInt32}`
  return analytics.rows<SuspiciousLabel>(
    `SELECT event_id AS eventId, text, said AS given, person AS by, predicted, sureness AS score, model, version
     FROM (${contradicted}) AS found
     INNER JOIN (
       SELECT ${key}, text FROM classifications
       WHERE role != 'shadow' AND (${key}) IN (SELECT ${key} FROM (${contradicted}))) AS rows
     USING (${key})
     ORDER BY score DESC, eventId, person ${labellingSettings}`,
    { model, version: version ?? '', scoreMin, rowsMax: limit, eventsMax },
  )
}
