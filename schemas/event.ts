// The text event on winnow.events: its Avro schema, the record type derived from it, and the
// validator of the JSON form that people produce by hand. Limits live in configs, not here.
import { z } from 'zod'
import type { AvroRecord, AvroType } from './avro-type.ts'

/** Avro schema of one event on winnow.events. */
export const eventAvro = {
  type: 'record',
  name: 'Event',
  namespace: 'winnow',
  doc: 'A text to be classified.',
  fields: [
    {
      name: 'id',
      type: ['null', 'string'],
      default: null,
      doc: 'Chosen by the producer; topic/partition/offset when absent.',
    },
    { name: 'text', type: 'string', doc: 'The text to classify.' },
    {
      name: 'source',
      type: ['null', 'string'],
      default: null,
      doc: 'Where the text came from, such as "support-mail".',
    },
    {
      name: 'time',
      type: ['null', 'long', 'string'],
      default: null,
      doc: 'When it happened: epoch milliseconds or RFC 3339; the record time when absent.',
    },
    {
      name: 'attributes',
      type: { type: 'map', values: 'string' },
      default: {},
      doc: 'Free key-value pairs that travel with the event into ClickHouse.',
    },
    {
      name: 'label',
      type: ['null', 'string'],
      default: null,
      doc: 'The true label when it is already known.',
    },
  ],
} as const satisfies AvroRecord

/** One event as Avro decodes it. */
export type EventRecord = AvroType<typeof eventAvro>

/** One event as a person writes it in JSON: everything but `text` may be left out. */
export const eventJson = z.strictObject({
  id: z.string().min(1).max(256).nullish(),
  text: z.string(),
  source: z.string().min(1).max(256).nullish(),
  time: z.union([z.number(), z.string()]).nullish(),
  attributes: z.record(z.string().max(256), z.string().max(4096)).nullish(),
  label: z.string().min(1).max(256).nullish(),
})

/** The JSON form of an event, before validation. */
export type EventInput = z.input<typeof eventJson>
