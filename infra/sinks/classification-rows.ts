// Converts records to ClickHouse rows: column lists, with the values in the same order.
import { isUtf8 } from 'node:buffer'
import type { Classification } from '../../schemas/classification.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { Origin } from '../../schemas/validated.ts'

/**
 * The columns of `classifications` that the sink writes; ClickHouse computes total_ms as a default.
 */
export const classificationColumns = [
  'event_id',
  'topic',
  'partition',
  'offset',
  'record_time',
  'event_time',
  'classified_at',
  'source',
  'attributes',
  'text',
  'label',
  'score',
  'labels',
  'out_of_scope',
  'probabilities',
  'model',
  'version',
  'role',
  'tokens',
  'truncated',
  'answered_by',
  'queue_ms',
  'infer_ms',
  'attempt',
] as const satisfies readonly [string, ...string[]]

/**
 * The row of one classification; `attempt` counts how often the event was replayed. Times are
 * seconds with milliseconds, in UTC.
 */
export function classificationRow(one: Classification, attempt = 0): unknown[] {
  return [
    one.eventId,
    one.topic,
    one.partition,
    one.offset,
    seconds(one.recordTimeMs),
    seconds(one.eventTimeMs),
    seconds(one.classifiedAtMs),
    one.source,
    one.attributes,
    one.text,
    one.label,
    one.score,
    one.labels,
    one.outOfScope,
    one.probabilities,
    one.model,
    one.version,
    one.role,
    one.tokens,
    one.truncated,
    one.answeredBy,
    one.queueMs,
    one.inferMs,
    attempt,
  ]
}

export const deadLetterColumns = [
  'code',
  'message',
  'stage',
  'topic',
  'partition',
  'offset',
  'record_time',
  'rejected_at',
  'key',
  'payload',
  'payload_bytes',
  'payload_base64',
  'payload_topic',
  'key_base64',
  'model',
  'attempt',
] as const satisfies readonly [string, ...string[]]

/**
 * The row of one dead letter. Bytes that are not UTF-8 are shown as U+FFFD and also kept in base64.
 */
export function deadLetterRow(letter: DeadLetter): unknown[] {
  return [
    letter.code,
    letter.message,
    letter.stage,
    letter.topic,
    letter.partition,
    letter.offset,
    seconds(letter.recordTimeMs),
    seconds(letter.rejectedAtMs),
    letter.key?.toString('utf8') ?? '',
    letter.payload?.toString('utf8') ?? '',
    letter.payloadBytes,
    base64UnlessText(letter.payload),
    letter.payloadTopic,
    base64UnlessText(letter.key),
    letter.model,
    letter.attempt,
  ]
}

/** Empty if the bytes can be recovered exactly from the text that shows them. */
function base64UnlessText(bytes: Buffer | null): string {
  const isText = bytes === null || (isUtf8(bytes) && !bytes.includes('\ufffd'))
  return isText ? '' : bytes.toString('base64')
}

export const labelColumns = [
  'event_id',
  'label',
  'labelled_at',
  'labelled_by',
] as const satisfies readonly [string, ...string[]]

/** The row of a label that came with its event. */
export function knownLabelRow(one: Classification): unknown[] {
  return [one.eventId, one.knownLabel, seconds(one.eventTimeMs), 'producer']
}

/** The columns of a label from the labels topic. */
export const eventLabelColumns = [
  ...labelColumns,
  'topic',
  'partition',
  'offset',
  'record_time',
] as const satisfies readonly [string, ...string[]]

/**
 * The row of a label from the labels topic. An empty label withdraws what the person said before.
 */
export function eventLabelRow(
  one: { eventId: string; label: string | null; by: string; timeMs: number },
  { topic, partition, offset, recordTimeMs }: Origin,
): unknown[] {
  const origin = [topic, partition, offset, seconds(recordTimeMs)]
  return [one.eventId, one.label ?? '', seconds(one.timeMs), one.by, ...origin]
}

/**
 * Converts epoch milliseconds to the decimal seconds that DateTime64(3) parses. ClickHouse takes
 * fewer than ten digits before the point for a date, so shorter numbers are padded.
 */
export function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3).padStart(14, '0')
}
