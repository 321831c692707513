// How records become ClickHouse rows: column lists and the values in their order.
import type { Classification } from '../schemas/classification.ts'
import type { DeadLetter } from '../schemas/dead-letter.ts'
import type { KafkaRecord } from '../schemas/record.ts'

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
] as const satisfies readonly [string, ...string[]]

/** The row of one classification. Times are sent as seconds with milliseconds, in UTC. */
export function classificationRow(one: Classification): unknown[] {
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
] as const satisfies readonly [string, ...string[]]

/** The row of one dead letter. Bytes that are not UTF-8 are shown as U+FFFD; Kafka keeps them. */
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
  ]
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
  { topic, partition, offset, recordTimeMs }: KafkaRecord,
): unknown[] {
  const origin = [topic, partition, offset, seconds(recordTimeMs)]
  return [one.eventId, one.label ?? '', seconds(one.timeMs), one.by, ...origin]
}

/** Epoch milliseconds as the decimal seconds that DateTime64(3) reads. */
export function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3)
}
