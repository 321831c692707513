// The human label on winnow.labels: its Avro schema, the record type derived from it, and the
// validator of the JSON form that people produce by hand. Which of several labels counts is decided
// where they are joined: in the trainers' sources and the view event_labels.
import { z } from 'zod'
import type { AvroRecord, AvroType } from './avro-type.ts'
import { characters } from './characters.ts'
import { instantNumber, instantText } from './rfc3339.ts'

/** Avro schema of one label on winnow.labels; the key is the event's id. */
export const labelAvro = {
  type: 'record',
  name: 'Label',
  namespace: 'winnow',
  doc: 'What a person says that an event is.',
  fields: [
    { name: 'id', type: 'string', doc: 'The id of the event.' },
    {
      name: 'label',
      type: ['null', 'string'],
      default: null,
      doc: 'The true label; null takes back what this person said before.',
    },
    {
      name: 'by',
      type: ['null', 'string'],
      default: null,
      doc: 'Who says so.',
    },
    {
      name: 'time',
      type: ['null', 'long', 'string'],
      default: null,
      doc: 'When it was said: epoch milliseconds or RFC 3339; the record time when absent.',
    },
  ],
} as const satisfies AvroRecord

/** One label as Avro decodes it. */
export type LabelRecord = AvroType<typeof labelAvro>

/** One label as people write it in JSON. `label` is required; null withdraws a label. */
export const labelJson = z.strictObject({
  id: characters(1, 256),
  label: characters(1, 256).nullable(),
  by: characters(1, 256).nullish(),
  time: z.union([instantNumber, instantText]).nullish(),
})
