// What a slice of stages makes of records: one settled result per record, in order. How a slice is
// put together is slice.ts, who runs it runner.ts.
import type { Outcome } from '../../schemas/outcome.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
import type { Origin } from '../../schemas/validated.ts'

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
   * Begins the passage of a chunk. What can change while the slice runs (the model) is settled
   * here; called in the order of each partition's chunks, so that a change has one offset in each.
   */
  begin(): Passage<Output>
}
