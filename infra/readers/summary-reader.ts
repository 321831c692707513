// Reads what the stream did in a window of time: counts, latencies, batches, dead letters. Counts
// are exact. Windows in whole minutes have the form of the per-minute projections of
// classifications, so ClickHouse reads those instead of the rows.
import type {
  Quantiles,
  StreamSummary,
  SummaryWindow,
} from '../../schemas/ports/stream-analytics.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { countLetters } from './dead-letter-reader.ts'

/** Most entries of a list. */
const entriesMax = 100
/** Most labels that the series counts. */
const seriesLabelsMax = 20
/** Quantiles come from about this many rows at most, spread evenly over the offsets. */
const quantileRowsMax = 2_000_000

/** Reads the figures of a window. Throws analytics_unavailable, analytics_refused. */
export async function readSummary(
  analytics: Analytics,
  window: SummaryWindow,
): Promise<StreamSummary> {
  const { where, parameters } = conditionsOf(window)
  const answered = `${where} AND role != 'shadow'`
  const counts = <Row>(columns: string, condition: string) =>
    analytics.rows<Row & { events: number }>(
      `SELECT ${columns}, count() AS events FROM classifications WHERE ${condition}
       GROUP BY ${columns} ORDER BY events DESC, ${columns} LIMIT ${entriesMax}`,
      parameters,
    )
  const [labels, sources, models, batches, letters] = await Promise.all([
    counts<{ label: string }>('label', answered),
    counts<{ source: string }>('source', answered),
    counts<{ model: string; version: string; role: string }>('model, version, role', where),
    readBatches(analytics, window),
    readLetters(analytics, window),
  ])
  const shown = labels.slice(0, seriesLabelsMax).map(({ label }) => label)
  const buckets = await readBuckets(analytics, window, shown)
  const events = [...buckets.values()].reduce((sum, bucket) => sum + bucket.events, 0)
  const latency = await readLatency(analytics, window, events)
  return {
    events,
    labels,
    sources,
    models: models.map((one) => ({
      model: `${one.model}@${one.version}`,
      role: one.role,
      events: one.events,
    })),
    latencyMs: latency.whole,
    ...batches,
    cache: latency.cache,
    deadLetters: letters.all,
    series: bucketTimes(window).map((timeMs) => ({
      timeMs,
      events: buckets.get(timeMs)?.events ?? 0,
      labels: buckets.get(timeMs)?.labels ?? {},
      totalMs: latency.byTime.get(timeMs) ?? null,
      deadLetters: letters.byTime.get(timeMs) ?? 0,
    })),
  }
}

const minute = `toStartOfMinute(toDateTime(classified_at, 'UTC'))`

/** Whether the window and its buckets are whole minutes. */
function isOfMinutes({ sinceMs, untilMs, bucketMs }: SummaryWindow): boolean {
  return [sinceMs, untilMs, bucketMs].every((ms) => ms % 60_000 === 0)
}

/** The start of a row's bucket in epoch milliseconds. */
function bucketOf(window: SummaryWindow): string {
  const atMs = isOfMinutes(window)
    ? `toInt64(toUnixTimestamp(${minute})) * 1000`
    : 'toUnixTimestamp64Milli(classified_at)'
  return startOf(atMs)
}

/** The start of the bucket that holds a time. */
function startOf(atMs: string): string {
  return `${atMs} - positiveModulo(${atMs} - {sinceMs: Int64}, {bucketMs: Int64})`
}

function conditionsOf(window: SummaryWindow) {
  const { sinceMs, untilMs, bucketMs } = window
  const parameters: Record<string, unknown> = { sinceMs, untilMs, bucketMs }
  const conditions = isOfMinutes(window)
    ? [
        `${minute} >= toDateTime(intDiv({sinceMs: Int64}, 1000), 'UTC')`,
        `${minute} < toDateTime(intDiv({untilMs: Int64}, 1000), 'UTC')`,
      ]
    : [
        'classified_at >= fromUnixTimestamp64Milli({sinceMs: Int64})',
        'classified_at < fromUnixTimestamp64Milli({untilMs: Int64})',
      ]
  for (const name of ['source', 'model', 'version', 'label'] as const) {
    if (window[name] === undefined) continue
    conditions.push(`${name} = {${name}: String}`)
    parameters[name] = window[name]
  }
  return { where: conditions.join(' AND '), parameters }
}

function bucketTimes({ sinceMs, untilMs, bucketMs }: SummaryWindow): number[] {
  const count = Math.round((untilMs - sinceMs) / bucketMs)
  return Array.from({ length: count }, (_, at) => sinceMs + at * bucketMs)
}

type Bucket = { events: number; readonly labels: Record<string, number> }

/** The events of each bucket, and those of the labels that are shown. */
async function readBuckets(
  analytics: Analytics,
  window: SummaryWindow,
  shown: readonly string[],
): Promise<Map<number, Bucket>> {
  const { where, parameters } = conditionsOf(window)
  const rows = await analytics.rows<{ timeMs: number; name: string; events: number }>(
    `SELECT ${bucketOf(window)} AS timeMs, if(has({shown: Array(String)}, label), label, '') AS name,
       count() AS events
     FROM classifications WHERE ${where} AND role != 'shadow' GROUP BY timeMs, name`,
    { ...parameters, shown },
  )
  const buckets = new Map<number, Bucket>()
  for (const { timeMs, name, events } of rows) {
    const bucket = buckets.get(timeMs) ?? { events: 0, labels: {} }
    buckets.set(timeMs, bucket)
    bucket.events += events
    if (name !== '') bucket.labels[name] = events
  }
  return buckets
}

