// A kafkajs consumer that closing really ends: it does not restart if it fails meanwhile, and all
// its connections are closed.
import { setTimeout } from 'node:timers/promises'
import type { Consumer, ConsumerConfig } from 'kafkajs'
import type { KafkaClient } from './kafka.ts'

export type ClosingConsumer = {
  readonly consumer: Consumer
  readonly isClosed: () => boolean
  /**
   * Leaves the group if it has joined one, then closes all connections; takes `closeMsMax` at most.
   */
  readonly close: () => Promise<void>
}

/** Longest wait for an orderly end: for a batch in progress and the broker's answer. */
const closeMsMax = 10_000

/** Creates a consumer. It connects when the caller calls `connect`. */
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
      // A consumer that is still joining ignores `disconnect`; closing its sockets ends it anyway.
      const left = new AbortController()
      const { signal } = left
      await Promise.race([consumer.disconnect(), setTimeout(closeMsMax, undefined, { signal })])
        .finally(() => left.abort())
        .finally(own.end)
    },
  }
}
