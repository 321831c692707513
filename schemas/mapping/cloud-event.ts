// CloudEvents 1.0 whatever carries them: the attributes that every event must have, and the text or
// JSON in its data (cloudevents/spec: spec.md, json-format.md). The gateway reads them from HTTP,
// inputs of the stream from Kafka.
import { isUtf8 } from 'node:buffer'

/** What is wrong with one attribute. */
export type CloudEventDefect = {
  readonly code: 'field_missing' | 'field_type' | 'field_unknown'
  readonly field: string
  readonly message: string
}

/** What every CloudEvent must have, besides its version. */
const requiredNames = ['id', 'source', 'type'] as const
/** The names with a meaning of their own; all others are extensions. */
export const cloudEventNames = new Set([
  ...['specversion', 'id', 'source', 'type', 'subject', 'time', 'dataschema', 'datacontenttype'],
  ...['data', 'data_base64'],
])
/** What is wrong with the attributes of a CloudEvent; `data` is for its reader. */
export function cloudEventDefects(given: ReadonlyMap<string, unknown>): CloudEventDefect[] {
  const defects: CloudEventDefect[] = []
  if (given.get('specversion') !== '1.0') {
    const message = 'specversion must be "1.0"'
    defects.push({ code: 'field_type', field: 'specversion', message })
  }
  for (const field of requiredNames) {
    const value = given.get(field)
    if (typeof value === 'string' && value !== '') continue
    defects.push(
      value === undefined
        ? { code: 'field_missing', field, message: `${field} is missing` }
        : { code: 'field_type', field, message: `${field} must be a string that is not empty` },
    )
  }
  for (const [name, value] of given) {
    if (name === 'data' || requiredNames.includes(name as 'id')) continue
    const field = name.slice(0, 64)
    if (!cloudEventNames.has(name) && !/^[a-z0-9]+$/.test(name)) {
      const message = `${field} is no name of an extension: lower-case letters and digits only`
      defects.push({ code: 'field_unknown', field, message })
    } else if (!['string', 'number', 'boolean'].includes(typeof value)) {
      const message = `${field} must be a string, a number or a boolean`
      defects.push({ code: 'field_type', field, message })
    }
  }
  return defects
}

/** The text or JSON in `data_base64`; undefined if it is neither. */
export function decodedData(given: ReadonlyMap<string, unknown>): unknown {
  const base64 = given.get('data_base64')
  if (typeof base64 !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return undefined
  const bytes = Buffer.from(base64, 'base64')
  if (!isUtf8(bytes)) return undefined
  const text = bytes.toString()
  const type = given.get('datacontenttype')
  if (typeof type === 'string' && !isJsonType(type)) return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    // Without a type, the bytes need not be JSON.
    return type === undefined ? text : undefined
  }
}

/** Whether a media type is that of JSON. */
export function isJsonType(contentType: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType)
}
