// Where the stream's outputs go: a store that can tell what it has, and in which a fence keeps
// earlier writers out. ClickHouse's is infra/sinks/result-sink.ts, Kafka's
// infra/sinks/topic-sink.ts.
import type { DeadLetter } from '../dead-letter.ts'
import type { Fence } from '../fence.ts'
import type { KafkaRecord, Lineage } from '../record.ts'
import type { Origin } from '../validated.ts'

/** What is written together. */
export type Block<Output> = {
  /**
   * The same for the same content; it identifies a write that is repeated under one fence.
   */
  readonly token: string
  readonly outputs: readonly BlockOutput<Output>[]
  readonly deadLetters: readonly DeadLetter[]
  /** The records of dead letters, which keep no headers and only the beginning of a long value. */
  readonly records?: ReadonlyMap<DeadLetter, KafkaRecord> | undefined
  /** Where events entered that the filter of their input leaves out; each is only noted. */
  readonly filtered?: readonly (Origin & ModelOfOutcome)[] | undefined
}

/** Which model an outcome is about, where several classify each event. */
export type ModelOfOutcome = { readonly model?: string | undefined }

/** A value to store, with its record and lineage. */
export type BlockOutput<Output> = Lineage &
  ModelOfOutcome & { readonly record: KafkaRecord; readonly value: Output }

/** Offsets of one origin partition that are stored, with their record times. */
export type StoredPage = {
  readonly recordTimeMsByOffset: ReadonlyMap<number, number>
  /** All stored offsets up to this one are in the map; Infinity when there are no more. */
  readonly through: number
}

/** What a sink tells of what it has. */
export type StoredReads = {
  /**
   * Completes notes about rows that a writer under an earlier fence left out when it ended. Call it
   * once per origin partition after a fence, before the first `storedFrom`.
   */
  recover(topic: string, partition: number): Promise<void>
  /** What is stored of an origin partition from an offset on, a page at a time. */
  storedFrom(topic: string, partition: number, fromOffset: number): Promise<StoredPage>
  /**
   * What is stored of events of one partition, in their order: the attempt of the last dead letter,
   * Infinity for a result, -1 for nothing.
   */
  storedAttempts(
    topic: string,
    partition: number,
    origins: readonly Origin[],
  ): Promise<readonly number[]>
}

export type Sink<Output> = StoredReads & {
  /**
   * What is stored of the outcomes for one model; needed where several classify each event. The
   * reads of the sink itself are those of its only model, or of a sink without models.
   */
  readonly ofModel?: ((model: string) => StoredReads) | undefined
  /**
   * Makes the caller the only writer of outcomes for these partitions. Once it
   * resolves, no write under an earlier fence can land, so `storedFrom` tells everything. `after`
   * is the caller's own earlier fence of the same partitions: with it, this throws fenced if
   * somebody else has raised one since.
   */
  fence(partitions: readonly number[], after?: Fence): Promise<Fence>
  /**
   * Resolves when outputs and dead letters are durable. When it fails, all, some or none of them
   * are stored: raise another fence to find out. Throws fenced, and stores nothing, if another
   * fence was raised.
   */
  write(block: Block<Output>, fence: Fence): Promise<void>
}
