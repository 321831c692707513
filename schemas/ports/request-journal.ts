// Remembers requests with an Idempotency-Key across restarts of a gateway.
// infra/journal/request-journal.ts keeps them in a file.

/** One request with a key. */
export type JournalEntry = {
  /** The caller and the key, as one text. */
  readonly key: string
  readonly bodySha256: string
  /** When it came first, in epoch milliseconds. */
  readonly atMs: number
  /** Whether the broker has acknowledged all of its events; otherwise, perhaps some. */
  readonly isDone: boolean
}

/** A durable list of requests, newest last. */
export type RequestJournal = {
  /** What is remembered when the gateway starts: the last entry of each key. */
  readonly entries: readonly JournalEntry[]
  /** Resolves when the entry is on disk. Rejects if it cannot be written. */
  write(entry: JournalEntry): Promise<void>
}
