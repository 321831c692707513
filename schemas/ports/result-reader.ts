// Reads stored results for the gateway. infra/readers/result-reader.ts reads them from ClickHouse.
import type { Classification } from '../classification.ts'

/** One stored row: an event classified by one model version. */
export type StoredResult = Pick<
  Classification,
  | 'eventId'
  | 'topic'
  | 'partition'
  | 'offset'
  | 'eventTimeMs'
  | 'classifiedAtMs'
  | 'source'
  | 'attributes'
  | 'text'
  | 'label'
  | 'score'
  | 'labels'
  | 'outOfScope'
  | 'probabilities'
  | 'model'
  | 'version'
  | 'role'
  | 'tokens'
  | 'truncated'
  | 'answeredBy'
  | 'queueMs'
  | 'inferMs'
  | 'totalMs'
>

/**
 * Which results to list. Times bound `classifiedAtMs`: `sinceMs` inclusive, `untilMs` exclusive.
 */
export type ResultFilter = {
  readonly label?: string
  readonly source?: string
  /** Model name. */
  readonly model?: string
  /** Model version; only together with `model`. */
  readonly version?: string
  /** Part of the text, in upper or lower case. */
  readonly text?: string
  /** Only results with a lower score. */
  readonly scoreBelow?: number
  readonly sinceMs?: number
  readonly untilMs?: number
  /** Most results of one page. */
  readonly limit: number
  /** From the previous page; opaque to everyone but the reader. */
  readonly cursor?: string
}

/** One page of results, newest first; `cursor` is absent on the last page. */
export type ResultPage = { readonly results: readonly StoredResult[]; readonly cursor?: string }

/**
 * Reads stored results. Rejects with `analytics_unavailable`, or `parameter_invalid` for a cursor.
 */
export type ResultReader = {
  /**
   * Every result of one event, one for each model version, newest first; empty when there is none.
   */
  byId(eventId: string): Promise<readonly StoredResult[]>
  list(filter: ResultFilter): Promise<ResultPage>
}
