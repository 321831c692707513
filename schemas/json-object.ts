// JSON objects: what is one, and the first step of reading a record's value as JSON. The bytes must
// be UTF-8, JSON and one object; the caller checks what it must hold.
import { errorMessage, type EventErrorCode } from './errors.ts'

/** The object, or why the bytes do not hold one. */
export type JsonObject =
  | { readonly kind: 'ok'; readonly value: object }
  | { readonly kind: 'rejected'; readonly error: { code: EventErrorCode; message: string } }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads the bytes. `notObject` is the message for JSON other than an object; `parse` throws for
 * text that is not JSON.
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
  if (!isJsonObject(json)) return rejected('event_not_object', notObject)
  return { kind: 'ok', value: json }
}

/** Whether a value of JSON is an object, and neither null nor an array. */
export function isJsonObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

function rejected(code: EventErrorCode, message: string): JsonObject {
  return { kind: 'rejected', error: { code, message } }
}
