// Reads labelled texts from Kafka and ClickHouse, behind `topic:` and `clickhouse:` sources.
// trainers/data/label-book.ts decides which label counts.
import type { Config } from '../configs/schema.ts'
import { createKafka, type KafkaClient } from '../infra/kafka/kafka.ts'
import { openSchemas, type Schemas } from '../infra/schema-registry/registry.ts'
import {
  rangeText,
  readRanges,
  resolveRange,
  type PartitionRange,
} from '../infra/kafka/topic-range.ts'
import { topicOf } from '../infra/kafka/topics.ts'
import { WinnowError } from '../schemas/errors.ts'
import { storedIds } from '../schemas/hashed-id.ts'
import type { KafkaRecord } from '../schemas/record.ts'
import { decodeLabel } from '../streams/stages/decode-label.ts'
import type { DatasetReader, RemoteReaders, SourceRow } from '../trainers/files/dataset-source.ts'
import { examplesMax } from '../trainers/data/dataset.ts'
import { LabelBook } from '../trainers/data/label-book.ts'
import { LabelOrigins, type EarlierVersion } from '../trainers/data/label-origins.ts'
import { eventReader } from '../serving/inputs/entering-inputs.ts'
import { openPatientAnalytics } from '../serving/patience.ts'

/** How far reading is. */
export type SourceProgress = {
  readonly topic: string
  readonly records: number
  readonly recordsTotal: number
}

/** What the readers of topics and of ClickHouse need. */
export type RemoteReaderOptions = {
  config: Config
  /** Takes a line when ClickHouse does not answer and is asked again. */
  log: (line: string) => void
  onProgress?: (progress: SourceProgress) => void
  /** The version that the new one follows; its labels count as known. */
  earlier?: EarlierVersion | undefined
}

/** The readers of `topic:` and `clickhouse:` for a configuration. */
export function remoteReaders(options: RemoteReaderOptions): RemoteReaders {
  return { topic: topicReader(options), clickhouse: clickhouseReader(options) }
}

/**
 * Reads the events of a range that have a label: a person's from the labels topic, else the one
 * that came with the event. `topic:NAME@FROM..TO#LABELS` also fixes how far the labels topic is
 * read, so that the address in the run's facts gives the same examples at any later time.
 */
function topicReader({ config, onProgress, earlier }: RemoteReaderOptions): DatasetReader<'topic'> {
  return (source, { signal }) => {
    const [to, labelsTo] = (source.to ?? '').split('#')
    const labelsTopic = topicOf(config.topics, 'labels')
    const storedId = storedIds(config.retention)
    const found = { ranges: [] as PartitionRange[], labelRanges: [] as PartitionRange[] }
    const origins = new LabelOrigins()
    const counts = { events: 0, labelled: 0, unreadable: 0, labels: 0, unreadableLabels: 0 }
    async function* rows(): AsyncGenerator<SourceRow> {
      const kafka = createKafka(config)
      const schemas = await openSchemas(config.registry, config.topics.prefix)
      found.ranges = await resolveRange(kafka, { topic: source.topic, from: source.from, to })
      found.labelRanges = await resolveRange(kafka, { topic: labelsTopic, to: labelsTo })
      const reading = { kafka, schemas, config, signal, onProgress }
      const book = await readLabels(reading, { ...found, topic: labelsTopic, counts })
      const records = rangeRecords(reading, { topic: source.topic, ranges: found.ranges })
      const readAvro = (value: Buffer) => schemas.decode('events', value)
      const read = eventReader(config, { topic: source.topic, readAvro })
      // Partitions arrive interleaved in any order; examples are put in one that repeats.
      const rowsByPartition = new Map<number, SourceRow[]>()
      for await (const record of records) {
        const event = await read(record)
        if (event.kind === 'filtered') continue
        counts.events++
        if (event.kind !== 'ok') {
          counts.unreadable++
          continue
        }
        const place = `${record.topic}/${record.partition}/${record.offset}`
        const { text, attributes, label: ownLabel } = event.value
        const id = storedId(event.value.id ?? place)
        const said = book.labelOf(id)
        origins.add({ own: ownLabel, said })
        const label = said ?? ownLabel
        if (label === null) continue
        counts.labelled++
        if (counts.labelled > examplesMax) {
          const message = `${source.topic} has over ${examplesMax} labelled events; narrow the range.`
          throw new WinnowError('dataset_invalid', message)
        }
        const time = event.value.time ?? record.recordTimeMs
        const rows = rowsByPartition.get(record.partition) ?? []
        rows.push({ place, text, label, id, attributes, time })
        rowsByPartition.set(record.partition, rows)
      }
      for (const { partition } of found.ranges) yield* rowsByPartition.get(partition) ?? []
    }
    const repeat = (): string => {
      const { from, to: end } = rangeText(found.ranges)
      return `topic:${source.topic}@${from}..${end}#${rangeText(found.labelRanges).to}`
    }
    return {
      name: `${source.topic}@${source.from ?? ''}..${source.to ?? ''}`,
      rows: rows(),
      facts: () => ({
        kind: 'topic',
        topic: source.topic,
        partitions: found.ranges,
        labelsTopic,
        labelPartitions: found.labelRanges,
        ...counts,
        repeat: repeat(),
        ...origins.facts(earlier),
      }),
    }
  }
}

