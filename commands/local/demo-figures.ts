// Reads the figures of a demo run from ClickHouse by SQL: counts, accuracy, latency, examples. The
// prefix of the event ids identifies a run.
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { classScores } from '../../trainers/evaluation/metrics.ts'

export type RunCounts = {
  rows: number
  distinct: number
  deadLetters: number
  byLabel: Record<string, number>
}

export type Confusion = { labels: string[]; matrix: number[][]; accuracy: number; macroF1: number }

export type Latency = { p50: number; p95: number; p99: number }

/** The query on the closing page, which shows what it ran. */
export const exampleQuery = (run: string) =>
  `SELECT label, round(score, 3) AS score, tokens, replaceAll(substring(text, 1, 60), '\\n', ' ') AS text
FROM classifications
WHERE startsWith(event_id, '${run}') ORDER BY cityHash64(event_id) LIMIT 5`

/** Counts rows and dead letters so far. */
export async function countRun(analytics: Analytics, run: string): Promise<RunCounts> {
  const [labels, letters] = await Promise.all([
    analytics.rows<{ label: string; rows: number; distinct: number }>(
      `SELECT label, count() AS rows, uniqExact(event_id) AS distinct FROM classifications
       WHERE startsWith(event_id, {run: String}) GROUP BY label ORDER BY label`,
      { run },
    ),
    analytics.rows<{ letters: number }>(
      `SELECT uniqExact(topic, partition, offset) AS letters FROM dead_letters
       WHERE startsWith(key, {run: String})`,
      { run },
    ),
  ])
  return {
    rows: labels.reduce((sum, one) => sum + one.rows, 0),
    distinct: labels.reduce((sum, one) => sum + one.distinct, 0),
    deadLetters: letters[0]?.letters ?? 0,
    byLabel: Object.fromEntries(labels.map((one) => [one.label, one.rows])),
  }
}

/** Compares the predictions of a run with the labels that came with the mails. */
export async function confusionOf(analytics: Analytics, run: string): Promise<Confusion> {
  const cells = await analytics.rows<{ truth: string; predicted: string; mails: number }>(
    `SELECT l.label AS truth, c.label AS predicted, count() AS mails
     FROM classifications AS c
     INNER JOIN (SELECT event_id, any(label) AS label FROM labels
                 WHERE startsWith(event_id, {run: String}) GROUP BY event_id) AS l
       ON l.event_id = c.event_id
     WHERE startsWith(c.event_id, {run: String})
     GROUP BY truth, predicted`,
    { run },
  )
  const labels = [...new Set(cells.flatMap((cell) => [cell.truth, cell.predicted]))].sort()
  const matrix = labels.map((truth) =>
    labels.map(
      (predicted) =>
        cells.find((cell) => cell.truth === truth && cell.predicted === predicted)?.mails ?? 0,
    ),
  )
  const hits = Float64Array.from(labels, (_, i) => matrix[i]![i]!)
  const support = Float64Array.from(matrix, sum)
  const predicted = Float64Array.from(labels, (_, i) => sum(matrix.map((row) => row[i]!)))
  const total = sum(support)
  const f1 = classScores({ hits, support, predicted }).map((scores) => scores.f1)
  return {
    labels,
    matrix,
    accuracy: total === 0 ? 0 : sum(hits) / total,
    macroF1: f1.length === 0 ? 0 : sum(f1) / f1.length,
  }
}

/** Quantiles of the milliseconds from produce to row, over the rows of a run. */
export async function latencyOf(analytics: Analytics, run: string): Promise<Latency> {
  const [row] = await analytics.rows<{ q: number[] }>(
    `SELECT quantilesExact(0.5, 0.95, 0.99)(total_ms) AS q FROM classifications
     WHERE startsWith(event_id, {run: String})`,
    { run },
  )
  const [p50 = 0, p95 = 0, p99 = 0] = row?.q ?? []
  return { p50, p95, p99 }
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
