// Times as people and producers write them: RFC 3339. It owns the accepted form, not which times
// are allowed.
import { z } from 'zod'

const clock = '(?:[01][0-9]|2[0-3]):[0-5][0-9]'

/**
 * Existing days only (no 31 April, 29 February in leap years only) of the given years.
 */
function pattern(year: { first: string; leapCenturies: string }): string {
  const leapYear = `(?:${year.first}[0-9](?:0[48]|[2468][048]|[13579][26])|(?:${year.leapCenturies})00)`
  const date =
    `(?:${year.first}[0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|` +
    '(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|' +
    `${leapYear}-02-29)`
  return `^${date}[Tt ]${clock}:[0-5][0-9](?:\\.[0-9]+)?(?:[Zz]|[+-]${clock})$`
}

/** The accepted form, as a pattern that JSON Schema and the server share. */
export const rfc3339Pattern = pattern({
  first: '[0-9]',
  leapCenturies: '[02468][048]|[13579][26]',
})
/** The same for times of events and labels, which are refused before the year 2000. */
const rfc3339From2000 = pattern({ first: '[2-9]', leapCenturies: '[2468][048]|[3579][26]' })
const rfc3339 = new RegExp(rfc3339Pattern)

/**
 * Epoch milliseconds of an RFC 3339 time; undefined for anything else, dates without a zone
 * included.
 */
export function parseRfc3339(text: string): number | undefined {
  if (!rfc3339.test(text)) return undefined
  return Date.parse(`${text.slice(0, 10)}T${text.slice(11).toUpperCase()}`)
}

/**
 * Epoch milliseconds of a time that a person types: RFC 3339, a date alone (midnight UTC), or a
 * time without a zone (local time); undefined for anything else.
 */
export function parseInstant(text: string): number | undefined {
  const date = /^\d{4}-\d\d-\d\d/.exec(text)?.[0]
  const midnightMs = Date.parse(`${date ?? ''}T00:00:00Z`)
  // Date reads 31 February as 3 March.
  if (Number.isNaN(midnightMs) || !new Date(midnightMs).toISOString().startsWith(date!)) {
    return undefined
  }
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

/** A time as a number in JSON: epoch milliseconds. The reader checks whether it is too early. */
export const instantNumber = z.number().meta({
  minimum: Date.UTC(2000, 0, 1),
  description: 'Epoch milliseconds, at most limits.futureMsMax ahead of now.',
})

/** A time as text in JSON: RFC 3339. The reader checks the form. */
export const instantText = z.string().meta({
  format: 'date-time',
  pattern: rfc3339From2000,
  description: 'RFC 3339, not before the year 2000 and at most limits.futureMsMax ahead of now.',
})
