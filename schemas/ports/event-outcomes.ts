// Reads what became of events, for callers that wait for it. infra/readers/event-outcomes.ts reads
// it from ClickHouse.
import type { StoredResult } from './result-reader.ts'

/** Why an event has no result. */
export type EventLetter = {
  readonly id: string
  readonly code: string
  readonly message: string
}

/** Reads outcomes of at most 1,000 events at a time. Rejects with `analytics_unavailable`. */
export type EventOutcomes = {
  /**
   * The newest result of each event that has one, in any order. Large results make it shorter: ask
   * again without the events that were found.
   */
  newestResults(ids: readonly string[]): Promise<readonly StoredResult[]>
  /** The latest dead letter of each event that got one at or after `sinceMs`. */
  deadLetters(ids: readonly string[], sinceMs: number): Promise<readonly EventLetter[]>
}
