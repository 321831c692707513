// Reads stored results for the gateway: by event id, or newest first a page at a time. Cursors are
// positions in the order (classified_at, topic, partition, offset, model, version), not row counts,
// so that pages stay right while rows land. What a shadow says is no result; SQL shows it.
import { z } from 'zod'
import type { Classification } from '../schemas/classification.ts'
import { WinnowError } from '../schemas/errors.ts'
import type { Analytics } from './clickhouse.ts'

/** A stored row under the names of the records. */
export type StoredRow = Omit<Classification, 'recordTimeMs' | 'knownLabel'>

export type RowFilter = {
  readonly label?: string
  readonly source?: string
  readonly model?: string
  readonly version?: string
  readonly sinceMs?: number
  readonly untilMs?: number
  readonly limit: number
  readonly cursor?: string
}

const columns = `
  event_id AS eventId, topic AS topic, partition AS partition, offset AS offset,
  toUnixTimestamp64Milli(event_time) AS eventTimeMs,
  toUnixTimestamp64Milli(classified_at) AS classifiedAtMs,
  source AS source, attributes AS attributes, text AS text, label AS label, score AS score,
  labels AS labels, out_of_scope AS outOfScope, probabilities AS probabilities, model AS model, version AS version, role AS role,
  tokens AS tokens, truncated AS truncated, queue_ms AS queueMs, infer_ms AS inferMs,
  total_ms AS totalMs`
const order = 'classified_at, topic, partition, offset, model, version'
const orderDescending = order.replaceAll(',', ' DESC,') + ' DESC'

const cursorPosition = z.tuple([
  z.number(),
  z.string(),
  z.number(),
  z.number(),
  z.string(),
  z.string(),
])
type CursorPosition = z.infer<typeof cursorPosition>

/** Makes the reader; it closes nothing. */
export function createResultReader(analytics: Analytics) {
  return {
    byId: (eventId: string): Promise<StoredRow[]> =>
      analytics.rows<StoredRow>(
        `SELECT ${columns} FROM classifications WHERE event_id = {eventId: String} AND role != 'shadow'
         ORDER BY ${orderDescending} LIMIT 1000`,
        { eventId },
      ),

    async list(filter: RowFilter): Promise<{ results: StoredRow[]; cursor?: string }> {
      const { conditions, parameters } = conditionsOf(filter)
      const rows = await analytics.rows<StoredRow>(
        `SELECT ${columns} FROM classifications WHERE ${conditions.join(' AND ')}
         ORDER BY ${orderDescending} LIMIT {rowsMax: UInt32}`,
        { ...parameters, rowsMax: filter.limit + 1 },
      )
      const results = rows.slice(0, filter.limit)
      const last = results.at(-1)
      return rows.length > filter.limit && last !== undefined
        ? { results, cursor: cursorOf(last) }
        : { results }
    },
  }
}

function conditionsOf(filter: RowFilter) {
  const conditions = [`role != 'shadow'`]
  const parameters: Record<string, unknown> = {}
  for (const name of ['label', 'source', 'model', 'version'] as const) {
    if (filter[name] === undefined) continue
    conditions.push(`${name} = {${name}: String}`)
    parameters[name] = filter[name]
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
    const [atMs, topic, partition, offset, model, version] = positionOf(filter.cursor)
    conditions.push(
      `(${order}) < (fromUnixTimestamp64Milli({cAtMs: Int64}), {cTopic: String},
        {cPartition: UInt32}, {cOffset: UInt64}, {cModel: String}, {cVersion: String})`,
    )
    Object.assign(parameters, {
      cAtMs: atMs,
      cTopic: topic,
      cPartition: partition,
      cOffset: offset,
      cModel: model,
      cVersion: version,
    })
  }
  return { conditions, parameters }
}

function cursorOf(row: StoredRow): string {
  const position: CursorPosition = [
    row.classifiedAtMs,
    row.topic,
    row.partition,
    row.offset,
    row.model,
    row.version,
  ]
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

function positionOf(cursor: string): CursorPosition {
  try {
    return cursorPosition.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch (cause) {
    throw new WinnowError('parameter_invalid', 'cursor is not one that a page of results gave', {
      cause,
    })
  }
}
