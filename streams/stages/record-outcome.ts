// What a chain of stages makes of records: one outcome per record, in order.
import type { Outcome } from '../../schemas/outcome.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
import type { Origin } from '../../schemas/validated.ts'

/**
 * One record after the stages that it has passed: where its event entered, and what became of it.
 */
export type RecordOutcome<Output> = {
  readonly record: KafkaRecord
  readonly origin: Origin
  /** How many times the event was sent again; 0 for the event itself. */
  readonly attempt: number
  /** The last stage that saw it. */
  readonly stage: string
  readonly outcome: Outcome<Output>
}

/** The stages applied to one chunk, with the models that it leased. */
export type ChunkTransform<Output> = {
  /** One outcome per record, in order. Throws operating failures; may be called again after one. */
  apply(records: readonly KafkaRecord[]): Promise<RecordOutcome<Output>[]>
  /** Gives the models back; once. */
  end(): void
}

/** Stages that run one after the other. */
export type StageChain<Output> = {
  readonly name: string
  /** Whether a record is where its event entered, so that its origin is known before any stage. */
  readonly startsAtOrigin: boolean
  /**
   * Leases the models for one chunk. Call it in the order of each partition's chunks, so that a
   * swap of models takes effect at one offset of each partition.
   */
  begin(): ChunkTransform<Output>
}
