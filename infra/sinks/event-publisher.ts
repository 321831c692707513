// Publishes events to the events topic as Avro, keyed by id so that events with the same id share a
// partition.
import type { EventRecord } from '../../schemas/event.ts'
import type { RecordProducer } from '../kafka/kafka.ts'
import type { Schemas } from '../schema-registry/registry.ts'

/** An event to publish; absent fields are null in Avro. */
export type EventToPublish = {
  readonly id?: string | null | undefined
  readonly text: string
  readonly source?: string | null | undefined
  readonly time?: number | string | null | undefined
  readonly attributes?: Readonly<Record<string, string>> | null | undefined
  readonly label?: string | null | undefined
}

/** Maps many items in short turns, so that other work can use the thread in between. */
export type MapInTurns = <T, R>(items: readonly T[], map: (item: T) => R) => Promise<R[]>

/** Maps all items at once, for callers that have the thread to themselves. */
export const mapAtOnce: MapInTurns = (items, map) => Promise.resolve(items.map((item) => map(item)))

/** Creates a publisher on an open producer; the caller closes the producer. */
export function createEventPublisher(
  clients: { producer: RecordProducer; schemas: Schemas; inTurns?: MapInTurns },
  topic: string,
) {
  const inTurns = clients.inTurns ?? mapAtOnce
  return {
    /** Resolves when the broker has all events. Throws broker_unavailable or broker_refused. */
    async publish(
      events: readonly EventToPublish[],
      options: { readonly traceparent?: string | undefined } = {},
    ): Promise<void> {
      const records = await inTurns(events, (event) => ({
        key: event.id ?? null,
        value: clients.schemas.encode('events', eventRecord(event)),
        traceparent: options.traceparent,
      }))
      await clients.producer.send(topic, records)
    },
  }
}

function eventRecord(event: EventToPublish): EventRecord {
  return {
    id: event.id ?? null,
    text: event.text,
    source: event.source ?? null,
    time: event.time ?? null,
    attributes: { ...event.attributes },
    label: event.label ?? null,
  }
}
