// Publishes labels to the labels topic as Avro, keyed by event id so that the labels of one event
// keep their order.
import { mapAtOnce, type MapInTurns } from './event-publisher.ts'
import type { StoredId } from '../../schemas/hashed-id.ts'
import type { RecordProducer } from '../kafka/kafka.ts'
import type { Schemas } from '../schema-registry/registry.ts'

/** A label to publish; absent fields are null in Avro. */
export type LabelToPublish = {
  readonly id: string
  readonly label: string | null
  readonly by?: string | null | undefined
  readonly time?: number | string | null | undefined
}

/** Creates a publisher on an open producer; the caller closes the producer. */
export function createLabelPublisher(
  clients: {
    producer: RecordProducer
    schemas: Schemas
    inTurns?: MapInTurns
    /** Makes the id that the topic has; as it came when absent. */
    storedId?: StoredId
  },
  topic: string,
) {
  const inTurns = clients.inTurns ?? mapAtOnce
  const idOf = clients.storedId ?? ((id: string) => id)
  return {
    /** Resolves when the broker has all labels. Throws broker_unavailable or broker_refused. */
    async publish(
      labels: readonly LabelToPublish[],
      options: { readonly traceparent?: string | undefined } = {},
    ): Promise<void> {
      const records = await inTurns(labels, ({ id, label, by = null, time = null }) => ({
        key: idOf(id),
        value: clients.schemas.encode('labels', { id: idOf(id), label, by, time }),
        traceparent: options.traceparent,
      }))
      await clients.producer.send(topic, records)
    },
  }
}
