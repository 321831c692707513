// A rejected event on winnow.dead-letters: why, where it came from, and the bytes that arrived.
import type { AvroRecord, AvroType } from './avro-type.ts'
import { originFields } from './validated.ts'

/** Bytes of a payload that a dead letter keeps; the whole payload can be read from its origin. */
export const payloadBytesMax = 65_536

/** Avro schema of one record on winnow.dead-letters. */
export const deadLetterAvro = {
  type: 'record',
  name: 'DeadLetter',
  namespace: 'winnow',
  doc: 'An event that could not be classified.',
  fields: [
    ...originFields,
    { name: 'code', type: 'string', doc: 'A stable error code.' },
    { name: 'message', type: 'string', doc: 'What was wrong, in a sentence.' },
    { name: 'stage', type: 'string', doc: 'The stage that rejected it.' },
    { name: 'rejectedAtMs', type: 'long', doc: 'When it was rejected, epoch milliseconds.' },
    { name: 'key', type: ['null', 'bytes'], default: null, doc: 'The record key.' },
    { name: 'payload', type: ['null', 'bytes'], doc: 'The value as it arrived, cut to 64 KiB.' },
    { name: 'payloadBytes', type: 'long', doc: 'The length of the value before cutting.' },
    {
      name: 'payloadTopic',
      type: 'string',
      default: '',
      doc: 'The topic of the value, where it is not the one on which the event entered.',
    },
    {
      name: 'model',
      type: 'string',
      default: '',
      doc: 'The model whose consumer rejected it; empty for a stage that serves every model.',
    },
    {
      name: 'attempt',
      type: 'int',
      default: 0,
      doc: 'How many times the event had been sent again when it was rejected.',
    },
  ],
} as const satisfies AvroRecord

/** One dead letter. */
export type DeadLetter = AvroType<typeof deadLetterAvro>

/** The identity of a dead letter: `topic/partition/offset` of the event that it stands for. */
export function deadLetterId(letter: Pick<DeadLetter, 'topic' | 'partition' | 'offset'>): string {
  return `${letter.topic}/${letter.partition}/${letter.offset}`
}
