// What the topics still hold of the events to forget: their texts, cleaned and as they came, their
// ids, and where the records are. Rows may hold no text, and training reads topics, so files are
// searched for these texts as well.
import type { Config } from '../../configs/schema.ts'
import { topicCopies, type TopicCopies } from '../../infra/erasure/topic-copies.ts'
import { createKafka, type KafkaClient } from '../../infra/kafka/kafka.ts'
import { readBounds, readRecordsAt } from '../../infra/kafka/record-lookup.ts'
import { openSchemas, type Schemas } from '../../infra/schema-registry/registry.ts'
import { cleanText } from '../../models/cleaning/clean-text.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { storedIds } from '../../schemas/hashed-id.ts'
import type { Origin } from '../../schemas/validated.ts'
import type { EncodedRecord } from '../../schemas/ports/record-decoder.ts'
import { cleaningOf, eventReader } from '../inputs/entering-inputs.ts'
import type { StoredEvents } from './forget-rows.ts'

/** The texts and ids of events from all that is known of them. */
export type EventCopies = {
  /** The ids as they came, and as they are stored. */
  readonly ids: readonly string[]
  readonly texts: readonly string[]
  /** Null if Kafka or the registry did not answer. */
  readonly topics: readonly TopicCopies[] | null
}

/** Adds to what the tables hold of events what the topics hold; `note` takes a line for people. */
export async function readCopies(
  stored: StoredEvents,
  { config, note }: { config: Config; note: (line: string) => void },
): Promise<EventCopies> {
  const found = new FoundCopies(stored, config)
  if (stored.origins.length + stored.labelOrigins.length === 0) return found.with([])
  try {
    const kafka = createKafka(config)
    const schemas = await openSchemas(config.registry, config.topics.prefix)
    const origins = [...stored.origins, ...stored.labelOrigins]
    const topics = await topicCopies(kafka, { origins, config })
    for (const { origin, payload } of stored.letters) {
      // A dead letter keeps no headers, and its key is not always as it came.
      await found.add(origin.topic, { key: null, value: payload }, schemas)
    }
    await readRecords({ kafka, schemas }, { origins: stored.origins, found })
    return found.with(topics)
  } catch (error) {
    if (!(error instanceof WinnowError)) throw error
    note(`the topics were not searched: ${error.message}`)
    return found.with(null)
  }
}

/** Reads the records of events that their topics still hold. */
async function readRecords(
  { kafka, schemas }: { kafka: KafkaClient; schemas: Schemas },
  { origins, found }: { origins: readonly Origin[]; found: FoundCopies },
): Promise<void> {
  for (const [topic, places] of Map.groupBy(origins, (origin) => origin.topic)) {
    const bounds = await readBounds(kafka, topic)
    const held = places.filter(({ partition, offset }) => {
      const { low, high } = bounds.get(partition) ?? { low: 0, high: 0 }
      return low <= offset && offset < high
    })
    const take = (record: EncodedRecord) => found.add(topic, record, schemas)
    await readRecordsAt(kafka, { topic, places: held, take })
  }
}

/** Collects texts and ids. */
class FoundCopies {
  readonly #config: Config
  readonly #ids: Set<string>
  readonly #texts: Set<string>
  readonly #readers = new Map<string, ReturnType<typeof eventReader>>()

  constructor({ ids, texts }: StoredEvents, config: Config) {
    this.#config = config
    this.#ids = new Set(ids)
    this.#texts = new Set(texts)
  }

  /** Adds the event of a record, if it is one: of an input by its mapping. */
  async add(topic: string, record: EncodedRecord, schemas: Schemas): Promise<void> {
    const event = await this.#readerOf(topic, schemas)(record)
    if (event.kind !== 'ok') return
    const { id, text } = event.value
    if (id !== null) this.#ids.add(id)
    this.#texts.add(text)
    this.#texts.add(cleanText(text, cleaningOf(this.#config, topic).steps))
  }

  #readerOf(topic: string, schemas: Schemas): ReturnType<typeof eventReader> {
    const known = this.#readers.get(topic)
    if (known !== undefined) return known
    const readAvro = (avro: Buffer) => schemas.decode('events', avro)
    const reader = eventReader(this.#config, { topic, readAvro })
    this.#readers.set(topic, reader)
    return reader
  }

  with(topics: EventCopies['topics']): EventCopies {
    const ids = [...this.#ids]
    const stored = ids.map(storedIds(this.#config.retention))
    return { ids: [...new Set([...ids, ...stored])], texts: [...this.#texts], topics }
  }
}