type Reading = {
  kafka: KafkaClient
  schemas: Schemas
  config: Config
  signal: AbortSignal | undefined
  onProgress: RemoteReaderOptions['onProgress']
}

async function readLabels(
  reading: Reading,
  from: {
    topic: string
    labelRanges: readonly PartitionRange[]
    counts: { labels: number; unreadableLabels: number }
  },
): Promise<LabelBook> {
  const { schemas, config } = reading
  const { topic, labelRanges: ranges, counts } = from
  const book = new LabelBook()
  const storedId = storedIds(config.retention)
  const rules = { limits: config.limits, nowMs: Date.now() }
  for await (const record of rangeRecords(reading, { topic, ranges })) {
    const read = (value: Buffer) => schemas.decode('labels', value)
    const label = await decodeLabel(record, read, rules)
    counts.labels++
    if (label.kind !== 'ok') {
      counts.unreadableLabels++
      continue
    }
    const eventId = storedId(label.value.eventId)
    book.add({ ...label.value, eventId, at: [record.partition, record.offset] })
  }
  return book
}

async function* rangeRecords(
  { kafka, signal, onProgress }: Reading,
  range: { topic: string; ranges: readonly PartitionRange[] },
): AsyncGenerator<KafkaRecord> {
  const { topic, ranges } = range
  const recordsTotal = ranges.reduce((sum, { from, to }) => sum + to - from, 0)
  const startByPartition = new Map(ranges.map(({ partition, from }) => [partition, from]))
  let records = 0
  for await (const chunk of readRanges(kafka, { topic, ranges, signal })) {
    yield* chunk.records
    records += chunk.nextOffset - startByPartition.get(chunk.partition)!
    startByPartition.set(chunk.partition, chunk.nextOffset)
    onProgress?.({ topic, records, recordsTotal })
  }
}

/** Reads the rows of a query; its columns have the names of JSONL fields. */
function clickhouseReader({ config, log }: RemoteReaderOptions): DatasetReader<'clickhouse'> {
  return ({ query }, { signal }) => {
    let rowsRead = 0
    async function* rows(): AsyncGenerator<SourceRow> {
      const analytics = openPatientAnalytics(config.clickhouse, { signal, log })
      try {
        for await (const row of analytics.stream<Record<string, unknown>>(query)) {
          if (signal?.aborted === true) throw new WinnowError('cancelled', 'Reading stopped.')
          if (rowsRead === 0) requireColumns(row)
          rowsRead++
          const { text, label, id, attributes, time } = row
          yield { place: `row ${rowsRead} of the query`, text, label, id, attributes, time }
        }
      } finally {
        await analytics.close()
      }
    }
    return {
      name: 'clickhouse',
      rows: rows(),
      facts: () => ({ kind: 'clickhouse', query, rowsRead }),
    }
  }
}

function requireColumns(row: Record<string, unknown>): void {
  const missing = ['text', 'label'].filter((name) => !Object.hasOwn(row, name))
  if (missing.length === 0) return
  const message =
    `The query gives ${Object.keys(row).join(', ')}, but no column ${missing.join(' and no column ')}; ` +
    'name them with AS.'
  throw new WinnowError('dataset_invalid', message, { details: { missing } })
}
