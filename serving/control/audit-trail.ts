// The audit log of a gateway. An action is not held up by a ClickHouse that is away: its entry is
// retried meanwhile, and what cannot be stored is written to the log of the process instead.
import { insertAudit } from '../../infra/sinks/audit-rows.ts'
import { readAudit } from '../../infra/readers/audit-reader.ts'
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { pause } from '../../models/runtime/retry.ts'
import { errorMessage } from '../../schemas/errors.ts'
import type { AuditEntry, AuditLog } from '../../schemas/ports/audit-log.ts'

/** How long an action waits until its entry is stored. */
const writeMsMax = 2_000
/** Entries that wait for ClickHouse; more go to the log at once. */
const waitingMax = 1_000

/** An audit log that has entries to write until it is closed. */
export type AuditTrail = AuditLog & { close(): Promise<void> }

/**
 * Creates the log. `patient` retries an insert for a bounded time, until `giveUp` is called;
 * `analytics` reads. `close` waits for a moment until entries are stored, then gives up; the caller
 * closes the clients after that.
 */
export function createAuditTrail(options: {
  readonly analytics: Analytics
  readonly patient: Analytics
  readonly log: (line: string) => void
  readonly giveUp: () => void
  readonly msMax?: number
}): AuditTrail {
  const { analytics, patient, log, giveUp, msMax = writeMsMax } = options
  const waiting = new Set<Promise<void>>()
  const toLog = (entry: AuditEntry, why: string): void => {
    log(`audit entry not stored (${why}): ${JSON.stringify(entry)}`)
  }
  return {
    async write(entry) {
      if (waiting.size >= waitingMax) {
        toLog(entry, `${waitingMax} entries wait already`)
        return
      }
      const stored = insertAudit(patient, entry)
        .catch((error: unknown) => toLog(entry, errorMessage(error)))
        .finally(() => waiting.delete(stored))
      waiting.add(stored)
      await within(stored, msMax)
    },
    list: (filter) => readAudit(analytics, filter),
    close: async () => {
      await within(Promise.all(waiting), msMax)
      giveUp()
      await Promise.all(waiting)
    },
  }
}

/** Waits for work that never fails, for a bounded time. */
async function within(work: Promise<unknown>, msMax: number): Promise<void> {
  const over = new AbortController()
  await Promise.race([work, pause(msMax, over.signal)])
  over.abort()
}
