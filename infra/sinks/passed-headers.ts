// Which headers of a record are passed on with another value: all that do not describe the value
// that it had.
import type { RecordHeaders } from '../../schemas/record.ts'

/** Set by the client itself, or of the old value alone. */
const replaced = new Set(['traceparent', 'winnow-origin', 'winnow-attempt', '__value_schema_id'])

/** Most bytes of names and values that are passed on, in the order of the headers. */
const headerBytesMax = 65_536

/**
 * The headers to pass on, if there are any. The value is a `result`, the `enriched` JSON that
 * arrived, or, with its schema id in front, the `same`: only a result has another content type.
 */
export function passedHeaders(
  headers: RecordHeaders | undefined,
  value: 'result' | 'enriched' | 'same',
): RecordHeaders | undefined {
  let bytes = 0
  const passed = Object.entries(headers ?? {}).filter(([name, given]) => {
    if (replaced.has(name) || name.startsWith('apicurio.value.')) return false
    if (value === 'result' && name.toLowerCase() === 'content-type') return false
    const values = Array.isArray(given) ? given : [given ?? '']
    const own = values.reduce((sum, one) => sum + name.length + one.length, 0)
    if (bytes + own > headerBytesMax) return false
    bytes += own
    return true
  })
  return passed.length === 0 ? undefined : Object.fromEntries(passed)
}
