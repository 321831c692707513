// A Kafka record as the stages see it, without types of a client library, and its lineage: which
// earlier record it stands for.
import type { EventError } from './errors.ts'
import { wholeNumber } from './exact-json.ts'
import type { Origin } from './validated.ts'

/**
 * Which event a record stands for, if it is a dead letter sent again or the output of a stage.
 * Travels in the record headers winnow-origin and winnow-attempt.
 */
export type Lineage = {
  /** Where the event first entered. */
  readonly origin: Origin
  /** How many times it was sent again; 0 is the event itself. */
  readonly attempt: number
}

/** Where an event entered, without its record time. */
export type EventPlace = {
  readonly topic: string
  readonly partition: number
  readonly offset: number | bigint
}

/** Parses `topic/partition/offset`, the id of a dead letter; undefined for anything else. */
export function parseEventPlace(text: string): EventPlace | undefined {
  const match = /^(.+)\/(\d{1,10})\/(\d{1,19})$/.exec(text)
  if (match === null) return undefined
  return { topic: match[1]!, partition: Number(match[2]), offset: wholeNumber(match[3]!) }
}

/** Headers as the Kafka client gives them; a repeated one has a list. */
export type RecordHeaders = Readonly<
  Record<string, Buffer | string | (Buffer | string)[] | undefined>
>

/** One consumed record. Offsets are safe integers (a partition never reaches 2^53). */
export type KafkaRecord = {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Broker record time, epoch milliseconds. */
  readonly recordTimeMs: number
  readonly key: Buffer | null
  /** As it arrived; a schema id from the headers is put in front of it. */
  readonly value: Buffer | null
  /** As they arrived; absent if the record has none. */
  readonly headers?: RecordHeaders | undefined
  /** W3C trace context, when the producer sent one. */
  readonly traceparent: string | undefined
  /** Why there is no value: the record, or the batch in which it came, cannot be read. */
  readonly unreadable?: EventError | undefined
  /** The event that the record stands for, from its headers; absent when it stands for itself. */
  readonly lineage?: Lineage | undefined
}

/**
 * Offsets of one partition that were read and hold no records, such as commit markers.
 */
export type PassedOffsets = {
  readonly topic: string
  readonly partition: number
  /** Offset after the last one, control records included. */
  readonly nextOffset: number
  /** Offset after the last record of the partition when it was fetched. */
  readonly highWatermark: number
}

/**
 * A run of records of one partition, in offset order, with the offsets without records behind them.
 */
export type RecordChunk = PassedOffsets & { readonly records: readonly KafkaRecord[] }

/** One record to be produced. Without a partition, the key's hash decides. */
export type OutgoingRecord = {
  readonly key: Buffer | string | null
  readonly value: Buffer | string | null
  readonly partition?: number
  readonly timestampMs?: number
  readonly headers?: RecordHeaders | undefined
  readonly traceparent?: string | undefined
  readonly lineage?: Lineage | undefined
}

/**
 * Where the event of a record on an input topic entered, and which attempt at it this is. Headers
 * count only if they name an earlier record of the same partition; only then one consumer writes
 * every outcome of an event.
 */
export function lineageOf(record: KafkaRecord): Lineage {
  const { topic, partition, offset, recordTimeMs, lineage } = record
  const { origin } = lineage ?? {}
  const counts = origin?.topic === topic && origin.partition === partition && origin.offset < offset
  return lineage !== undefined && counts && lineage.attempt > 0
    ? lineage
    : { origin: { topic, partition, offset, recordTimeMs }, attempt: 0 }
}

/** The next offset to consume of one partition. */
export type PartitionOffset = { topic: string; partition: number; offset: number }
