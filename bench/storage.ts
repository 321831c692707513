// How many bytes does a row of classifications take on the disk of ClickHouse, and how many of them
// are the text? Real texts with ids, attributes and probabilities as the stream writes them, in
// blocks of its default size, before and after merges.
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { loadConfig } from '../configs/load.ts'
import { createAnalytics, type Analytics } from '../infra/clickhouse/clickhouse.ts'
import { migrate } from '../infra/clickhouse/migrations.ts'
import { classificationColumns, classificationRow } from '../infra/sinks/classification-rows.ts'
import type { Classification } from '../schemas/classification.ts'
import { readTexts } from './measuring.ts'

const { values } = parseArgs({
  options: { data: { type: 'string' }, texts: { type: 'string', default: '100000' } },
})
if (values.data === undefined) throw new Error('give --data FILE.jsonl[.gz]')

const config = { ...loadConfig({}).clickhouse, database: 'winnow_bench_storage' }
const blockRows = 2_000
const startMs = Date.UTC(2026, 0, 1)

/** A number from 0 to 1 that looks random and is the same in every run. */
function share(name: string, at: number): number {
  return createHash('sha256').update(`${name}${at}`).digest().readUInt32LE(0) / 2 ** 32
}

function resultOf(text: string, offset: number): Classification {
  const first = 0.5 + share('score', offset) / 2
  const labels = Array.from({ length: 5 }, (_, at) => `label-${(offset * 7 + at) % 64}`)
  const rest = (1 - first) / 4
  const probabilities = Object.fromEntries(
    labels.map((label, at) => [label, at === 0 ? first : rest * (0.5 + share(label, offset))]),
  )
  const atMs = startMs + offset * 20
  return {
    topic: 'winnow.events',
    partition: offset % 4,
    offset: Math.floor(offset / 4),
    recordTimeMs: atMs,
    eventId: createHash('sha256').update(String(offset)).digest('hex').slice(0, 32),
    eventTimeMs: atMs - Math.round(share('event', offset) * 2_000),
    classifiedAtMs: atMs + 50 + Math.round(share('classified', offset) * 200),
    source: ['mail', 'chat', 'web'][offset % 3]!,
    attributes: { lang: 'en', customer: String(Math.floor(share('customer', offset) * 10_000)) },
    text,
    knownLabel: null,
    label: labels[0]!,
    score: first,
    labels: [labels[0]!],
    outOfScope: share('scope', offset),
    probabilities,
    model: 'mail',
    version: '1',
    role: 'champion',
    tokens: Math.ceil(text.length / 4),
    truncated: false,
    answeredBy: '',
    queueMs: share('queue', offset) * 20,
    inferMs: share('infer', offset) * 20,
    totalMs: 0,
  }
}

async function bytesPerRow(analytics: Analytics, rows: number) {
  const [disk] = await analytics.rows<{ bytes: number; parts: number }>(
    `SELECT sum(bytes_on_disk) AS bytes, count() AS parts FROM system.parts
     WHERE database = currentDatabase() AND table = 'classifications' AND active`,
  )
  const columns = await analytics.rows<{ column: string; bytes: number }>(
    `SELECT column, sum(column_data_compressed_bytes) AS bytes FROM system.parts_columns
     WHERE database = currentDatabase() AND table = 'classifications' AND active
     GROUP BY column ORDER BY bytes DESC LIMIT 6`,
  )
  const perRow = (bytes: number) => Math.round((bytes / rows) * 10) / 10
  return {
    parts: disk!.parts,
    bytesPerRow: perRow(disk!.bytes),
    largest: Object.fromEntries(columns.map(({ column, bytes }) => [column, perRow(bytes)])),
  }
}

const texts = await readTexts(values.data, Number(values.texts))
await migrate(config)
const analytics = createAnalytics(config)
try {
  // Large parts keep each column in a file of its own; small ones of this benchmark are to do so too.
  await analytics.run('ALTER TABLE classifications MODIFY SETTING min_bytes_for_wide_part = 0')
  for (let at = 0; at < texts.length; at += blockRows) {
    const rows = texts.slice(at, at + blockRows).map((text, index) => resultOf(text, at + index))
    await analytics.insert('classifications', {
      columns: classificationColumns,
      values: rows.map((one) => classificationRow(one)),
      token: `bench-${at}`,
    })
  }
  const textBytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / texts.length
  const inserted = await bytesPerRow(analytics, texts.length)
  await analytics.run('OPTIMIZE TABLE classifications FINAL')
  const merged = await bytesPerRow(analytics, texts.length)
  const rows = { rows: texts.length, meanTextBytes: Math.round(textBytes) }
  process.stdout.write(`${JSON.stringify({ ...rows, inserted, merged }, undefined, 2)}\n`)
} finally {
  await analytics.run(`DROP DATABASE ${config.database}`)
  await analytics.close()
}
