// Records with made-up but valid content, for tests that check a few of their fields.
import type { Classification } from '../../schemas/classification.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import { lineageOf, type KafkaRecord } from '../../schemas/record.ts'
import type { BlockOutput } from '../../schemas/ports/sink.ts'

/** The time of sample records: 2026-01-01 00:00 UTC, in epoch milliseconds. */
export const sampleTimeMs = Date.UTC(2026, 0, 1)

/** One classification; `fields` overrides what a test needs. */
export function sampleClassification(fields: Partial<Classification> = {}): Classification {
  const offset = fields.offset ?? 0
  return {
    topic: 'sample.events',
    partition: 0,
    offset,
    recordTimeMs: sampleTimeMs + offset,
    eventId: `event-${offset}`,
    eventTimeMs: sampleTimeMs,
    classifiedAtMs: sampleTimeMs + 50 + offset,
    source: 'sample',
    attributes: { lang: 'en' },
    text: `text ${offset}`,
    knownLabel: null,
    label: 'ham',
    score: 0.75,
    labels: ['ham'],
    outOfScope: 0.25,
    probabilities: { ham: 0.75, spam: 0.25 },
    model: 'mail',
    version: '1',
    role: 'champion',
    tokens: 4,
    truncated: false,
    answeredBy: '',
    queueMs: 1.5,
    inferMs: 2.5,
    totalMs: 50,
    ...fields,
  }
}

/** One dead letter; `fields` overrides what a test needs. */
export function sampleDeadLetter(fields: Partial<DeadLetter> = {}): DeadLetter {
  const offset = fields.offset ?? 0
  return {
    topic: 'sample.events',
    partition: 0,
    offset,
    recordTimeMs: sampleTimeMs + offset,
    code: 'text_empty',
    message: 'no text is left after cleaning',
    stage: 'validate',
    rejectedAtMs: sampleTimeMs + 50,
    key: null,
    payload: Buffer.from('{"text":""}'),
    payloadBytes: 11,
    payloadTopic: '',
    model: '',
    attempt: 0,
    ...fields,
  }
}

/** One record of the topic `t`; `fields` overrides what a test needs. */
export function sampleRecord(offset: number, fields: Partial<KafkaRecord> = {}): KafkaRecord {
  return {
    topic: 't',
    partition: 0,
    offset,
    recordTimeMs: 1_000 + offset,
    key: null,
    value: Buffer.from(`text ${offset}`),
    traceparent: undefined,
    ...fields,
  }
}

/** The record that a classification came from. */
export function recordOf(one: Classification): KafkaRecord {
  const { topic, partition, offset, recordTimeMs } = one
  const [key, value] = [Buffer.from(one.eventId), Buffer.from(one.text)]
  return sampleRecord(offset, { topic, partition, recordTimeMs, key, value })
}

/** What became of a record, as an output of a block. */
export function outputFrom<Value>(record: KafkaRecord, value: Value): BlockOutput<Value> {
  return { record, ...lineageOf(record), value }
}

/** A classification as an output of a block. */
export function outputOf(value: Classification, attempt = 0): BlockOutput<Classification> {
  return { ...outputFrom(recordOf(value), value), attempt }
}
