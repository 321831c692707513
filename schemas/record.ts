// A Kafka record as the stages see it, free of any client library's types.

/** One consumed record. Offsets are safe integers (a partition never reaches 2^53). */
export type KafkaRecord = {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Broker record time, epoch milliseconds. */
  readonly recordTimeMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** W3C trace context, when the producer sent one. */
  readonly traceparent: string | undefined
}

/** A run of records of one partition, in offset order. */
export type RecordChunk = {
  readonly topic: string
  readonly partition: number
  readonly records: readonly KafkaRecord[]
  /** Offset after the last record of the chunk, control records included. */
  readonly nextOffset: number
  /** Offset after the last record of the partition when the chunk was fetched. */
  readonly highWatermark: number
}

/** One record to be produced. Without a partition, the key's hash decides. */
export type OutgoingRecord = {
  readonly key: Buffer | string | null
  readonly value: Buffer | string | null
  readonly partition?: number
  readonly timestampMs?: number
  readonly traceparent?: string | undefined
}

/** The next offset to consume of one partition. */
export type PartitionOffset = { topic: string; partition: number; offset: number }
