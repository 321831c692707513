// The sink of a stage range that ends before infer: sends its records to the same partition of the
// next topic, so that order and ownership carry over. Records are sent at least once; the infer
// stage recognises repeated ones by their origin. Dead letters are read back, so that each is
// stored once.
import type { Sink } from '../../schemas/ports/sink.ts'
import { raiseFence } from './partition-fence.ts'
import { passedHeaders } from './passed-headers.ts'
import {
  insertDeadLetters,
  insertFiltered,
  readStored,
  readStoredAttempts,
  sendDeadLetters,
  sendRejected,
  type Ownership,
  type SinkClients,
} from './result-sink.ts'

export type TopicSinkOptions<Value> = {
  topic: string
  deadLetterTopic: string
  /** Gets the records of dead letters as they arrived. */
  rejectedTopic?: string | undefined
  /**
   * Partitions of the output topic; if it has fewer than the input, partition numbers wrap around.
   */
  partitions: number
  encode(value: Value): Buffer
  owner: Ownership
}

/** Creates the sink; the caller closes its clients. */
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
          // That of the origin, so that events sent again meet the owner of the first ones.
          partition: origin.partition % options.partitions,
          headers: passedHeaders(record.headers, 'result'),
          traceparent: record.traceparent,
          // If the next stage cannot read the value, its dead letter still names the event.
          lineage: { origin, attempt },
        })),
      )
      await sendDeadLetters(clients, options.deadLetterTopic, block.deadLetters)
      await sendRejected(clients.producer, options.rejectedTopic, block)
      await insertDeadLetters(clients.analytics, block, fence)
      await insertFiltered(clients.analytics, { ...block, model: '' }, fence)
    },
  }
}
