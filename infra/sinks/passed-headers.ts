// Which headers of a record are passed on with another value: all that do not describe the value
// that it had.
import type { RecordHeaders } from '../../schemas/record.ts'

/** Set by the client itself, or of the old value alone. */
const replaced = new Set(['traceparent', 'winnow-origin', 'winnow-attempt', '__value_schema_id'])

/**
 * The headers to pass on, if there are any. The value is a `result`, the `enriched` JSON that
 * arrived, or, with its schema id in front, the `same`: only a result has another content type.
 */
export function passedHeaders(
  headers: RecordHeaders | undefined,
  value: 'result' | 'enriched' | 'same',
): RecordHeaders | undefined {
  const passed = Object.entries(headers ?? {}).filter(([name]) => {
    if (replaced.has(name) || name.startsWith('apicurio.value.')) return false
    return value !== 'result' || name.toLowerCase() !== 'content-type'
  })
  return passed.length === 0 ? undefined : Object.fromEntries(passed)
}
