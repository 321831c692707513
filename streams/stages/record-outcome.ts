// What a chain of stages makes of records: one outcome per record, in order.
import type { Filtered, Outcome } from '../../schemas/outcome.ts'
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
  /** Which model it is about, where several classify each event. */
  readonly model?: string | undefined
  /** The last stage that saw it. */
  readonly stage: string
  readonly outcome: Outcome<Output> | Filtered
}

/** The stages applied to one chunk, with the models that it leased. */
export type ChunkTransform<Output> = {
  /**
   * One outcome per record in order, of several models one for each of them. Throws operating
   * failures; may be called again after one.
   */
  apply(records: readonly KafkaRecord[]): Promise<RecordOutcome<Output>[]>
  /** Gives the models back and lets the next chunk of the partition pass; once. */
  end(): void
}

/** Stages that run one after the other. */
export type StageChain<Output> = {
  readonly name: string
  /** Whether a record is where its event entered, so that its origin is known before any stage. */
  readonly startsAtOrigin: boolean
  /** The models that its outcomes are about, where several classify each event. */
  readonly models?: readonly string[] | undefined
  /**
   * Takes the place of a chunk in the order of its partition, and leases the models for it. Call it
   * in the order of the chunks: a swap of models then takes effect at one offset of each partition,
   * and of two events with one id the later one is the duplicate, whichever chunk is applied first.
   */
  begin(partition: number): ChunkTransform<Output>
}
