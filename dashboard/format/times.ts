// Times as people read them: how long ago, and exactly. The exact form is local time with its zone.

const exact = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
})
const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})
const day = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})
const minute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

/** 30 Nov 2026, 10:15:42 GMT */
export function exactTime(time: string): string {
  return exact.format(new Date(time))
}

/** 10:15:42 */
export function clockTime(time: string): string {
  return clock.format(new Date(time))
}

/** Mon 30 Nov, 10:15 */
export function dayTime(time: string): string {
  return day.format(new Date(time))
}

/** A time on an axis that spans `spanMs`: 10:15, or 30 Nov where it spans days. */
export function axisTime(atMs: number, spanMs: number): string {
  const at = new Date(atMs)
  return spanMs > 2 * 86_400_000 ? date.format(at) : minute.format(at)
}

/** "just now", "12 s ago", "5 min ago", "3 h ago", "yesterday", "4 d ago". */
export function ago(time: string, nowMs: number): string {
  const seconds = Math.round((nowMs - Date.parse(time)) / 1_000)
  if (seconds < -5) return 'in the future'
  if (seconds < 5) return 'just now'
  if (seconds < 60) return `${seconds} s ago`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ago`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h ago`
  return hours < 48 ? 'yesterday' : `${Math.floor(hours / 24)} d ago`
}

/** The time ranges that the Live view offers. */
export const ranges = [
  { key: '5m', name: '5 min', spoken: 'the last 5 minutes', ms: 300_000 },
  { key: '15m', name: '15 min', spoken: 'the last 15 minutes', ms: 900_000 },
  { key: '1h', name: '1 h', spoken: 'the last hour', ms: 3_600_000 },
  { key: '24h', name: '24 h', spoken: 'the last 24 hours', ms: 86_400_000 },
  { key: '7d', name: '7 d', spoken: 'the last 7 days', ms: 604_800_000 },
] as const

/** One of them. */
export type Range = (typeof ranges)[number]

/** The range of a key, or the first. */
export function rangeOf(key: string | undefined): Range {
  return ranges.find((range) => range.key === key) ?? ranges[0]
}
