// The clients of the real sinks on separate backends, for tests of what a sink stores.
import { openProducer } from '../../infra/kafka/kafka.ts'
import { openSchemas } from '../../infra/schema-registry/registry.ts'
import {
  createResultSink,
  type Ownership,
  type SinkClients,
} from '../../infra/sinks/result-sink.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import type { StackConnections } from '../../infra/local/services/stack-state.ts'
import { openBackends, type Backends } from './backends.ts'

export type SinkBackends = {
  readonly backends: Backends
  readonly clients: SinkClients
  /**
   * A result sink that sends dead letters but no results to Kafka; `clients` replaces some of its
   * clients.
   */
  resultSink(options: {
    owner: Ownership
    model?: string
    clients?: Partial<SinkClients>
  }): ReturnType<typeof createResultSink>
  close(): Promise<void>
}

/** Opens backends with clients; the caller closes them. */
export async function openSinkBackends(stack: StackConnections): Promise<SinkBackends> {
  const backends = await openBackends(stack)
  const { analytics, config, kafka } = backends
  const producer = await openProducer(kafka)
  const schemas = await openSchemas(config.registry, config.topics.prefix)
  const clients = { analytics, producer, schemas }
  const topics = { deadLetters: topicOf(config.topics, 'dead-letters'), classified: undefined }
  return {
    backends,
    clients,
    resultSink: ({ owner, model = 'mail', clients: replaced }) =>
      createResultSink({ ...clients, ...replaced }, { models: [model], topics, owner }),
    async close() {
      await producer.close()
      await backends.close()
    },
  }
}
