// The sink behind a chain that ends before infer: its records go to the next topic, on the
// partition they came from, so that order and ownership carry over. Records are sent at least once;
// the infer stage recognises a repeated one by its origin. Dead letters are read back, so that each
// is stored once.
import type { Sink } from '../../schemas/ports/sink.ts'
import { raiseFence } from './partition-fence.ts'
import {
  insertDeadLetters,
  readStored,
  readStoredAttempts,
  sendDeadLetters,
  type Ownership,
  type SinkClients,
} from './result-sink.ts'

export type TopicSinkOptions<Value> = {
  topic: string
  deadLetterTopic: string
  /** Partitions of the output topic; with fewer than the input has, records wrap around. */
  partitions: number
  encode(value: Value): Buffer
  owner: Ownership
}

/** Makes the sink; it closes nothing. */
export function createTopicSink<Value>(
  clients: SinkClients,
  options: TopicSinkOptions<Value>,
): Sink<Value> {
  return {
    fence: (partitions, after) =>
      raiseFence(clients.analytics, { ...options.owner, partitions }, after),

    recover: () => Promise.resolve(),

    storedFrom: (topic, partition, fromOffset) =>
      readStored(clients.analytics, { topic, partition, fromOffset }),

    storedAttempts: (topic, partition, origins) =>
      readStoredAttempts(clients.analytics, { topic, partition, origins }),

    async write(block, fence) {
      await clients.producer.send(
        options.topic,
        block.outputs.map(({ record, origin, attempt, value }) => ({
          key: record.key,
          value: options.encode(value),
          partition: record.partition % options.partitions,
          traceparent: record.traceparent,
          // Should the next stage fail to read the value, its dead letter still names the event.
          lineage: { origin, attempt },
        })),
      )
      await sendDeadLetters(clients, options.deadLetterTopic, block.deadLetters)
      await insertDeadLetters(clients.analytics, block, fence)
    },
  }
}
