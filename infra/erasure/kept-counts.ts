// Keeps the counts and times of minutes whose rows expire: the server copies them from the rows
// every hour, long before a row is a day old. The views label_counts and latency read the copies.
import type { Analytics } from '../clickhouse/clickhouse.ts'

/** A table of copies, with the view that fills it and what it reads. */
const keepers = [
  {
    table: 'label_counts_kept',
    feed: 'label_counts_feed',
    select: `SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, source, model, version,
               label, count() AS events
             FROM classifications WHERE role != 'shadow' AND SINCE
             GROUP BY minute, source, model, version, label`,
  },
  {
    table: 'latency_kept',
    feed: 'latency_feed',
    select: `SELECT minute, model, version, (events, q[1], q[2], q[3]) AS figures
             FROM (
               SELECT toStartOfMinute(toDateTime(classified_at, 'UTC')) AS minute, model, version,
                 count() AS events, quantilesTDigest(0.5, 0.95, 0.99)(total_ms) AS q
               FROM classifications WHERE attempt = 0 AND role != 'shadow' AND SINCE
               GROUP BY minute, model, version)`,
  },
] as const

/** How long after its time a row may still be inserted: while ClickHouse is away, it waits. */
const lateSeconds = 86_400

/**
 * Copies all counts, then lets the server copy new ones every hour. Running it again does no harm.
 */
export async function keepCounts(analytics: Analytics): Promise<void> {
  for (const { table, feed, select } of keepers) {
    await analytics.run(`INSERT INTO ${table} ${select.replace('SINCE', 'true')}`)
    const since = `classified_at >= (SELECT max(minute) FROM ${table}) - ${lateSeconds}`
    await analytics.run(
      `CREATE MATERIALIZED VIEW IF NOT EXISTS ${feed} REFRESH EVERY 1 HOUR APPEND TO ${table}
       AS ${select.replace('SINCE', since)}`,
    )
  }
}

/** Stops copying; what was copied stays. */
export async function stopKeepingCounts(analytics: Analytics): Promise<void> {
  for (const { feed } of keepers) await analytics.run(`DROP VIEW IF EXISTS ${feed}`)
}