const quantileLevels = '0.5, 0.95, 0.99'
const quantilesIn = (column: string) => `quantilesTDigest(${quantileLevels})(${column})`

/** As ClickHouse gives them; not numbers where there was no row. */
function quantilesOf(rows: number, [p50, p95, p99]: readonly number[]): Quantiles {
  return rows === 0 ? null : { p50: p50!, p95: p95!, p99: p99! }
}

/** Latencies of first attempts: an event that was replayed waited for a person. */
async function readLatency(analytics: Analytics, window: SummaryWindow, events: number) {
  const { where, parameters } = conditionsOf(window)
  const every = Math.max(1, Math.ceil(events / quantileRowsMax))
  const sample = every > 1 ? `AND offset % ${every} = 0` : ''
  const from = `FROM classifications WHERE ${where} AND role != 'shadow' AND attempt = 0 ${sample}`
  type Row = { rows: number; total: number[] }
  const [[whole], byTime] = await Promise.all([
    analytics.rows<Row & { hits: number; queue: number[]; infer: number[] }>(
      `SELECT count() AS rows, countIf(infer_ms = 0) AS hits, ${quantilesIn('queue_ms')} AS queue,
         ${quantilesIn('infer_ms')} AS infer, ${quantilesIn('total_ms')} AS total ${from}`,
      parameters,
    ),
    analytics.rows<Row & { timeMs: number }>(
      `SELECT ${bucketOf(window)} AS timeMs, count() AS rows, ${quantilesIn('total_ms')} AS total
       ${from} GROUP BY timeMs`,
      parameters,
    ),
  ])
  const { rows, hits, queue, infer, total } = whole!
  return {
    // No run takes no time, so such a row was answered without one.
    cache: { hits: hits * every, misses: (rows - hits) * every },
    whole: {
      queue: quantilesOf(rows, queue),
      infer: quantilesOf(rows, infer),
      total: quantilesOf(rows, total),
    },
    byTime: new Map(byTime.map((one) => [one.timeMs, quantilesOf(one.rows, one.total)])),
  }
}

/** Batches of all events of the models: a batch holds texts of several sources and labels. */
async function readBatches(analytics: Analytics, window: SummaryWindow) {
  const { sinceMs, untilMs, model, version } = window
  const conditions = [
    'at >= fromUnixTimestamp64Milli({sinceMs: Int64})',
    'at < fromUnixTimestamp64Milli({untilMs: Int64})',
    ...(model === undefined ? [] : ['model = {model: String}']),
    ...(version === undefined ? [] : ['version = {version: String}']),
  ]
  const parameters = { sinceMs, untilMs, model, version }
  const from = `FROM inference_batches WHERE ${conditions.join(' AND ')}`
  const [[sums], workers] = await Promise.all([
    analytics.rows<{
      batches: number
      texts: number
      tokens: number
      paddedTokens: number
      wait: number[]
      run: number[]
    }>(
      `SELECT count() AS batches, sum(size) AS texts, sum(inference_batches.tokens) AS tokens,
         sum(padded_tokens) AS paddedTokens, ${quantilesIn('wait_ms')} AS wait,
         ${quantilesIn('run_ms')} AS run ${from}`,
      parameters,
    ),
    analytics.rows<{ worker: number; model: string; version: string; runMs: number }>(
      `SELECT worker, model, version, sum(run_ms) AS runMs ${from}
       GROUP BY worker, model, version ORDER BY worker, model, version LIMIT ${entriesMax}`,
      parameters,
    ),
  ])
  const { batches, texts, tokens, paddedTokens, wait, run } = sums!
  const windowMs = Math.max(1, Math.min(untilMs, Date.now()) - sinceMs)
  return {
    batches: {
      batches,
      texts,
      tokens,
      paddedTokens,
      textsPerBatch: batches === 0 ? 0 : texts / batches,
      waitMs: quantilesOf(batches, wait),
      runMs: quantilesOf(batches, run),
    },
    workers: workers.map((one) => ({
      worker: one.worker,
      model: `${one.model}@${one.version}`,
      use: Math.min(1, one.runMs / windowMs),
    })),
  }
}

async function readLetters(analytics: Analytics, window: SummaryWindow) {
  const { sinceMs, untilMs, bucketMs } = window
  const [codes, byTime] = await Promise.all([
    countLetters(analytics, { state: 'all', sinceMs, untilMs }),
    analytics.rows<{ timeMs: number; letters: number }>(
      `SELECT ${startOf('toUnixTimestamp64Milli(rejected_at)')} AS timeMs, count() AS letters
       FROM dead_letters WHERE rejected_at >= fromUnixTimestamp64Milli({sinceMs: Int64})
         AND rejected_at < fromUnixTimestamp64Milli({untilMs: Int64})
       GROUP BY timeMs`,
      { sinceMs, untilMs, bucketMs },
    ),
  ])
  return {
    all: {
      total: codes.reduce((sum, { total }) => sum + total, 0),
      open: codes.reduce((sum, { open }) => sum + open, 0),
      codes: codes.map(({ code, total }) => ({ code, events: total })),
    },
    byTime: new Map(byTime.map(({ timeMs, letters }) => [timeMs, letters])),
  }
}
