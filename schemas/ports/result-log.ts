// Reads stored results in the order in which they became visible, for readers that follow them.
// infra/readers/result-log-reader.ts reads them from ClickHouse.
import type { LogPosition } from '../cursors/log-position.ts'
import type { StoredResult } from './result-reader.ts'

/** One result with its place in the log. */
export type LogEntry = { readonly position: LogPosition; readonly result: StoredResult }

/** Some results of the log, in order; `position` is where the next page begins. */
export type LogPage = {
  readonly entries: readonly LogEntry[]
  readonly position: LogPosition
  /** Whether there is more at this moment. */
  readonly isCut: boolean
}

/**
 * Stored results as a log that grows, unless an event is forgotten: a result that becomes visible
 * comes after all that were visible before, whenever it was classified. Rejects with
 * `analytics_unavailable` or `analytics_refused`.
 */
export type ResultLog = {
  /** The place after everything that is visible. */
  end(): Promise<LogPosition>
  /** What follows a place. A page is bounded in rows and bytes. */
  after(position: LogPosition): Promise<LogPage>
  /** How many results follow a place; counts up to `max`. */
  countAfter(position: LogPosition, max: number): Promise<number>
  /** Changes when results are taken out of the log, because their events are to be forgotten. */
  forgottenMark(): Promise<number>
}
