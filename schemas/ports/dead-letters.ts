// Reads and replays dead letters for the gateway. serving/letters/dead-letters.ts does it with
// ClickHouse and Kafka.
import type { EventPlace } from '../record.ts'

/** Which dead letters to list, newest first. Times are those of rejection, epoch milliseconds. */
export type DeadLetterQuery = {
  /** Open: no later attempt at the event gave a row or another dead letter. */
  readonly state: 'open' | 'all'
  readonly code?: string | undefined
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
  readonly limit: number
  /** From the previous page. */
  readonly cursor?: string | undefined
}

/** One dead letter without its payload. */
export type ListedDeadLetter = {
  /** `topic/partition/offset` of the event. */
  readonly id: string
  readonly code: string
  readonly stage: string
  /** How often the event had been replayed before. */
  readonly attempt: number
  /** The model whose consumer rejected it; null for a stage that serves every model. */
  readonly model: string | null
  readonly open: boolean
  readonly rejectedAtMs: number
  readonly message: string
}

/** One page of dead letters, and the number of each code in the window of the query. */
export type DeadLetterPage = {
  readonly letters: readonly ListedDeadLetter[]
  readonly codes: readonly { readonly code: string; readonly open: number; readonly all: number }[]
  readonly cursor?: string
}

/** The latest dead letter of an event. */
export type WholeDeadLetter = ListedDeadLetter & {
  readonly recordTimeMs: number
  readonly key: Buffer
  /** As much of the value as was kept. */
  readonly payload: Buffer
  readonly payloadBytes: number
  /** The latest first. */
  readonly attempts: readonly {
    readonly attempt: number
    readonly model: string | null
    readonly code: string
    readonly rejectedAtMs: number
  }[]
}

/** The events whose open dead letters are replayed. */
export type ReplaySelection = {
  readonly ids?: readonly string[] | undefined
  readonly code?: string | undefined
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
}

/** What a replay did. */
export type ReplayOutcome = {
  readonly matched: number
  readonly sent: number
  /** How many were not sent, by reason. */
  readonly skipped: Readonly<Record<string, number>>
  /** Whether time was up before all were examined. */
  readonly stopped: boolean
}

/**
 * Dead letters. Rejects with `analytics_unavailable`, `analytics_refused`, `broker_unavailable`,
 * `broker_refused`, or `parameter_invalid` for a cursor.
 */
export type DeadLetters = {
  list(query: DeadLetterQuery): Promise<DeadLetterPage>
  /** The latest dead letter of the event at a place; undefined if it has none. */
  at(place: EventPlace): Promise<WholeDeadLetter | undefined>
  /**
   * Sends the events of at most `eventsMax` open dead letters again. Rejects with `queue_full`
   * while another replay runs.
   */
  replay(
    selection: ReplaySelection,
    options: { readonly eventsMax: number; readonly by: string; readonly signal: AbortSignal },
  ): Promise<ReplayOutcome>
}
