// The sink behind a slice that ends before infer: its records go to the next topic, on the partition
// they came from, so that order and ownership carry over. Records are sent at least once; the infer
// stage recognises a repeated one by its origin. Dead letters are read back, so that each is stored once.
import type { DeadLetter } from '../schemas/dead-letter.ts'
import type { Fence } from '../schemas/fence.ts'
import type { KafkaRecord, Lineage } from '../schemas/record.ts'
import type { Origin } from '../schemas/validated.ts'
import { raiseFence } from './partition-fence.ts'
import {
  insertDeadLetters,
  readDelivered,
  readSettledAttempts,
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
export function createTopicSink<Value>(clients: SinkClients, options: TopicSinkOptions<Value>) {
  return {
    fence: (partitions: readonly number[], after?: Fence) =>
      raiseFence(clients.analytics, { ...options.owner, partitions }, after),

    delivered: (topic: string, partition: number, fromOffset: number) =>
      readDelivered(clients.analytics, { topic, partition, fromOffset }),

    settledAttempts: (topic: string, partition: number, origins: readonly Origin[]) =>
      readSettledAttempts(clients.analytics, { topic, partition, origins }),

    async write(
      block: {
        token: string
        outputs: readonly (Lineage & { record: KafkaRecord; value: Value })[]
        deadLetters: readonly DeadLetter[]
      },
      fence: Fence,
    ): Promise<void> {
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
