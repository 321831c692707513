// Reads the time that a producer gave: RFC 3339 or epoch milliseconds, within bounds.
import type { Config } from '../../configs/schema.ts'
import { parseRfc3339 } from '../../schemas/rfc3339.ts'
import { ok, rejected, type Outcome } from '../../schemas/outcome.ts'

export type TimeRules = { nowMs: number; limits: Pick<Config['limits'], 'futureMsMax'> }

/** Earlier times mean a wrong unit or an unset clock: 2000-01-01. */
const earliestMs = Date.UTC(2000, 0, 1)

/** The time of an event or label in epoch milliseconds; the record's own when it has none. */
export function eventTime(
  time: number | string | null,
  recordTimeMs: number,
  { nowMs, limits }: TimeRules,
): Outcome<number> {
  if (time === null) return ok(recordTimeMs)
  const parsed = typeof time === 'number' ? time : parseRfc3339(time)
  if (parsed === undefined || !Number.isFinite(parsed)) {
    const written = JSON.stringify(time).slice(0, 100)
    return rejected('time_invalid', `${written} is neither RFC 3339 nor epoch ms`)
  }
  const ms = Math.trunc(parsed)
  if (ms > nowMs + limits.futureMsMax) {
    return rejected('time_future', `${timeText(ms)} is more than ${limits.futureMsMax} ms ahead`)
  }
  if (ms < earliestMs) {
    return rejected(
      'time_past',
      `${timeText(ms)} is before the year 2000; are these seconds instead of milliseconds?`,
    )
  }
  return ok(ms)
}

function timeText(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms)
}
