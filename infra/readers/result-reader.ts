// Reads stored results for the gateway: by event id, or page by page with the newest first. A
// cursor is a position in the order (classified_at, topic, partition, offset, model, version), not
// a row count, so that pages stay correct while rows arrive. Large rows make a page shorter.
// Results of a shadow are left out; SQL shows them.
import { WinnowError } from '../../schemas/errors.ts'
import type { ResultFilter, ResultReader, StoredResult } from '../../schemas/ports/result-reader.ts'
import { readResultCursor, resultCursor } from '../../schemas/cursors/result-cursor.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'

/** The columns of a `StoredResult`. */
export const resultColumns = `
  event_id AS eventId, topic AS topic, partition AS partition, offset AS offset,
  toUnixTimestamp64Milli(event_time) AS eventTimeMs,
  toUnixTimestamp64Milli(classified_at) AS classifiedAtMs,
  source AS source, attributes AS attributes, text AS text, label AS label, score AS score,
  labels AS labels, out_of_scope AS outOfScope, probabilities AS probabilities, model AS model, version AS version, role AS role,
  tokens AS tokens, truncated AS truncated, answered_by AS answeredBy, queue_ms AS queueMs, infer_ms AS inferMs,
  total_ms AS totalMs`
/** Most bytes of texts and attributes in one page, its last row excluded. */
export const answerBytesMax = 4_194_304

const order = 'classified_at, topic, partition, offset, model, version'
const orderDescending = order.replaceAll(',', ' DESC,') + ' DESC'
/** The same order, by the names of the record's fields. */
const newestFirst = orderDescending.replace('classified_at', 'classifiedAtMs')

/** Creates the reader; the caller closes the client. */
export function createResultReader(analytics: Analytics): ResultReader {
  return {
    byId: (eventId) =>
      boundedRows(analytics, {
        conditions: [`event_id = {eventId: String}`, `role != 'shadow'`],
        parameters: { eventId },
        rowsMax: 1_000,
      }).then(({ rows }) => rows),

    async list(filter) {
      const { conditions, parameters } = conditionsOf(filter)
      const rowsMax = filter.limit + 1
      const { rows, found } = await boundedRows(analytics, { conditions, parameters, rowsMax })
      const results = rows.slice(0, filter.limit)
      const last = results.at(-1)
      return found > results.length && last !== undefined
        ? { results, cursor: resultCursor(last) }
        : { results }
    },
  }
}

/** Which rows to read. */
type RowQuery = {
  readonly conditions: readonly string[]
  readonly parameters: Record<string, unknown>
  readonly rowsMax: number
  /** Only the newest row of each value of this column. */
  readonly once?: string
}

/** The newest rows up to `answerBytesMax`, and how many there were without that limit. */
export async function boundedRows(
  analytics: Analytics,
  query: RowQuery,
): Promise<{ rows: StoredResult[]; found: number }> {
  const once = query.once === undefined ? '' : `LIMIT 1 BY ${query.once}`
  const answers = await analytics.rows<StoredResult & { found: number; bytesBefore: number }>(
    `SELECT * FROM (
       SELECT *, count() OVER () AS found, sum(byteSize(text, attributes)) OVER (
         ORDER BY ${newestFirst} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytesBefore
       FROM (
         SELECT ${resultColumns} FROM classifications WHERE ${query.conditions.join(' AND ')}
         ORDER BY ${orderDescending} ${once} LIMIT {rowsMax: UInt32}))
     WHERE bytesBefore < {bytesMax: UInt64} ORDER BY ${newestFirst}`,
    { ...query.parameters, rowsMax: query.rowsMax, bytesMax: answerBytesMax },
  )
  return { rows: answers, found: answers[0]?.found ?? 0 }
}

function conditionsOf(filter: ResultFilter) {
  const conditions = [`role != 'shadow'`]
  const parameters: Record<string, unknown> = {}
  for (const name of ['label', 'source', 'model', 'version'] as const) {
    if (filter[name] === undefined) continue
    conditions.push(`${name} = {${name}: String}`)
    parameters[name] = filter[name]
  }
  if (filter.text !== undefined) {
    conditions.push('positionCaseInsensitiveUTF8(text, {part: String}) > 0')
    parameters['part'] = filter.text
  }
  if (filter.scoreBelow !== undefined) {
    conditions.push('score < {scoreBelow: Float32}')
    parameters['scoreBelow'] = filter.scoreBelow
  }
  if (filter.sinceMs !== undefined) {
    conditions.push('classified_at >= fromUnixTimestamp64Milli({sinceMs: Int64})')
    parameters['sinceMs'] = filter.sinceMs
  }
  if (filter.untilMs !== undefined) {
    conditions.push('classified_at < fromUnixTimestamp64Milli({untilMs: Int64})')
    parameters['untilMs'] = filter.untilMs
  }
  if (filter.cursor !== undefined) {
    const position = readResultCursor(filter.cursor)
    if (position === undefined) {
      const message = 'cursor must be the cursor of an earlier page of results'
      throw new WinnowError('parameter_invalid', message)
    }
    conditions.push(
      `(${order}) < (fromUnixTimestamp64Milli({cAtMs: Int64}), {cTopic: String},
        {cPartition: UInt32}, {cOffset: UInt64}, {cModel: String}, {cVersion: String})`,
    )
    Object.assign(parameters, {
      cAtMs: position.classifiedAtMs,
      cTopic: position.topic,
      cPartition: position.partition,
      cOffset: position.offset,
      cModel: position.model,
      cVersion: position.version,
    })
  }
  return { conditions, parameters }
}
