// Reads single records of a topic by offset, seeking from one to the next: for a few records in a
// large topic. Reading whole ranges is topic-range.ts.
import { randomUUID } from 'node:crypto'
import type { EachBatchPayload } from 'kafkajs'
import { WinnowError } from '../../schemas/errors.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
import { brokerCall, brokerError, type KafkaClient } from './kafka.ts'
import { onPassed } from './passed-offsets.ts'
import { recordOf } from './record-source.ts'

/** The position of a record. */
export type RecordPlace = { readonly partition: number; readonly offset: number }

/** The offsets that a partition holds: `low` is its first, `high` the one after its last. */
export type PartitionBounds = { readonly low: number; readonly high: number }

/** How long the broker may send nothing before a bounded read fails. */
export const stallMsMax = 60_000
/** Silence after which a reader checks that the offsets it waits for still exist. */
export const silenceMs = 1_000

/** What each partition of a topic holds; empty if the topic does not exist. */
export async function readBounds(
  kafka: KafkaClient,
  topic: string,
): Promise<Map<number, PartitionBounds>> {
  const admin = kafka.admin()
  return brokerCall(`read the offsets of ${topic}`, async () => {
    await admin.connect()
    try {
      if (!(await admin.listTopics()).includes(topic)) return new Map<number, PartitionBounds>()
      const held = await admin.fetchTopicOffsets(topic)
      return new Map(
        held.map(({ partition, low, high }) => [
          partition,
          { low: Number(low), high: Number(high) },
        ]),
      )
    } finally {
      await admin.disconnect()
    }
  })
}

/**
 * Reads the records at the given places, skipping those that the topic no longer holds; calls
 * `take` for one record at a time. Places must lie within the bounds of their partitions. Commits
 * nothing.
 *
 * @throws WinnowError `broker_unavailable`, `broker_refused`, `cancelled`, `deadline_exceeded` when
 * the broker sends nothing for a minute; and what `take` throws.
 */
export async function readRecordsAt(
  kafka: KafkaClient,
  options: {
    topic: string
    places: readonly RecordPlace[]
    take: (record: KafkaRecord) => Promise<void>
    signal?: AbortSignal | undefined
  },
): Promise<void> {
  const { topic, take, signal } = options
  if (options.places.length === 0) return
  const places = new PendingPlaces(options.places)
  const consumer = kafka.consumer({
    groupId: `winnow.lookup.${randomUUID()}`,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 100,
    // Keeps fetches small: a broker always sends at least one record, whatever its size.
    maxBytesPerPartition: 65_536,
  })
  let failure: Error | undefined
  let wake: () => void = () => undefined
  let lastMs = performance.now()
  let askedMs = lastMs
  const fail = (error: unknown): void => {
    failure ??= error instanceof Error ? error : new Error(String(error))
    wake()
  }
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) fail(brokerError(`read ${topic}`, payload.error))
  })
  /** Everything below `nextOffset` is read: seeks to the next place. */
  const seekNext = (partition: number, nextOffset: number): void => {
    lastMs = performance.now()
    const next = places.from(partition, nextOffset)
    if (next === undefined) consumer.pause([{ topic, partitions: [partition] }])
    else consumer.seek({ topic, partition, offset: String(next) })
    wake()
  }
  const onBatch = async (payload: EachBatchPayload): Promise<void> => {
    const { batch } = payload
    const { partition } = batch
    for (const message of batch.messages) {
      const offset = Number(message.offset)
      if (places.from(partition, offset) !== offset) continue
      await take(recordOf(topic, partition, message))
      lastMs = performance.now()
      await payload.heartbeat()
    }
    seekNext(partition, Number(batch.lastOffset()) + 1)
  }
  let isPlaced = false
  onPassed(consumer, ({ partition, nextOffset }) => {
    if (isPlaced) seekNext(partition, nextOffset)
  })
  try {
    await brokerCall(`read ${topic}`, async () => {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: async (payload) => {
          // kafkajs polled it before the position was set.
          if (!isPlaced || failure !== undefined) return
          await onBatch(payload).catch(fail)
        },
      })
      for (const { partition, offset } of places.firsts()) {
        consumer.seek({ topic, partition, offset: String(offset) })
      }
      isPlaced = true
    })
    while (places.partitions > 0 && failure === undefined) {
      if (signal?.aborted === true) throw new WinnowError('cancelled', `Reading ${topic} stopped.`)
      const nowMs = performance.now()
      if (nowMs - lastMs > stallMsMax) throw stalled(topic)
      if (nowMs - Math.max(lastMs, askedMs) > silenceMs) {
        // Retention may have deleted these records since the caller looked; then no batch comes.
        await dropDeleted(kafka, topic, places)
        askedMs = performance.now()
      }
      await new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, places.partitions === 0 ? 0 : 200)
      })
    }
    if (failure !== undefined) throw failure
  } finally {
    await consumer.disconnect()
  }
}

/** The error for a broker that sends nothing for a minute. */
export function stalled(topic: string): WinnowError {
  const message =
    `The broker has sent nothing of ${topic} for ${stallMsMax / 1_000} s, although it holds more. ` +
    'Check the broker, then run the command again.'
  return new WinnowError('deadline_exceeded', message)
}

async function dropDeleted(
  kafka: KafkaClient,
  topic: string,
  places: PendingPlaces,
): Promise<void> {
  for (const [partition, { low }] of await readBounds(kafka, topic)) places.from(partition, low)
}

/** The places that are still to be read. */
class PendingPlaces {
  /** Sorted and unique; holds only partitions with places left. */
  readonly #offsets: Map<number, number[]>

  constructor(places: readonly RecordPlace[]) {
    const groups = Map.groupBy(places, ({ partition }) => partition)
    this.#offsets = new Map(
      [...groups].map(([partition, group]) => {
        const offsets = new Set(group.map(({ offset }) => offset))
        return [partition, [...offsets].sort((a, b) => a - b)]
      }),
    )
  }

  /** How many partitions have places left. */
  get partitions(): number {
    return this.#offsets.size
  }

  /** The first place of each partition. */
  firsts(): RecordPlace[] {
    return [...this.#offsets].map(([partition, [offset]]) => ({ partition, offset: offset! }))
  }

  /** Drops the places below an offset and returns the next offset of the partition, if any. */
  from(partition: number, offset: number): number | undefined {
    const offsets = this.#offsets.get(partition)
    while (offsets !== undefined && offsets.length > 0 && offsets[0]! < offset) offsets.shift()
    if (offsets?.length === 0) this.#offsets.delete(partition)
    return offsets?.[0]
  }
}
