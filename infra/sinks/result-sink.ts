// The sink behind the infer stage: results and dead letters to Kafka for other consumers, then to
// ClickHouse. An event is delivered when its row or dead letter is in ClickHouse, whatever Kafka
// has. Kafka gets each at least once, keyed by the event. Notes of model swaps follow their rows.
import assert from 'node:assert'
import { hostname } from 'node:os'
import type { Classification } from '../../schemas/classification.ts'
import { deadLetterId, type DeadLetter } from '../../schemas/dead-letter.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { Fence } from '../../schemas/fence.ts'
import type { Block, BlockOutput, Sink, StoredReads } from '../../schemas/ports/sink.ts'
import type { OutgoingRecord } from '../../schemas/record.ts'
import type { Origin } from '../../schemas/validated.ts'
import {
  classificationColumns,
  classificationRow,
  deadLetterColumns,
  deadLetterRow,
  knownLabelRow,
  labelColumns,
  seconds,
} from './classification-rows.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import type { RecordProducer } from '../kafka/kafka.ts'
import { sendBounded } from './bounded-send.ts'
import { raiseFence } from './partition-fence.ts'
import { rejectedRecords } from './rejected-records.ts'
import type { ResultOutput } from './result-outputs.ts'
import { VersionChanges, versionChangeColumns } from './version-changes.ts'
import type { Schemas } from '../schema-registry/registry.ts'

export type SinkClients = { analytics: Analytics; producer: RecordProducer; schemas: Schemas }

/** The consumer group and the topic whose partitions the sink's writer owns. */
export type Ownership = { group: string; topic: string }

export type SinkTopics = {
  deadLetters: string
  classified: string | undefined
  /** Gets the records of dead letters as they arrived. */
  ofInput?: string | undefined
}

/** Offsets per page of `storedFrom`. */
const storedPageRows = 10_000

/**
 * Creates the sink for the results of models, which are in one block and one insert; the caller
 * closes its clients.
 */
export function createResultSink(
  clients: SinkClients,
  options: {
    /** The names of all models whose outcomes it is given, at least one. */
    models: readonly string[]
    topics: SinkTopics
    owner: Ownership
    /** Topics of other systems that get results. */
    outputs?: readonly ResultOutput[]
  },
): Sink<Classification> {
  const { analytics, producer, schemas } = clients
  const by = `${hostname()}/${process.pid}`
  const [first] = options.models
  assert(first !== undefined)
  const versions = new Map(
    options.models.map((model) => [model, new VersionChanges(analytics, { model, by })]),
  )
  let latestFence: Fence | undefined
  const ofModel = (model: string): StoredReads => ({
    async recover(topic, partition) {
      const fence = latestFence
      assert(fence !== undefined, 'a fence is raised before anything is recovered')
      try {
        await analytics.insert('model_releases', {
          columns: versionChangeColumns,
          values: await versions.get(model)!.missing(topic, partition),
          token: `${fence.token}-${topic}/${partition}-swaps-${model}`,
          fence,
        })
      } catch (error) {
        // Another owner has taken over: it completes the notes, and the caller's next write fails.
        if (!(error instanceof WinnowError) || error.code !== 'fenced') throw error
      }
    },

    storedFrom: (topic, partition, fromOffset) =>
      readStored(analytics, { topic, partition, fromOffset, model }),

    storedAttempts: (topic, partition, origins) =>
      readStoredAttempts(analytics, { topic, partition, origins, model }),
  })
  return {
    ...ofModel(first),
    ofModel,

    async fence(partitions, after) {
      for (const one of versions.values()) one.reset()
      latestFence = await raiseFence(analytics, { ...options.owner, partitions }, after)
      return latestFence
    },

    async write(written, fence) {
      const block = { ...written, deadLetters: lettersOf(written, first) }
      // A replayed event has an early offset but the current version, so it marks no swap.
      const results = block.outputs.flatMap(({ attempt, value }) => (attempt === 0 ? [value] : []))
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
        sendRejected(producer, options.topics.ofInput, written),
        ...(options.outputs ?? []).map(({ topic, records }) =>
          sendBounded(producer, topic, records(block.outputs)),
        ),
      ])
      const labelled = onePerEvent(block.outputs).filter((result) => result.knownLabel !== null)
      // Two consumers of one topic, each for its models, reject the same events.
      const token = [block.token, ...options.models].join('-')
      await insertDeadLetters(analytics, { ...block, token }, fence)
      await insertFiltered(analytics, { ...block, token, model: first }, fence)
      await analytics.insert('labels', {
        columns: labelColumns,
        values: labelled.map(knownLabelRow),
        token: `${block.token}-labels`,
        fence,
      })
      const swaps: unknown[][] = []
      for (const [model, one] of versions) {
        swaps.push(...(await one.rowsFor(results.filter((result) => result.model === model))))
      }
      await analytics.insert('classifications', {
        columns: classificationColumns,
        values: block.outputs.map(({ value, attempt }) => classificationRow(value, attempt)),
        token,
        fence,
      })
      await analytics.insert('model_releases', {
        columns: versionChangeColumns,
        values: swaps,
        token: [block.token, 'swaps', ...options.models].join('-'),
        fence,
      })
      for (const [model, one] of versions) {
        one.stored(results.filter((result) => result.model === model))
      }
    },
  }
}

/** The first result of each event; those of its other models have the same event. */
function onePerEvent(outputs: readonly BlockOutput<Classification>[]): Classification[] {
  const byEvent = new Map<string, Classification>()
  for (const { origin, attempt, value } of outputs) {
    const key = `${origin.topic}/${origin.partition}/${origin.offset}/${origin.recordTimeMs}/${attempt}`
    if (!byEvent.has(key)) byEvent.set(key, value)
  }
  return [...byEvent.values()]
}

