// Reads single records of a topic by offset, seeking from one to the next: for a few records in a
// large topic. Reading whole ranges is topic-range.ts.
import { randomUUID } from 'node:crypto'
import type { Consumer, EachBatchPayload } from 'kafkajs'
import { WinnowError } from '../../schemas/errors.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
import { brokerCall, brokerError, type KafkaClient } from './kafka.ts'
import { describing, readingAs } from './needed-rights.ts'
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
  return brokerCall(describing(`read the offsets of ${topic}`, topic), async () => {
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
  if (options.places.length === 0) return
  const lookup = new RecordLookup(kafka, options)
  try {
    await lookup.start()
    await lookup.finish(options.signal)
  } finally {
    await lookup.close()
  }
}

const groupPrefix = 'winnow.lookup.'
const reading = (topic: string) => readingAs(`read ${topic}`, { topics: [topic], groupPrefix })

/** One consumer that seeks from place to place. */
class RecordLookup {
  readonly #kafka: KafkaClient
  readonly #topic: string
  readonly #take: (record: KafkaRecord) => Promise<void>
  readonly #places: PendingPlaces
  readonly #consumer: Consumer
  #isPlaced = false
  #failure: Error | undefined
  #lastMs = performance.now()
  #wake: () => void = () => undefined

  constructor(
    kafka: KafkaClient,
    options: {
      topic: string
      places: readonly RecordPlace[]
      take: (record: KafkaRecord) => Promise<void>
    },
  ) {
    this.#kafka = kafka
    this.#topic = options.topic
    this.#take = options.take
    this.#places = new PendingPlaces(options.places)
    this.#consumer = kafka.consumer({
      groupId: `${groupPrefix}${randomUUID()}`,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: 100,
      // Keeps fetches small: a broker always sends at least one record, whatever its size.
      maxBytesPerPartition: 65_536,
    })
    this.#consumer.on(this.#consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) this.#fail(brokerError(reading(this.#topic), payload.error))
    })
    onPassed(this.#consumer, ({ partition, nextOffset }) => {
      if (this.#isPlaced) this.#seekNext(partition, nextOffset)
    })
  }

  /** Connects and seeks to the first place of each partition. */
  start(): Promise<void> {
    const [consumer, topic] = [this.#consumer, this.#topic]
    return brokerCall(reading(topic), async () => {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: async (payload) => {
          // kafkajs polled it before the position was set.
          if (!this.#isPlaced || this.#failure !== undefined) return
          await this.#onBatch(payload).catch((error: unknown) => this.#fail(error))
        },
      })
      for (const { partition, offset } of this.#places.firsts()) {
        consumer.seek({ topic, partition, offset: String(offset) })
      }
      this.#isPlaced = true
    })
  }

  /** Resolves when no place is left to be read; throws what stopped the lookup. */
  async finish(signal: AbortSignal | undefined): Promise<void> {
    const topic = this.#topic
    let askedMs = this.#lastMs
    while (this.#places.partitions > 0 && this.#failure === undefined) {
      if (signal?.aborted === true) throw new WinnowError('cancelled', `Reading ${topic} stopped.`)
      const nowMs = performance.now()
      if (nowMs - this.#lastMs > stallMsMax) throw stalled(topic)
      if (nowMs - Math.max(this.#lastMs, askedMs) > silenceMs) {
        // Retention may have deleted these records since the caller looked; then no batch comes.
        await this.#dropDeleted()
        askedMs = performance.now()
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        setTimeout(resolve, this.#places.partitions === 0 ? 0 : 200)
      })
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  close(): Promise<void> {
    return this.#consumer.disconnect()
  }

  async #onBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload
    const { partition } = batch
    for (const message of batch.messages) {
      const offset = Number(message.offset)
      if (this.#places.from(partition, offset) !== offset) continue
      await this.#take(recordOf(this.#topic, partition, message))
      this.#lastMs = performance.now()
      await payload.heartbeat()
    }
    this.#seekNext(partition, Number(batch.lastOffset()) + 1)
  }

  /** Everything below `nextOffset` is read: seeks to the next place. */
  #seekNext(partition: number, nextOffset: number): void {
    const topic = this.#topic
    this.#lastMs = performance.now()
    const next = this.#places.from(partition, nextOffset)
    if (next === undefined) this.#consumer.pause([{ topic, partitions: [partition] }])
    else this.#consumer.seek({ topic, partition, offset: String(next) })
    this.#wake()
  }

  async #dropDeleted(): Promise<void> {
    const bounds = await readBounds(this.#kafka, this.#topic)
    for (const [partition, { low }] of bounds) this.#places.from(partition, low)
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
    this.#wake()
  }
}

/** The error for a broker that sends nothing for a minute. */
export function stalled(topic: string): WinnowError {
  const message =
    `The broker has sent nothing of ${topic} for ${stallMsMax / 1_000} s, although it holds more. ` +
    'Check the broker, then run the command again.'
  return new WinnowError('deadline_exceeded', message)
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
