// Reads single records of a topic by their offsets, jumping from one to the next: for few records in a
// large topic. Reading whole ranges is topic-range.ts.
import { randomUUID } from 'node:crypto'
import type { EachBatchPayload } from 'kafkajs'
import { WinnowError } from '../schemas/errors.ts'
import type { KafkaRecord } from '../schemas/record.ts'
import { brokerCall, brokerError, type KafkaClient } from './kafka.ts'
import { recordOf } from './record-source.ts'

/** A place to look at. */
export type RecordPlace = { readonly partition: number; readonly offset: number }

/** The offsets that a partition holds: `low` is its first, `high` the one after its last. */
export type PartitionBounds = { readonly low: number; readonly high: number }

const stallMsMax = 60_000

/** What each partition of a topic holds; empty when there is no such topic. */
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
 * Reads the records at the given places that the topic still holds; `take` gets each, one at a time.
 * Places must lie within the bounds of their partitions. Nothing is committed.
 *
 * @throws WinnowError `broker_unavailable`, `broker_refused`, `cancelled`, `deadline_exceeded` when the
 * broker gives nothing for a minute; and what `take` throws.
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
  const { topic, places, take, signal } = options
  if (places.length === 0) return
  const wanted = wantedByPartition(places)
  const consumer = kafka.consumer({
    groupId: `winnow.lookup.${randomUUID()}`,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 100,
    // One record of any size always comes; more of its neighbours are not wanted.
    maxBytesPerPartition: 65_536,
  })
  let unread = wanted.size
  let failure: Error | undefined
  let wake: () => void = () => undefined
  let lastMs = performance.now()
  const fail = (error: unknown): void => {
    failure ??= error instanceof Error ? error : new Error(String(error))
    wake()
  }
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) fail(brokerError(`read ${topic}`, payload.error))
  })
  const onBatch = async (payload: EachBatchPayload): Promise<void> => {
    const { batch } = payload
    const { partition } = batch
    const offsets = wanted.get(partition) ?? []
    if (offsets.length > 0) {
      lastMs = performance.now()
      for (const message of batch.messages) {
        // What lies before this message is not in the topic any more.
        while (offsets.length > 0 && offsets[0]! < Number(message.offset)) offsets.shift()
        if (Number(message.offset) !== offsets[0]) continue
        await take(recordOf(topic, partition, message))
        await payload.heartbeat()
      }
      const last = Number(batch.lastOffset())
      while (offsets.length > 0 && offsets[0]! <= last) offsets.shift()
      if (offsets.length > 0) {
        consumer.seek({ topic, partition, offset: String(offsets[0]) })
        return
      }
      unread--
      wake()
    }
    payload.pause()
  }
  let isPlaced = false
  try {
    await brokerCall(`read ${topic}`, async () => {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: async (payload) => {
          // Polled before the position was set.
          if (!isPlaced || failure !== undefined) return
          await onBatch(payload).catch(fail)
        },
      })
      for (const [partition, offsets] of wanted) {
        consumer.seek({ topic, partition, offset: String(offsets[0]) })
      }
      isPlaced = true
    })
    while (unread > 0 && failure === undefined) {
      if (signal?.aborted === true) throw new WinnowError('cancelled', `Reading ${topic} stopped.`)
      if (performance.now() - lastMs > stallMsMax) {
        const message = `The broker gave nothing of ${topic} for ${stallMsMax / 1_000} s.`
        throw new WinnowError('deadline_exceeded', message)
      }
      await new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, 200)
      })
    }
    if (failure !== undefined) throw failure
  } finally {
    await consumer.disconnect()
  }
}

/** The offsets to look at in each partition, in order, each once. */
function wantedByPartition(places: readonly RecordPlace[]): Map<number, number[]> {
  const groups = Map.groupBy(places, ({ partition }) => partition)
  return new Map(
    [...groups].map(([partition, group]) => {
      const offsets = new Set(group.map(({ offset }) => offset))
      return [partition, [...offsets].sort((a, b) => a - b)]
    }),
  )
}
