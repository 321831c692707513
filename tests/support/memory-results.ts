// The result reader port in memory. tests/contract/result-reader.test.ts holds it and the real reader to
// the same behaviour.
import type { ResultFilter, ResultReader, StoredResult } from '../../gateway/ports.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** Makes a reader of `rows`, which the caller may add to at any time. */
export function createMemoryResults(rows: readonly StoredResult[]): ResultReader {
  const newestFirst = () =>
    rows.filter(({ role }) => role !== 'shadow').toSorted((a, b) => compare(placeOf(b), placeOf(a)))
  return {
    byId: (eventId) => Promise.resolve(newestFirst().filter((row) => row.eventId === eventId)),
    list: (filter) => {
      const after = filter.cursor === undefined ? undefined : readCursor(filter.cursor)
      if (after === null) {
        const message = 'cursor is not one that a page of results gave'
        return Promise.reject(new WinnowError('parameter_invalid', message))
      }
      const matching = newestFirst()
        .filter((row) => matches(row, filter))
        .filter((row) => after === undefined || compare(placeOf(row), after) < 0)
      const results = matching.slice(0, filter.limit)
      const last = results.at(-1)
      return Promise.resolve(
        matching.length > filter.limit && last !== undefined
          ? { results, cursor: JSON.stringify(placeOf(last)) }
          : { results },
      )
    },
  }
}

type Place = (string | number)[]

function placeOf(row: StoredResult): Place {
  return [row.classifiedAtMs, row.topic, row.partition, row.offset, row.model, row.version]
}

function compare(a: Place, b: Place): number {
  const at = a.findIndex((value, index) => value !== b[index])
  return at < 0 ? 0 : a[at]! < b[at]! ? -1 : 1
}

function matches(row: StoredResult, filter: ResultFilter): boolean {
  const { sinceMs = -Infinity, untilMs = Infinity } = filter
  return (
    (['label', 'source', 'model', 'version'] as const).every(
      (field) => filter[field] === undefined || filter[field] === row[field],
    ) &&
    row.classifiedAtMs >= sinceMs &&
    row.classifiedAtMs < untilMs
  )
}

function readCursor(cursor: string): Place | null {
  try {
    const place: unknown = JSON.parse(cursor)
    return Array.isArray(place) && place.length === 6 ? (place as Place) : null
  } catch {
    return null
  }
}
