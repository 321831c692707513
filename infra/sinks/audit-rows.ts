// Writes the table audit: one row for each action of a caller with the scope admin.
import { randomUUID } from 'node:crypto'
import type { AuditEntry } from '../../schemas/ports/audit-log.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { seconds } from './classification-rows.ts'

/** The most characters that are kept of a reason or a message. */
const textMax = 2_000

/** Adds a row. Throws analytics_unavailable, analytics_refused. */
export function insertAudit(analytics: Analytics, entry: AuditEntry): Promise<void> {
  const { requestId, by, action, target, outcome, reason, code, message } = entry
  return analytics.insert('audit', {
    columns: [
      ...(['at', 'request_id', 'by', 'action', 'target', 'outcome'] as const),
      ...(['reason', 'code', 'message'] as const),
    ],
    values: [
      [
        ...[seconds(entry.atMs), requestId, by, action, target, outcome],
        ...[reason.slice(0, textMax), code, message.slice(0, textMax)],
      ],
    ],
    // Callers choose request ids, so two entries may have the same one.
    token: `audit-${randomUUID()}`,
  })
}
