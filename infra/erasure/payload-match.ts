// Says whether the bytes of an event name an id or an attribute, whatever their format is: fields
// of JSON, else strings as Avro and Protobuf write them, else words of a text.
import type { EventSelection } from './find-events.ts'

/** Deepest nesting that is looked at. */
const depthMax = 64

/**
 * Whether a payload belongs to a selection. A payload that was cut is searched as far as it goes.
 */
export function payloadNames(payload: Buffer, selection: EventSelection): boolean {
  const json = jsonOf(payload)
  if ('ids' in selection) {
    const ids = new Set(selection.ids)
    if (json !== undefined) return someField(json, (_, value) => ids.has(String(value)))
    return selection.ids.some((id) => needlesOf(id).some((one) => hasString(payload, one)))
  }
  return Object.entries(selection.attributes).every(([name, value]) =>
    json === undefined
      ? needlesOf(name).some((one) =>
          needlesOf(value).some((other) => hasPair(payload, one, other)),
        )
      : someField(json, (field, found) => field === name && String(found) === value),
  )
}

/** A string as it may stand in a payload: as it is, and as JSON writes it, in UTF-8 or ASCII. */
export function needlesOf(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1)
  const ascii = json.replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return [...new Set([text, json, ascii])]
}

function jsonOf(payload: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'))
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined // Another format, or cut.
  }
}

/** Whether a field at any depth passes the test; items of a list have the name of their field. */
function someField(
  value: unknown,
  test: (name: string, value: string | number | boolean) => boolean,
  { name = '', depth = 0 } = {},
): boolean {
  if (depth > depthMax) return false
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return test(name, value)
  }
  if (typeof value !== 'object' || value === null) return false
  const next = depth + 1
  if (Array.isArray(value)) return value.some((one) => someField(one, test, { name, depth: next }))
  return Object.entries(value).some(([field, one]) =>
    someField(one, test, { name: field, depth: next }),
  )
}

/** Whether the bytes hold a string that does not go on at its end, nor begin before its start. */
function hasString(bytes: Buffer, text: string): boolean {
  return placesOf(bytes, text).some((at) => isWhole(bytes, at, Buffer.byteLength(text)))
}

/** What may stand between the name and the value of an attribute. */
const gapMax = 16

/** Whether the bytes hold a name with a value shortly behind it. */
function hasPair(bytes: Buffer, name: string, value: string): boolean {
  const length = Buffer.byteLength(value)
  return placesOf(bytes, name).some((at) => {
    const end = at + Buffer.byteLength(name)
    const behind = bytes.subarray(end, end + gapMax + length)
    return placesOf(behind, value).some((start) => isWhole(bytes, end + start, length))
  })
}

function placesOf(bytes: Buffer, text: string): number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) places.push(at)
  return places
}

/**
 * Whether a string stands alone: between other characters than those of words, or with its length.
 */
function isWhole(bytes: Buffer, at: number, length: number): boolean {
  const before = bytes[at - 1]
  // A length of up to 63 bytes takes one byte in Avro (twice the length) and in Protobuf.
  if (before === 2 * length || before === length) return true
  return !isWordByte(before) && !isWordByte(bytes[at + length])
}

function isWordByte(byte: number | undefined): boolean {
  return byte !== undefined && /[\w-]/.test(String.fromCharCode(byte))
}
