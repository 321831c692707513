// Points in time as people and producers write them: RFC 3339. It owns the accepted form, not what may
// be asked for.

const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/

/** Epoch milliseconds of an RFC 3339 time; undefined for anything else, dates without a zone included. */
export function parseRfc3339(text: string): number | undefined {
  if (!rfc3339.test(text)) return undefined
  const normal = `${text.slice(0, 10)}T${text.slice(11).toUpperCase()}`
  const epochMs = Date.parse(normal)
  if (Number.isNaN(epochMs)) return undefined
  // Date.parse rolls 31 February over into March; such a day does not exist.
  const day = Number(text.slice(8, 10))
  const daysInMonth = new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0))
  return day <= daysInMonth.getUTCDate() ? epochMs : undefined
}
