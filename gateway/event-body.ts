// Takes the body of POST /v1/events apart: one JSON object, an array, or NDJSON. It owns the forms and
// the count; whether each value is an event is event-check.ts's.
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import type { EventError } from '../schemas/errors.ts'

/** One value of the body, or why a line of it could not be read. */
export type BodyValue =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'unreadable'; readonly error: EventError }

/** How a body is written. */
export type BodyFormat = 'json' | 'ndjson'

const formats: ReadonlyMap<string, BodyFormat> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
])

/**
 * The format that the headers name. A missing type is refused as well: a browser sends such a request
 * across origins without asking first, so accepting it would let any page post to a loopback gateway.
 * Throws `media_type_unsupported`, also for a compressed body.
 */
export function bodyFormat(headers: {
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
}): BodyFormat {
  const coding = headers.contentEncoding?.trim().toLowerCase() ?? 'identity'
  if (coding !== 'identity') {
    throw new WinnowError('media_type_unsupported', `Content-Encoding ${coding} is not supported`)
  }
  const [type, ...parameters] = (headers.contentType ?? '').toLowerCase().split(';')
  const format = formats.get(type!.trim())
  const charset = /charset="?([^";\s]+)/.exec(parameters.join(';'))?.[1] ?? 'utf-8'
  if (format === undefined || !/^utf-?8$/.test(charset)) {
    throw new WinnowError(
      'media_type_unsupported',
      `Send Content-Type: application/json or application/x-ndjson in UTF-8, not "${headers.contentType ?? ''}"`,
    )
  }
  return format
}

/**
 * The values of a body in order. `application/json` may hold NDJSON too, since that is what many
 * tools send. Throws `body_invalid` or `batch_too_large`.
 */
export function bodyValues(
  body: Uint8Array,
  options: { readonly format: BodyFormat; readonly valuesMax: number },
): BodyValue[] {
  const { format, valuesMax } = options
  const values = format === 'ndjson' ? lineValues(body, valuesMax) : jsonValues(body, valuesMax)
  if (values.length === 0) throw new WinnowError('body_invalid', 'The body holds no event')
  return values
}

function jsonValues(body: Uint8Array, valuesMax: number): BodyValue[] {
  const read = readJson(body)
  if (read.kind === 'unreadable') {
    const firstLine = body.indexOf(0x0a)
    const isLines = firstLine > 0 && readJson(body.subarray(0, firstLine)).kind === 'value'
    if (isLines) return lineValues(body, valuesMax)
    throw new WinnowError('body_invalid', read.error.message)
  }
  if (!Array.isArray(read.value)) return [read]
  if (read.value.length > valuesMax) throw tooMany(valuesMax)
  return read.value.map((value: unknown) => ({ kind: 'value', value }))
}

function lineValues(body: Uint8Array, valuesMax: number): BodyValue[] {
  const values: BodyValue[] = []
  let from = 0
  while (from < body.length) {
    const newline = body.indexOf(0x0a, from)
    const to = newline < 0 ? body.length : newline
    const line = body.subarray(from, to)
    from = to + 1
    if (line.every(isBlank)) continue
    // Counted before it is parsed: a body of 8 MiB can hold millions of lines.
    if (values.length === valuesMax) throw tooMany(valuesMax)
    values.push(readJson(line))
  }
  return values
}

function readJson(bytes: Uint8Array): BodyValue {
  let text
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return { kind: 'unreadable', error: { code: 'utf8_invalid', message: 'not valid UTF-8' } }
  }
  try {
    return { kind: 'value', value: JSON.parse(text) as unknown }
  } catch (error) {
    // The parser's sentence says where, with a few characters of the caller's own body.
    return { kind: 'unreadable', error: { code: 'json_invalid', message: errorMessage(error) } }
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d
}

function tooMany(valuesMax: number): WinnowError {
  return new WinnowError(
    'batch_too_large',
    `The request holds more than ${valuesMax} events (gateway.batchEventsMax)`,
    { details: { eventsMax: valuesMax } },
  )
}
