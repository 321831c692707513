// The first step of reading a record's value as JSON: bytes that must be UTF-8, JSON, and one
// object. What the object must hold is up to its reader.
import { errorMessage, type EventErrorCode } from './errors.ts'

/** The object, or why the bytes are none. */
export type JsonObject =
  | { readonly kind: 'ok'; readonly value: object }
  | { readonly kind: 'rejected'; readonly error: { code: EventErrorCode; message: string } }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads the bytes. `notObject` is the message for JSON that is no object; `parse` throws for text
 * that is no JSON.
 */
export function readJsonObject(
  value: Uint8Array,
  { notObject, parse = JSON.parse }: { notObject: string; parse?: (text: string) => unknown },
): JsonObject {
  let text: string
  try {
    text = utf8.decode(value)
  } catch {
    return rejected('utf8_invalid', 'the value is neither Avro nor valid UTF-8')
  }
  let json: unknown
  try {
    json = parse(text)
  } catch (error) {
    return rejected('json_invalid', errorMessage(error))
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return rejected('event_not_object', notObject)
  }
  return { kind: 'ok', value: json }
}

function rejected(code: EventErrorCode, message: string): JsonObject {
  return { kind: 'rejected', error: { code, message } }
}
