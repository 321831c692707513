// What the runner needs from the outside: a source of record chunks, a sink, and a place for
// metrics. cli.ts fills these with the clients of infra/.
import type { DeadLetter } from '../schemas/dead-letter.ts'
import type { ErrorCode } from '../schemas/errors.ts'
import type { Fence } from '../schemas/fence.ts'
import type {
  KafkaRecord,
  Lineage,
  PartitionOffset,
  PassedOffsets,
  RecordChunk,
} from '../schemas/record.ts'
import type { Origin } from '../schemas/validated.ts'
import type { Outcome } from './outcome.ts'

/** A consumer group member; see infra/record-source.ts for the contract of each call. */
export type RecordSource = {
  start(handlers: {
    onChunk(chunk: RecordChunk, heartbeat: () => Promise<void>): Promise<boolean>
    onPassed(passed: PassedOffsets): void
    onAssigned(partitions: readonly number[]): void
    onFailure(error: Error): void
  }): Promise<void>
  commit(offsets: readonly PartitionOffset[]): Promise<void>
  rejoin(): Promise<void>
  pause(): void
  close(): Promise<void>
}

/** One input record after a slice of stages: where it entered, and what became of it. */
export type Settled<Output> = {
  readonly record: KafkaRecord
  readonly origin: Origin
  /** How many times the event was sent again; 0 for the event itself. */
  readonly attempt: number
  /** The stage that settled it. */
  readonly stage: string
  readonly outcome: Outcome<Output>
}

/** One chunk's way through a slice. */
export type Passage<Output> = {
  /** One result a record, in order. Throws operating failures; may be called again after one. */
  apply(records: readonly KafkaRecord[]): Promise<Settled<Output>[]>
  /** Ends it, once. */
  end(): void
}

/** A run of stages. */
export type Slice<Output> = {
  readonly name: string
  /** Whether a record is where its event entered, so that its origin is known before any stage. */
  readonly startsAtOrigin: boolean
  /**
   * Begins the passage of a chunk. What can change while the slice runs (the model) is settled here;
   * called in the order of each partition's chunks, so that a change has one offset in each.
   */
  begin(): Passage<Output>
}

/** What is written together. */
export type Block<Output> = {
  /** The same for the same content: a write that is repeated under one fence is recognised by it. */
  readonly token: string
  readonly outputs: readonly BlockOutput<Output>[]
  readonly deadLetters: readonly DeadLetter[]
}

/** A value to store, with the record that it came from and what that stands for. */
export type BlockOutput<Output> = Lineage & { readonly record: KafkaRecord; readonly value: Output }

/** Offsets of one origin partition that are already durable, with their record times. */
export type DeliveredPage = {
  readonly recordTimeMsByOffset: ReadonlyMap<number, number>
  /** All delivered offsets up to this one are in the map; Infinity when there are no more. */
  readonly through: number
}

export type Sink<Output> = {
  /**
   * Makes the caller the only writer of what the records of these partitions lead to. Once it
   * resolves, no write under an earlier fence can land any more, and `delivered` tells all there is.
   * `after` is the caller's own earlier fence of the same partitions: then it throws fenced when somebody
   * else has raised one since.
   */
  fence(partitions: readonly number[], after?: Fence): Promise<Fence>
  /** What was delivered of a partition from an offset on, a page at a time. */
  delivered(topic: string, partition: number, fromOffset: number): Promise<DeliveredPage>
  /**
   * What became of events of one partition, in their order: the attempt at which the last dead letter
   * was written, Infinity where there is a result, -1 where there is nothing.
   */
  settledAttempts(
    topic: string,
    partition: number,
    origins: readonly Origin[],
  ): Promise<readonly number[]>
  /**
   * Resolves when outputs and dead letters are durable. When it fails, all, some or nothing is stored:
   * another fence tells. Throws fenced, and stores nothing more, when a fence was raised since.
   */
  write(block: Block<Output>, fence: Fence): Promise<void>
}

export type RunnerMetrics = {
  settled(stage: string, code: ErrorCode | 'ok', events: number): void
  sliceSeconds(seconds: number): void
  blockWritten(rows: number, seconds: number): void
  retried(operation: 'slice' | 'write' | 'commit', code: string): void
  inFlight(events: number, bytes: number): void
  lag(topic: string, partition: number, records: number): void
}
