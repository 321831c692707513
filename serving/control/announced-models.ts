// Reads the models' states from winnow.models, for callers that also work without Kafka. If Kafka
// does not answer within seconds, they use the copy in the model store.
import type { Config } from '../../configs/schema.ts'
import { createKafka, pingBroker } from '../../infra/kafka/kafka.ts'
import {
  createModelAnnouncements,
  type ModelStates,
} from '../../infra/sinks/model-announcements.ts'
import { hasRegistry, openSchemas, pingRegistry } from '../../infra/schema-registry/registry.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { errorMessage } from '../../schemas/errors.ts'

/** The states of all models, or why they cannot be read. */
export type Announced =
  | { readonly kind: 'read'; readonly states: ModelStates }
  | { readonly kind: 'unread'; readonly because: string }

const connectMsMax = 2_000
const requestMsMax = 5_000

/** Reads the states. An unreachable broker or registry costs about two seconds. */
export async function readAnnounced(config: Config): Promise<Announced> {
  const kafka = createKafka({
    topics: config.topics,
    kafka: {
      ...config.kafka,
      connectMsMax: Math.min(connectMsMax, config.kafka.connectMsMax),
      requestMsMax: Math.min(requestMsMax, config.kafka.requestMsMax),
    },
  })
  try {
    await pingBroker(kafka)
    if (hasRegistry(config.registry)) await pingRegistry(config.registry)
    const schemas = await openSchemas(config.registry, config.topics.prefix)
    const topic = topicOf(config.topics, 'models')
    return {
      kind: 'read',
      states: await createModelAnnouncements({ kafka, schemas }, topic).states(),
    }
  } catch (error) {
    return { kind: 'unread', because: errorMessage(error) }
  }
}

/** The message for people if the states cannot be read. */
export function unreadText({ because }: Extract<Announced, { kind: 'unread' }>): string {
  return `winnow.models cannot be read (${because}); the roles shown are the last that this store knows of`
}
