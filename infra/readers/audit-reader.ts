// Reads the table audit, the newest rows first.
import type { AuditEntry, AuditFilter } from '../../schemas/ports/audit-log.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'

/** The last entries within the times. Throws analytics_unavailable, analytics_refused. */
export function readAudit(
  analytics: Analytics,
  { sinceMs, untilMs, limit }: AuditFilter,
): Promise<AuditEntry[]> {
  const conditions = [
    ...(sinceMs === undefined ? [] : ['at >= fromUnixTimestamp64Milli({sinceMs: Int64})']),
    ...(untilMs === undefined ? [] : ['at < fromUnixTimestamp64Milli({untilMs: Int64})']),
  ]
  return analytics.rows<AuditEntry>(
    `SELECT toUnixTimestamp64Milli(at) AS atMs, request_id AS requestId, by, action, target,
       toString(outcome) AS outcome, reason, code, message
     FROM audit ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
     ORDER BY at DESC, request_id LIMIT {limit: UInt32}`,
    {
      ...(sinceMs !== undefined && { sinceMs }),
      ...(untilMs !== undefined && { untilMs }),
      limit,
    },
  )
}
