// A consumer group member that hands out chunks of records and commits only what it is told to. It
// owns polling, heartbeats and the group protocol; what happens to a record is the runner's.
import kafkajs, { type Consumer } from 'kafkajs'
import type { Config } from '../configs/schema.ts'
import type { KafkaRecord, PartitionOffset, RecordChunk } from '../schemas/record.ts'
import { brokerCall, brokerError, type KafkaClient } from './kafka.ts'

export type SourceHandlers = {
  /**
   * Takes over one chunk. The next chunk of any partition may come before this one's work is done;
   * waiting in here holds the source back. `heartbeat` must be called at least once a second meanwhile.
   */
  onChunk(chunk: RecordChunk, heartbeat: () => Promise<void>): Promise<void>
  /** The group was joined anew: positions went back to the committed offsets. */
  onAssigned(partitions: readonly number[]): void
  /** The consumer gave up for good. */
  onFailure(error: Error): void
}

export type RecordSource = {
  start(handlers: SourceHandlers): Promise<void>
  /** Commits the next offsets to consume. Throws broker_unavailable, also while rebalancing. */
  commit(offsets: readonly PartitionOffset[]): Promise<void>
  /** Stops handing out chunks but stays in the group, so that commits still work. */
  pause(): void
  /** Leaves the group and disconnects. */
  close(): Promise<void>
}

/** Records of one chunk; small enough that a chunk is a unit of retry. */
const chunkRecordsMax = 128

/** Makes a group member for one topic; `start` connects it. */
export function createRecordSource(
  kafka: KafkaClient,
  options: { group: string; topic: string; config: Config; concurrency: number },
): RecordSource {
  const { topic, config } = options
  const consumer = kafka.consumer({
    groupId: options.group,
    sessionTimeout: config.kafka.sessionMsMax,
    heartbeatInterval: Math.min(3_000, Math.floor(config.kafka.sessionMsMax / 3)),
    rebalanceTimeout: Math.max(60_000, config.kafka.sessionMsMax),
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 250,
    maxBytesPerPartition: 1_048_576,
    maxBytes: 8_388_608,
    retry: { restartOnFailure: () => Promise.resolve(true) },
  })
  let paused = false
  return {
    async start(handlers) {
      listen(consumer, handlers, topic)
      await brokerCall(`consume ${topic}`, async () => {
        await consumer.connect()
        await consumer.subscribe({ topic, fromBeginning: true })
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: options.concurrency,
          eachBatch: async ({ batch, resolveOffset, heartbeat, isRunning, isStale }) => {
            const lastOffset = Number(batch.lastOffset())
            for (let at = 0; at < batch.messages.length; at += chunkRecordsMax) {
              if (paused || !isRunning() || isStale()) return
              const messages = batch.messages.slice(at, at + chunkRecordsMax)
              const records = messages.map((m) => recordOf(topic, batch.partition, m))
              const isLast = at + chunkRecordsMax >= batch.messages.length
              const last = records[records.length - 1]!.offset
              await handlers.onChunk(
                {
                  topic,
                  partition: batch.partition,
                  records,
                  nextOffset: (isLast ? Math.max(last, lastOffset) : last) + 1,
                  highWatermark: Number(batch.highWatermark),
                },
                heartbeat,
              )
              resolveOffset(String(last))
              await heartbeat()
            }
          },
        })
      })
    },
    commit: (offsets) =>
      brokerCall('commit offsets', () =>
        consumer.commitOffsets(
          offsets.map((next) => ({ ...next, offset: String(next.offset), metadata: null })),
        ),
      ),
    pause() {
      paused = true
      consumer.pause([{ topic }])
    },
    close: () => consumer.disconnect(),
  }
}

function listen(consumer: Consumer, handlers: SourceHandlers, topic: string): void {
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
    handlers.onAssigned(payload.memberAssignment[topic] ?? []),
  )
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) handlers.onFailure(brokerError(`consume ${topic}`, payload.error))
  })
}

function recordOf(topic: string, partition: number, message: kafkajs.KafkaMessage): KafkaRecord {
  const traceparent = message.headers?.['traceparent']
  return {
    topic,
    partition,
    offset: Number(message.offset),
    recordTimeMs: Number(message.timestamp),
    key: message.key,
    value: message.value,
    traceparent: traceparent === undefined ? undefined : String(traceparent),
  }
}
