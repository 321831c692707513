// The result of one event by one model version: the record on winnow.classified. The ClickHouse row
// is made from it in infra/sinks/classification-rows.ts.
import type { AvroRecord, AvroType } from './avro-type.ts'
import { originFields } from './validated.ts'

/**
 * The label of a text that fits none of a model's labels, if abstaining is on. No model may use it
 * as a label of its own.
 */
export const noneLabel = 'winnow.none'

/** The model of a cascade that gave an answer; empty for a version that is no cascade. */
export const answerers = ['small', 'full', ''] as const
export type AnsweredBy = (typeof answerers)[number]

/** Avro schema of one record on winnow.classified. */
export const classificationAvro = {
  type: 'record',
  name: 'Classification',
  namespace: 'winnow',
  doc: 'One event classified by one model version.',
  fields: [
    ...originFields,
    { name: 'eventId', type: 'string', doc: 'The event id.' },
    { name: 'eventTimeMs', type: 'long', doc: 'When it happened, epoch milliseconds.' },
    { name: 'classifiedAtMs', type: 'long', doc: 'When it was classified, epoch milliseconds.' },
    { name: 'source', type: 'string', doc: 'Where the text came from; empty when unknown.' },
    { name: 'attributes', type: { type: 'map', values: 'string' }, doc: 'Free key-value pairs.' },
    { name: 'text', type: 'string', doc: 'The cleaned text.' },
    {
      name: 'knownLabel',
      type: ['null', 'string'],
      default: null,
      doc: 'The true label, if known.',
    },
    {
      name: 'label',
      type: 'string',
      doc: 'The predicted label; winnow.none for a text out of scope, where abstaining is on.',
    },
    { name: 'score', type: 'float', doc: 'The probability of the most probable label.' },
    {
      name: 'labels',
      type: { type: 'array', items: 'string' },
      default: [],
      doc: 'All labels that apply, in the order of the model; empty with winnow.none.',
    },
    {
      name: 'outOfScope',
      type: ['null', 'float'],
      default: null,
      doc: 'How far the text is from what the model knows, 0 to 1; null before the field.',
    },
    {
      name: 'probabilities',
      type: { type: 'map', values: 'float' },
      doc: 'The most probable labels with their probabilities.',
    },
    { name: 'model', type: 'string', doc: 'The model name.' },
    { name: 'version', type: 'string', doc: 'The model version.' },
    {
      name: 'role',
      type: { type: 'enum', name: 'Role', symbols: ['champion', 'challenger', 'shadow'] },
      doc: 'The part that the version played.',
    },
    { name: 'tokens', type: 'int', doc: 'Token count after truncation.' },
    {
      name: 'truncated',
      type: 'boolean',
      doc: 'Whether the text was longer than the model reads.',
    },
    {
      name: 'answeredBy',
      type: 'string',
      default: '',
      doc: 'The model of a cascade that answered, small or full; empty for other versions.',
    },
    { name: 'queueMs', type: 'float', doc: 'Milliseconds spent waiting for a batch.' },
    { name: 'inferMs', type: 'float', doc: 'Milliseconds that the batch ran.' },
    {
      name: 'totalMs',
      type: 'float',
      doc: 'Milliseconds from broker record time to classification.',
    },
  ],
} as const satisfies AvroRecord

/** One classification. */
export type Classification = AvroType<typeof classificationAvro>
