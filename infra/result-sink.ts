// The sink behind the infer stage: results and dead letters to Kafka for whoever listens, then to
// ClickHouse. The ClickHouse inserts come last and carry the block's token, so that they alone decide
// whether a block was delivered. Kafka gets each at least once, keyed by the event.
import { hostname } from 'node:os'
import type { Classification } from '../schemas/classification.ts'
import { deadLetterId, type DeadLetter } from '../schemas/dead-letter.ts'
import type { Fence } from '../schemas/fence.ts'
import type { KafkaRecord, OutgoingRecord } from '../schemas/record.ts'
import {
  classificationColumns,
  classificationRow,
  deadLetterColumns,
  deadLetterRow,
  knownLabelRow,
  labelColumns,
} from './classification-rows.ts'
import type { Analytics } from './clickhouse.ts'
import type { RecordProducer } from './kafka.ts'
import { raiseFence } from './partition-fence.ts'
import { VersionChanges, versionChangeColumns } from './version-changes.ts'
import type { Schemas } from './registry.ts'

export type SinkClients = { analytics: Analytics; producer: RecordProducer; schemas: Schemas }

/** The consumer group and the topic whose partitions the sink's writer owns. */
export type Ownership = { group: string; topic: string }

export type SinkTopics = { deadLetters: string; classified: string | undefined }

type ResultBlock = {
  token: string
  outputs: readonly { record: KafkaRecord; value: Classification }[]
  deadLetters: readonly DeadLetter[]
}

/** Offsets read back at a time when looking for what was delivered before. */
const deliveredPageRows = 10_000

/** Makes the sink for results of one model name; it closes nothing. */
export function createResultSink(
  clients: SinkClients,
  options: { model: string; topics: SinkTopics; owner: Ownership },
) {
  const { analytics, producer, schemas } = clients
  const by = `${hostname()}/${process.pid}`
  const versions = new VersionChanges(analytics, { model: options.model, by })
  return {
    fence(partitions: readonly number[]): Promise<Fence> {
      versions.reset()
      return raiseFence(analytics, { ...options.owner, partitions })
    },

    delivered: (topic: string, partition: number, fromOffset: number) =>
      readDelivered(analytics, { topic, partition, fromOffset, model: options.model }),

    async write(block: ResultBlock, fence: Fence): Promise<void> {
      const results = block.outputs.map((output) => output.value)
      const { classified } = options.topics
      await Promise.all([
        classified === undefined
          ? undefined
          : producer.send(
              classified,
              block.outputs.map(({ record, value }) => ({
                key: value.eventId,
                value: schemas.encode('classified', value),
                traceparent: record.traceparent,
              })),
            ),
        sendDeadLetters(clients, options.topics.deadLetters, block.deadLetters),
      ])
      const labelled = results.filter((result) => result.knownLabel !== null)
      await insertDeadLetters(analytics, block, fence)
      await analytics.insert('labels', {
        columns: labelColumns,
        values: labelled.map(knownLabelRow),
        token: `${block.token}-labels`,
        fence,
      })
      await analytics.insert('model_releases', {
        columns: versionChangeColumns,
        values: await versions.rowsFor(results),
        token: `${block.token}-swaps`,
        fence,
      })
      await analytics.insert('classifications', {
        columns: classificationColumns,
        values: results.map(classificationRow),
        token: `${block.token}-${options.model}`,
        fence,
      })
      versions.stored(results)
    },
  }
}

/** Sends dead letters to their topic, keyed by origin so that a repeated one can be told. */
export async function sendDeadLetters(
  { producer, schemas }: Pick<SinkClients, 'producer' | 'schemas'>,
  topic: string,
  letters: readonly DeadLetter[],
): Promise<void> {
  const records: OutgoingRecord[] = letters.map((letter) => ({
    key: deadLetterId(letter),
    value: schemas.encode('dead-letters', letter),
  }))
  if (records.length > 0) await producer.send(topic, records)
}

/** Inserts the dead letters of a block into ClickHouse. */
export function insertDeadLetters(
  analytics: Analytics,
  block: { token: string; deadLetters: readonly DeadLetter[] },
  fence: Fence,
): Promise<void> {
  return analytics.insert('dead_letters', {
    columns: deadLetterColumns,
    values: block.deadLetters.map(deadLetterRow),
    token: `${block.token}-dead`,
    fence,
  })
}

/**
 * Reads a page of what was delivered of an origin partition: dead letters and, where a model is
 * named, its results, or the labels. An offset that a topic made anew has again counts with its later record time.
 */
export async function readDelivered(
  analytics: Analytics,
  from: { topic: string; partition: number; fromOffset: number } & (
    { model?: string } | { table: 'labels' }
  ),
) {
  const origin = `topic = {topic: String} AND partition = {partition: UInt32}
    AND offset >= {fromOffset: UInt64}`
  const letters = `SELECT offset, record_time FROM dead_letters WHERE ${origin}`
  const results = `SELECT offset, record_time FROM classifications
    WHERE ${origin} AND model = {model: String} AND role != 'shadow'`
  const labels = `SELECT offset, record_time FROM labels WHERE ${origin}`
  const also = 'table' in from ? labels : from.model === undefined ? undefined : results
  const rows = await analytics.rows<{ at: number; ms: number }>(
    `SELECT offset AS at, toUnixTimestamp64Milli(max(record_time)) AS ms
     FROM (${also === undefined ? letters : `${also} UNION ALL ${letters}`})
     GROUP BY at ORDER BY at LIMIT ${deliveredPageRows}`,
    from,
  )
  return {
    recordTimeMsByOffset: new Map(rows.map((row) => [row.at, row.ms])),
    through: rows.length < deliveredPageRows ? Infinity : rows[rows.length - 1]!.at,
  }
}
