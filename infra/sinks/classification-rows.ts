// How records become ClickHouse rows: column lists and the values in their order.
import { isUtf8 } from 'node:buffer'
import type { Classification } from '../../schemas/classification.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { Origin } from '../../schemas/validated.ts'

/** Columns of `classifications` that the sink writes; total_ms is the engine's own default. */
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
  'queue_ms',
  'infer_ms',
  'attempt',
] as const satisfies readonly [string, ...string[]]

/**
 * The row of one classification, `attempt` times sent again. Times are sent as seconds with
 * milliseconds, in UTC.
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
 * The row of one dead letter. Bytes that are not UTF-8 are shown as U+FFFD, and kept in base64
 * beside.
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

/** Empty where the bytes can be had back from the text that they are shown as, without doubt. */
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

/** Columns of a label from its own topic. */
export const eventLabelColumns = [
  ...labelColumns,
  'topic',
  'partition',
  'offset',
  'record_time',
] as const satisfies readonly [string, ...string[]]

/** The row of a label from its own topic; an empty label takes back what the person said before. */
export function eventLabelRow(
  one: { eventId: string; label: string | null; by: string; timeMs: number },
  { topic, partition, offset, recordTimeMs }: Origin,
): unknown[] {
  const origin = [topic, partition, offset, seconds(recordTimeMs)]
  return [one.eventId, one.label ?? '', seconds(one.timeMs), one.by, ...origin]
}

/**
 * Epoch milliseconds as the decimal seconds that DateTime64(3) reads, which it takes for a date
 * where they have fewer than ten digits before the point.
 */
export function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3).padStart(14, '0')
}
