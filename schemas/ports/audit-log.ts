// The record of what callers with the scope admin did or tried to do. infra/ writes and reads it in
// ClickHouse; gateway/audit/audited.ts writes an entry for each action of a route.

/** How an action ended: refused by a rule of Winnow, or failed for another reason. */
export type AuditOutcome = 'done' | 'refused' | 'failed'

/** One action. */
export type AuditEntry = {
  readonly atMs: number
  /** The X-Request-Id of the request; empty for a command. */
  readonly requestId: string
  /** The name of the API key, or `gateway` in one without keys. */
  readonly by: string
  /** A noun and a verb, such as `models.promote`. */
  readonly action: string
  /** What it was done to, such as `mail@2`. */
  readonly target: string
  readonly outcome: AuditOutcome
  /** Why, in the words of the caller. */
  readonly reason: string
  /** The error code of what was refused or failed; empty if it was done. */
  readonly code: string
  /** The sentence of the refusal. */
  readonly message: string
}

/** Which entries to read. `sinceMs` is inclusive, `untilMs` exclusive. */
export type AuditFilter = {
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
  readonly limit: number
}

/** Writes and reads the record. */
export type AuditLog = {
  /** Never rejects: an entry that cannot be stored goes to the log of the process. */
  write(entry: AuditEntry): Promise<void>
  /** The last entries, the newest first. */
  list(filter: AuditFilter): Promise<readonly AuditEntry[]>
}
