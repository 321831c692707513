// Puts events on the events topic as Avro, keyed by id so that events with one id share a partition.
import type { EventRecord } from '../schemas/event.ts'
import type { RecordProducer } from './kafka.ts'
import type { Schemas } from './registry.ts'

/** An event to publish; absent fields are null in Avro. */
export type EventToPublish = {
  readonly id?: string | null | undefined
  readonly text: string
  readonly source?: string | null | undefined
  readonly time?: number | string | null | undefined
  readonly attributes?: Readonly<Record<string, string>> | null | undefined
  readonly label?: string | null | undefined
}

/** Makes a publisher on an open producer; it closes nothing. */
export function createEventPublisher(
  clients: { producer: RecordProducer; schemas: Schemas },
  topic: string,
) {
  return {
    /** Resolves when the broker has all events. Throws broker_unavailable or broker_refused. */
    async publish(
      events: readonly EventToPublish[],
      options: { readonly traceparent?: string | undefined } = {},
    ): Promise<void> {
      await clients.producer.send(
        topic,
        events.map((event) => ({
          key: event.id ?? null,
          value: clients.schemas.encode('events', eventRecord(event)),
          traceparent: options.traceparent,
        })),
      )
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
