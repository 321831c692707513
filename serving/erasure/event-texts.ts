// The texts of events as their topics still have them, cleaned and as they came. Rows may hold no
// text, and training reads a topic, so files are searched for these as well.
import type { Config } from '../../configs/schema.ts'
import type { KafkaClient } from '../../infra/kafka/kafka.ts'
import { readBounds, readRecordsAt } from '../../infra/kafka/record-lookup.ts'
import type { Schemas } from '../../infra/schema-registry/registry.ts'
import { cleanText } from '../../models/cleaning/clean-text.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
import type { Origin } from '../../schemas/validated.ts'
import { decodeEvent } from '../../streams/stages/decode-event.ts'

/** What the records of events say. */
export type EventTexts = { readonly ids: readonly string[]; readonly texts: readonly string[] }

/**
 * Reads the records of events that their topics still hold. Throws broker_unavailable,
 * broker_refused, registry_unavailable, deadline_exceeded.
 */
export async function readEventTexts(
  clients: { kafka: KafkaClient; schemas: Schemas },
  { origins, config }: { origins: readonly Origin[]; config: Config },
): Promise<EventTexts> {
  const ids = new Set<string>()
  const texts = new Set<string>()
  for (const [topic, places] of Map.groupBy(origins, (origin) => origin.topic)) {
    const bounds = await readBounds(clients.kafka, topic)
    const held = places.filter(({ partition, offset }) => {
      const { low, high } = bounds.get(partition) ?? { low: 0, high: 0 }
      return low <= offset && offset < high
    })
    await readRecordsAt(clients.kafka, {
      topic,
      places: held,
      take: async ({ value }: KafkaRecord) => {
        for (const { id, text } of await eventsIn(value, clients.schemas)) {
          if (id !== null) ids.add(id)
          texts.add(text)
          texts.add(cleanText(text, config.cleaning.steps))
        }
      },
    })
  }
  return { ids: [...ids], texts: [...texts] }
}

/** The event in a value; none where it is no event. */
export async function eventsIn(
  value: Buffer | null,
  schemas: Schemas,
): Promise<{ id: string | null; text: string }[]> {
  const event = await decodeEvent(value, (avro) => schemas.decode('events', avro))
  return event.kind === 'ok' ? [event.value] : []
}
