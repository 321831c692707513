// The result reader port in memory. tests/contract/result-reader.test.ts compares it with the real
// reader.
import type { ResultFilter, ResultReader, StoredResult } from '../../schemas/ports/result-reader.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { answerBytesMax } from '../../infra/readers/result-reader.ts'
import {
  readResultCursor,
  resultCursor,
  type ResultPosition,
} from '../../schemas/cursors/result-cursor.ts'

/** Creates a reader of `rows`, to which the caller may add at any time. */
export function createMemoryResults(rows: readonly StoredResult[]): ResultReader {
  const newestFirst = () =>
    rows.filter(({ role }) => role !== 'shadow').toSorted((a, b) => compare(placeOf(b), placeOf(a)))
  return {
    byId: (eventId) => Promise.resolve(newestFirst().filter((row) => row.eventId === eventId)),
    list: (filter) => {
      const position = readResultCursor(filter.cursor ?? '')
      if (filter.cursor !== undefined && position === undefined) {
        const message = 'cursor is not one that a page of results gave'
        return Promise.reject(new WinnowError('parameter_invalid', message))
      }
      const after = position === undefined ? undefined : placeOf(position)
      const matching = newestFirst()
        .filter((row) => matches(row, filter))
        .filter((row) => after === undefined || compare(placeOf(row), after) < 0)
      const results = withinBytes(matching).slice(0, filter.limit)
      const last = results.at(-1)
      return Promise.resolve(
        matching.length > results.length && last !== undefined
          ? { results, cursor: resultCursor(last) }
          : { results },
      )
    },
  }
}

function withinBytes(rows: readonly StoredResult[]): StoredResult[] {
  let bytes = 0
  return rows.filter((row) => {
    const before = bytes
    bytes += Buffer.byteLength(row.text)
    return before < answerBytesMax
  })
}

type Place = (string | number | bigint)[]

function placeOf(row: ResultPosition): Place {
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
    row.text.toLowerCase().includes(filter.text?.toLowerCase() ?? '') &&
    row.score < (filter.scoreBelow ?? Infinity) &&
    row.classifiedAtMs >= sinceMs &&
    row.classifiedAtMs < untilMs
  )
}
