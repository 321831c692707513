// A kafkajs consumer that ends when it is closed, whatever it was doing: one that fails while it
// closes does not come back to life, and no connection is left.
import { setTimeout } from 'node:timers/promises'
import type { Consumer, ConsumerConfig } from 'kafkajs'
import type { KafkaClient } from './kafka.ts'

export type ClosingConsumer = {
  readonly consumer: Consumer
  readonly isClosed: () => boolean
  /** Leaves the group, if it had joined it, and closes all connections; ends within seconds. */
  readonly close: () => Promise<void>
}

/** Longest wait for an orderly end: for a batch at work and the answer of the broker. */
const closeMsMax = 10_000

/** Makes a consumer; nothing is connected yet. */
export function createConsumer(
  kafka: KafkaClient,
  options: Omit<ConsumerConfig, 'retry'>,
): ClosingConsumer {
  const own = kafka.withOwnConnections()
  let closed = false
  const consumer = own.kafka.consumer({
    ...options,
    retry: { restartOnFailure: () => Promise.resolve(!closed) },
  })
  return {
    consumer,
    isClosed: () => closed,
    async close() {
      closed = true
      // One that is only just joining does not notice; without connections it ends all the same.
      const left = new AbortController()
      const { signal } = left
      await Promise.race([consumer.disconnect(), setTimeout(closeMsMax, undefined, { signal })])
        .finally(() => left.abort())
        .finally(own.end)
    },
  }
}
