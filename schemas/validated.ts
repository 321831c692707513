// The cleaned, checked event on winnow.validated, and the origin that every later record keeps.
import type { AvroRecord, AvroType } from './avro-type.ts'

/** Where an event entered: the identity that result rows and dead letters are keyed by. */
export type Origin = { topic: string; partition: number; offset: number; recordTimeMs: number }

export const originFields = [
  { name: 'topic', type: 'string', doc: 'The topic on which the event entered.' },
  { name: 'partition', type: 'int', doc: 'Its partition there.' },
  { name: 'offset', type: 'long', doc: 'Its offset there.' },
  { name: 'recordTimeMs', type: 'long', doc: 'The broker record time, epoch milliseconds.' },
] as const

const eventFields = [
  { name: 'id', type: 'string', doc: 'The event id; topic/partition/offset when none was given.' },
  { name: 'text', type: 'string', doc: 'The cleaned text.' },
  { name: 'source', type: 'string', doc: 'Where the text came from; empty when unknown.' },
  { name: 'eventTimeMs', type: 'long', doc: 'When it happened, epoch milliseconds.' },
  { name: 'attributes', type: { type: 'map', values: 'string' }, doc: 'Free key-value pairs.' },
  {
    name: 'knownLabel',
    type: ['null', 'string'],
    default: null,
    doc: 'The true label when the producer knew it.',
  },
] as const

/** Avro schema of one record on winnow.validated. */
export const validatedAvro = {
  type: 'record',
  name: 'Validated',
  namespace: 'winnow',
  doc: 'An event that passed validation, with its text cleaned.',
  fields: [...originFields, ...eventFields],
} as const satisfies AvroRecord

/** One validated event. */
export type Validated = AvroType<typeof validatedAvro>

/** Avro schema of one record on winnow.tokenized. */
export const tokenizedAvro = {
  type: 'record',
  name: 'Tokenized',
  namespace: 'winnow',
  doc: 'A validated event with its token ids, bound to one tokenizer.',
  fields: [
    ...originFields,
    ...eventFields,
    {
      name: 'tokenizerSha256',
      type: 'string',
      doc: 'Hash of the tokenizer.json that made the ids.',
    },
    { name: 'maxTokens', type: 'int', doc: 'The truncation limit that was applied.' },
    { name: 'ids', type: { type: 'array', items: 'int' }, doc: 'Token ids with special tokens.' },
    { name: 'truncated', type: 'boolean', doc: 'Whether the text had more tokens than maxTokens.' },
  ],
} as const satisfies AvroRecord

/** One tokenized event. */
export type Tokenized = AvroType<typeof tokenizedAvro>