/** The dead letters with their models; one that names none is of the only one. */
function lettersOf({ deadLetters }: Block<Classification>, only: string): DeadLetter[] {
  return deadLetters.map((letter) => (letter.model === '' ? { ...letter, model: only } : letter))
}

/**
 * Sends dead letters to their topic, keyed by origin so that consumers can recognise repeated ones.
 */
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

/**
 * Sends the records of dead letters, as they arrived, to the topic that their input names. Records
 * of Winnow's own topics, which are between stages that run apart, are left out.
 */
export async function sendRejected(
  producer: RecordProducer,
  topic: string | undefined,
  block: Pick<Block<unknown>, 'deadLetters' | 'records'>,
): Promise<void> {
  if (topic !== undefined) await sendBounded(producer, topic, rejectedRecords(block))
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
 * Notes in ClickHouse which events of a block the filter of their input leaves out; `model` is that
 * of events which name none.
 */
export function insertFiltered(
  analytics: Analytics,
  { token, filtered = [], model }: Pick<Block<unknown>, 'token' | 'filtered'> & { model: string },
  fence: Fence,
): Promise<void> {
  return analytics.insert('filtered_events', {
    columns: ['topic', 'partition', 'offset', 'record_time', 'model'],
    values: filtered.map((one) => [
      ...[one.topic, one.partition, one.offset],
      seconds(one.recordTimeMs),
      one.model ?? model,
    ]),
    token: `${token}-filtered`,
    fence,
  })
}

/**
 * Reads a page of what is stored of an origin partition: dead letters and, where a model is
 * named, its results, or the labels. An offset of a topic that was created again counts with its
 * later record time.
 */
export async function readStored(
  analytics: Analytics,
  from: { topic: string; partition: number; fromOffset: number } & (
    { model?: string } | { table: 'labels' }
  ),
) {
  const origin = `topic = {topic: String} AND partition = {partition: UInt32}
    AND offset >= {fromOffset: UInt64}`
  // A dead letter of another model does not count as delivered for this one.
  const { table, settings } = analytics.everywhere
  const letters = `SELECT offset, record_time FROM ${table('dead_letters')} WHERE ${origin}
    ${'model' in from ? "AND model IN ('', {model: String})" : ''}`
  const results = `SELECT offset, record_time FROM ${table('classifications')}
    WHERE ${origin} AND model = {model: String} AND role != 'shadow'`
  const labels = `SELECT offset, record_time FROM ${table('labels')} WHERE ${origin}`
  // A forgotten event counts as delivered, so that it does not come back.
  const forgotten = `SELECT offset, record_time FROM ${table('forgotten_events')} WHERE ${origin}`
  const also = 'table' in from ? [labels] : from.model === undefined ? [] : [results]
  const rows = await analytics.rows<{ at: number; ms: number }>(
    `SELECT offset AS at, toUnixTimestamp64Milli(max(record_time)) AS ms
     FROM (${[...also, letters, forgotten].join(' UNION ALL ')})
     GROUP BY at ORDER BY at LIMIT ${storedPageRows}${settings}`,
    from,
  )
  return {
    recordTimeMsByOffset: new Map(rows.map((row) => [row.at, row.ms])),
    through: rows.length < storedPageRows ? Infinity : rows[rows.length - 1]!.at,
  }
}

/**
 * Reads, in order, the last delivered attempt of each replayed event: the attempt of its last dead
 * letter, Infinity if there is a result of the model or a label, or if the event is forgotten, -1
 * if there is nothing.
 */
export async function readStoredAttempts(
  analytics: Analytics,
  from: { topic: string; partition: number; origins: readonly Origin[] } & (
    { model?: string } | { table: 'labels' }
  ),
): Promise<number[]> {
  const { origins, ...parameters } = from
  const origin = `topic = {topic: String} AND partition = {partition: UInt32}
    AND offset IN {offsets: Array(UInt64)}`
  const { table, settings } = analytics.everywhere
  const letters = `SELECT offset, record_time, toInt64(attempt) AS settled
    FROM ${table('dead_letters')}
    WHERE ${origin} ${'model' in from ? "AND model IN ('', {model: String})" : ''}`
  const done = 'SELECT offset, record_time, toInt64(1000000000) AS settled'
  const results = `${done} FROM ${table('classifications')}
    WHERE ${origin} AND model = {model: String} AND role != 'shadow'`
  const labels = `${done} FROM ${table('labels')} WHERE ${origin}`
  const forgotten = `${done} FROM ${table('forgotten_events')} WHERE ${origin}`
  const also = 'table' in from ? [labels] : from.model === undefined ? [] : [results]
  const rows = await analytics.rows<{ at: number; ms: number; settled: number }>(
    `SELECT offset AS at, toUnixTimestamp64Milli(record_time) AS ms, max(settled) AS settled
     FROM (${[...also, letters, forgotten].join(' UNION ALL ')})
     GROUP BY at, ms${settings}`,
    { ...parameters, offsets: origins.map(({ offset }) => offset) },
  )
  const found = new Map(rows.map(({ at, ms, settled }) => [`${at}/${ms}`, settled]))
  return origins.map(({ offset, recordTimeMs }) => {
    const settled = found.get(`${offset}/${recordTimeMs}`) ?? -1
    return settled === 1_000_000_000 ? Infinity : settled
  })
}
