// Counts what became of the records of a topic, within bounds of offsets.
// serving/figures/topic-balance.ts compares the counts with Kafka.
import type { Analytics } from '../clickhouse/clickhouse.ts'

/** The offsets of one partition that count: `low` inclusive, `end` exclusive. */
export type CountedOffsets = {
  readonly partition: number
  readonly low: number
  readonly end: number
}

/** Outcomes of the events of a topic. */
export type TopicOutcomes = {
  /** Events with a row of any model, a shadow aside. */
  readonly rows: number
  /** Events with an open dead letter and no row. */
  readonly openDeadLetters: number
  /** Events that the filter of their input leaves out, and that have no row. */
  readonly filtered: number
}

/** A partition may hold the offsets of a longer topic of the same name; bounds leave them out. */
const within = `topic = {topic: String}
  AND offset >= transform(partition, {partitions: Array(UInt32)}, {lows: Array(UInt64)},
    toUInt64(18446744073709551615))
  AND offset < transform(partition, {partitions: Array(UInt32)}, {ends: Array(UInt64)}, toUInt64(0))`

/**
 * Counts the outcomes. `table` is where the events of the topic get their rows. Throws
 * analytics_unavailable, analytics_refused.
 */
export async function countOutcomes(
  analytics: Analytics,
  of: {
    readonly topic: string
    readonly table: 'classifications' | 'labels'
    readonly offsets: readonly CountedOffsets[]
  },
): Promise<TopicOutcomes> {
  const parameters = {
    topic: of.topic,
    partitions: of.offsets.map(({ partition }) => partition),
    lows: of.offsets.map(({ low }) => low),
    ends: of.offsets.map(({ end }) => end),
  }
  const answered = of.table === 'classifications' ? `AND role != 'shadow'` : ''
  const [[stored], [open], [leftOut]] = await Promise.all([
    analytics.rows<{ events: number }>(
      `SELECT count() AS events FROM (
         SELECT partition, offset FROM ${of.table} WHERE ${within} ${answered}
         GROUP BY partition, offset)
       SETTINGS optimize_aggregation_in_order = 1`,
      parameters,
    ),
    analytics.rows<{ events: number }>(
      `WITH letters AS (
         SELECT partition, offset FROM open_dead_letters WHERE ${within} GROUP BY partition, offset)
       SELECT count() AS events FROM letters WHERE (partition, offset) NOT IN (
         SELECT partition, offset FROM ${of.table} WHERE ${within} ${answered}
           AND (partition, offset) IN (SELECT partition, offset FROM letters))`,
      parameters,
    ),
    analytics.rows<{ events: number }>(
      `SELECT uniqExact(partition, offset) AS events FROM filtered_events
       WHERE ${within} AND (partition, offset) NOT IN (
         SELECT partition, offset FROM ${of.table} WHERE ${within} ${answered})`,
      parameters,
    ),
  ])
  const [rows, openDeadLetters, filtered] = [stored, open, leftOut].map((one) => one?.events ?? 0)
  return { rows: rows!, openDeadLetters: openDeadLetters!, filtered: filtered! }
}

/** First offsets of a partition among which an outcome is looked for. */
const searchedOffsets = 10_000

/**
 * How many records of the topic are replays of dead letters. Where the topic has lost its first
 * records, replays that are older than those left do not count.
 */
export async function countReplays(
  analytics: Analytics,
  of: { readonly topic: string; readonly lows: readonly Omit<CountedOffsets, 'end'>[] },
): Promise<number> {
  const { topic } = of
  const counts = await Promise.all(
    of.lows.map(async ({ partition, low }) => {
      const outcomes = ['classifications', 'dead_letters', 'labels'].map(
        (table) => `SELECT record_time FROM ${table}
          WHERE topic = {topic: String} AND partition = {partition: UInt32}
            AND offset >= {low: UInt64} AND offset < {low: UInt64} + ${searchedOffsets}`,
      )
      const since =
        low === 0
          ? 'true'
          : `sent_at >= (SELECT min(record_time) FROM (${outcomes.join(' UNION ALL ')}))`
      const [replays] = await analytics.rows<{ records: number }>(
        `SELECT count() AS records FROM dead_letter_replays
         WHERE topic = {topic: String} AND partition = {partition: UInt32} AND ${since}`,
        { topic, partition, low },
      )
      return replays?.records ?? 0
    }),
  )
  return counts.reduce((sum, records) => sum + records, 0)
}
