// Puts a record together from its decoded parts: value, key, and headers as text.
import { ok } from '../../schemas/outcome.ts'
import type { PartDecoder, RecordDecoder } from '../../schemas/ports/record-decoder.ts'
import type { RecordHeaders } from '../../schemas/record.ts'

/**
 * A decoder of whole records. A value or key that is null stays null. Without a decoder for it, the
 * key is not read.
 */
export function recordDecoder(parts: {
  readonly value: PartDecoder
  readonly key: PartDecoder | undefined
}): RecordDecoder {
  return async ({ value, key, headers }) => {
    const decoded = value === null ? ok(null) : await parts.value(value)
    if (decoded.kind === 'rejected') return decoded
    const decodedKey = key === null || parts.key === undefined ? ok(null) : await parts.key(key)
    if (decodedKey.kind === 'rejected') {
      const { code, message } = decodedKey.error
      return { kind: 'rejected', error: { code, message: `the key: ${message}` } }
    }
    return ok({ value: decoded.value, key: decodedKey.value, headers: headerTexts(headers) })
  }
}

/** Header values as UTF-8 text; of a repeated header, the last one. */
export function headerTexts(headers: RecordHeaders = {}): Record<string, string> {
  const texts = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
    const last = Array.isArray(value) ? value.at(-1) : value
    return last === undefined ? [] : [[name, last.toString()]]
  })
  return Object.fromEntries(texts)
}
