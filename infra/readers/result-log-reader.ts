// Reads results in the order in which their rows became visible. ClickHouse numbers the blocks of a
// MergeTree table when they become visible, under one lock, so a block with a lower number never
// appears later. `classified_at` has no such order: a row may be written minutes after it was
// classified, and the clocks of consumers differ. The setting enable_block_number_column keeps the
// numbers when parts are merged.
import type { LogEntry, LogPage, ResultLog } from '../../schemas/ports/result-log.ts'
import type { StoredResult } from '../../schemas/ports/result-reader.ts'
import type { LogPosition } from '../../schemas/cursors/log-position.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { resultColumns } from './result-reader.ts'

/** Most results of one page. */
export const logRowsMax = 1_000
/** Most bytes of texts and attributes in one page, its last row excluded. */
const logBytesMax = 1_048_576

/** The highest block of a part. A condition on it alone skips parts without opening them. */
const lastBlock = `toInt64(splitByChar('_', _part)[3])`
const order = '_block_number, topic, partition, offset, model, version'
/** The same order, by the names of the record's fields. */
const inOrder = order.replace('_block_number', 'block')

type LogRowRead = StoredResult & { block: number; found: number; bytesBefore: number }

/**
 * Creates the reader; the caller closes the client. Replicated tables have no such order, so there
 * every call throws analytics_unsupported.
 */
export function createResultLog(analytics: Analytics): ResultLog {
  return analytics.hasBlockOrder ? logOf(analytics) : noLog
}

const noLog: ResultLog = {
  end: refuse,
  after: refuse,
  countAfter: refuse,
  forgottenMark: refuse,
}

function refuse(): Promise<never> {
  const message =
    'Live results need tables on one ClickHouse server: replicated and sharded tables, and those of ' +
    'ClickHouse Cloud, do not say in which order rows became visible. Poll GET /v1/results instead, ' +
    'or consume the topic of classified events.'
  return Promise.reject(new WinnowError('analytics_unsupported', message))
}

function logOf(analytics: Analytics): ResultLog {
  return {
    async end() {
      // ClickHouse answers a count by part from what it knows of the parts, without reading rows.
      const [last] = await analytics.rows<{ block: number }>(
        `SELECT max(${lastBlock}) AS block
         FROM (SELECT _part, count() FROM classifications GROUP BY _part)`,
      )
      return { block: last?.block ?? 0 }
    },

    async after(position) {
      const { where, parameters } = conditionOf(position)
      const rows = await analytics.rows<LogRowRead>(
        `SELECT * FROM (
           SELECT *, count() OVER () AS found, sum(byteSize(text, attributes)) OVER (
             ORDER BY ${inOrder} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytesBefore
           FROM (
             SELECT _block_number AS block, ${resultColumns} FROM classifications WHERE ${where}
             ORDER BY ${order} LIMIT {rowsMax: UInt32}))
         WHERE bytesBefore < {bytesMax: UInt64} ORDER BY ${inOrder}`,
        { ...parameters, rowsMax: logRowsMax, bytesMax: logBytesMax },
      )
      return pageOf(rows, position)
    },

    async countAfter(position, max) {
      const { where, parameters } = conditionOf(position)
      const [counted] = await analytics.rows<{ results: number }>(
        `SELECT count() AS results
         FROM (SELECT 1 FROM classifications WHERE ${where} LIMIT {max: UInt32})`,
        { ...parameters, max },
      )
      return counted?.results ?? 0
    },

    async forgottenMark() {
      const [last] = await analytics.rows<{ ms: number }>(
        `SELECT toUnixTimestamp64Milli(max(forgotten_at)) AS ms FROM forgotten_events`,
      )
      return last?.ms ?? 0
    },
  }
}

function pageOf(rows: readonly LogRowRead[], from: LogPosition): LogPage {
  const entries = rows.map((row): LogEntry => {
    const { topic, partition, offset, model, version } = row
    return {
      position: { block: row.block, row: { topic, partition, offset, model, version } },
      result: row,
    }
  })
  const last = entries.at(-1)
  if (last === undefined) return { entries, position: from, isCut: false }
  const isCut = rows[0]!.found > rows.length || rows.length === logRowsMax
  // If nothing was cut off, the last block is whole: its rows became visible together.
  return { entries, position: isCut ? last.position : { block: last.position.block }, isCut }
}

function conditionOf({ block, row }: LogPosition) {
  const answered = `role != 'shadow'`
  if (row === undefined) {
    const where = `${lastBlock} > {block: Int64} AND _block_number > {block: Int64} AND ${answered}`
    return { where, parameters: { block } }
  }
  return {
    where: `${lastBlock} >= {block: Int64} AND _block_number >= {block: Int64} AND ${answered}
      AND (${order}) > ({block: Int64}, {topic: String}, {partition: UInt32}, {offset: UInt64},
        {model: String}, {version: String})`,
    parameters: { block, ...row },
  }
}
