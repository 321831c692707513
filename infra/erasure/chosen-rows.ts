// Conditions that choose rows of events without naming an id or a text, because ClickHouse keeps
// the text of a deletion in the table's list of mutations.
import { randomBytes } from 'node:crypto'
import { TupleParam } from '@clickhouse/client'
import type { Origin } from '../../schemas/validated.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'

/** A condition and the parameters in it. */
export type ChosenRows = {
  readonly where: string
  readonly parameters: Readonly<Record<string, unknown>>
}

/** The rows of events in a table with the columns topic, partition, offset and record_time. */
export function rowsOfOrigins(origins: readonly Origin[]): ChosenRows {
  const type = 'Array(Tuple(String, UInt32, UInt64, Int64))'
  return {
    where: `(topic, partition, offset, toUnixTimestamp64Milli(record_time)) IN {origins: ${type}}`,
    parameters: {
      origins: origins.map(
        ({ topic, partition, offset, recordTimeMs }) =>
          new TupleParam([topic, partition, offset, recordTimeMs]),
      ),
    },
  }
}

/**
 * The rows of events in a table with the column event_id. The condition has keyed hashes of the
 * ids, of 64 bits, with a random key that is used once.
 */
export async function rowsOfIds(analytics: Analytics, ids: readonly string[]): Promise<ChosenRows> {
  const random = randomBytes(16)
  const key = { k0: random.readBigUInt64LE(0), k1: random.readBigUInt64LE(8) }
  const hash = (of: string): string =>
    `sipHash64Keyed(({k0: UInt64}, {k1: UInt64}), toString(${of}))`
  const rows = await analytics.rows<{ hash: number | bigint }>(
    `SELECT ${hash('id')} AS hash FROM (SELECT arrayJoin({ids: Array(String)}) AS id)`,
    { ...key, ids },
  )
  return {
    where: `${hash('event_id')} IN {hashes: Array(UInt64)}`,
    parameters: { ...key, hashes: rows.map(({ hash }) => hash) },
  }
}
