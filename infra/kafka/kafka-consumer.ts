// A kafkajs consumer that closing really ends: it does not restart if it fails meanwhile, and all
// its connections are closed. A failure that no retry can help, such as a refused login, ends it
// too.
import { setTimeout } from 'node:timers/promises'
import type { Consumer, ConsumerConfig } from 'kafkajs'
import { brokerProblem } from './broker-problem.ts'
import type { KafkaClient } from './kafka.ts'

/** Longest wait for an orderly end: for a batch in progress and the broker's answer. */
const closeMsMax = 10_000

/** A consumer with connections of its own. It connects when the caller calls `connect`. */
export class ClosingConsumer {
  readonly consumer: Consumer
  readonly #endConnections: () => void
  #isClosed = false

  constructor(kafka: KafkaClient, options: Omit<ConsumerConfig, 'retry'>) {
    const own = kafka.withOwnConnections()
    this.#endConnections = own.end
    this.consumer = own.kafka.consumer({
      ...options,
      retry: {
        restartOnFailure: (error) =>
          Promise.resolve(!this.#isClosed && brokerProblem(error)?.isFinal !== true),
      },
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * Leaves the group if it has joined one, then closes all connections; takes `closeMsMax` at most.
   */
  async close(): Promise<void> {
    this.#isClosed = true
    // A consumer that is still joining ignores `disconnect`; closing its sockets ends it anyway.
    const left = new AbortController()
    const { signal } = left
    await Promise.race([this.consumer.disconnect(), setTimeout(closeMsMax, undefined, { signal })])
      .finally(() => left.abort())
      .finally(this.#endConnections)
  }
}
