// Splits the body of POST /v1/events into items: one JSON object, an array, or NDJSON. It enforces
// the limits and parses one item at a time, so that a body over the limits costs only a pass over
// its bytes. event-check.ts checks whether each item is an event.
import { isUtf8 } from 'node:buffer'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError, errorMessage } from '../../schemas/errors.ts'
import type { ItemErrorCode } from '../../schemas/errors.ts'
import { codingOf } from './content-coding.ts'
import { afterBlank, countEntries, cutArray, type JsonItem } from './json-cut.ts'

/** One item of the body, or why it could not be parsed. */
export type BodyValue =
  | { readonly kind: 'value'; readonly value: unknown }
  | {
      readonly kind: 'unreadable'
      readonly error: { readonly code: ItemErrorCode; readonly message: string }
    }

/** The limits of a body. */
export type BodyLimits = {
  /** Most items. */
  readonly itemsMax: number
  /** Most entries of the objects and arrays within one item, which also limits its nesting. */
  readonly entriesMax: number
}

/** A body that is cut into items. */
export type CutItems = {
  readonly count: number
  /** Parses one item. Throws `body_invalid` if the body as a whole is invalid. */
  read(index: number): BodyValue
  /** What names the item besides its index. */
  placeOf?(index: number): { readonly line: number }
}

/** The format of a body. */
export type BodyFormat = 'json' | 'ndjson'

/** The format of a body of events, which may be a table, a CloudEvent or a batch of them too. */
export type EventFormat = BodyFormat | 'csv' | 'cloudevent' | 'cloudevents'

const formats: ReadonlyMap<string, BodyFormat> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
])

type BodyHeaders = {
  header: (name: 'content-type' | 'content-encoding') => string | undefined
}

/**
 * The format that the headers name. A missing type is refused too: browsers send such requests
 * across origins without a preflight, so accepting it would let any page post to a loopback
 * gateway. Throws `media_type_unsupported`, also for an unsupported coding.
 */
export function bodyFormat(request: BodyHeaders): BodyFormat {
  return formatIn(formats, request)
}

const eventFormats: ReadonlyMap<string, EventFormat> = new Map<string, EventFormat>([
  ...formats,
  ['text/csv', 'csv'],
  ['application/cloudevents+json', 'cloudevent'],
  ['application/cloudevents-batch+json', 'cloudevents'],
])

/** The same for events. Browsers send none of these types without a preflight. */
export function eventFormat(request: BodyHeaders): EventFormat {
  return formatIn(eventFormats, request)
}

function formatIn<Format>(known: ReadonlyMap<string, Format>, request: BodyHeaders): Format {
  codingOf(request.header('content-encoding'))
  const given = request.header('content-type') ?? ''
  const [type, ...parameters] = given.toLowerCase().split(';')
  const format = known.get(type!.trim())
  const charset = /charset="?([^";\s]+)/.exec(parameters.join(';'))?.[1] ?? 'utf-8'
  if (format === undefined || !/^utf-?8$/.test(charset)) {
    throw new WinnowError(
      'media_type_unsupported',
      `Send Content-Type: ${[...known.keys()].join(', ')} in UTF-8, not "${given}"`,
    )
  }
  return format
}

/**
 * Splits a body into its items, in steps of about a millisecond; `read` parses one item.
 * `application/json` may hold NDJSON too, because many tools send that. Throws `body_invalid` or
 * `batch_too_large`.
 */
export function* cutBody(
  bytes: Uint8Array,
  options: BodyLimits & {
    readonly format: BodyFormat
    /** The only form that the body may have; any by default. */
    readonly form?: 'one' | 'array'
  },
): Work<CutItems> {
  const { body, start } = jsonText(bytes)
  const { form, items } =
    options.format === 'ndjson'
      ? { form: 'lines' as const, items: yield* cutLines(body, start, options) }
      : yield* cutJson(body, start, options)
  if (items.length === 0) throw invalidBody('The body holds no event')
  if (options.form !== undefined && form !== options.form) {
    const meant = options.form === 'one' ? 'one JSON object' : 'a JSON array'
    throw invalidBody(`With this Content-Type, the body must be ${meant}`)
  }
  return {
    count: items.length,
    read: (index) => {
      const value = readItem(body, items[index]!, options.entriesMax)
      // An invalid line is one wrong item; invalid JSON makes the whole list unreadable.
      if (form === 'lines' || value.kind === 'value' || value.error.code === 'field_too_long') {
        return value
      }
      const where = form === 'array' ? `The value at index ${index}: ` : ''
      throw invalidBody(`${where}${value.error.message}`)
    },
  }
}

/** Parses the single value of a body, in two steps. */
export function* readBody(bytes: Uint8Array, entriesMax: number): Work<BodyValue> {
  const { body, start } = jsonText(bytes)
  const item = { from: start, to: body.length }
  const entries = yield* countEntries(body, { ...item, entriesMax })
  yield
  return readItem(body, { ...item, entries }, entriesMax)
}

/** A byte order mark is not part of the JSON text; RFC 8259, 8.1 lets a parser ignore it. */
function jsonText(bytes: Uint8Array): { body: Buffer; start: number } {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { body, start: body.length >= 3 && body.readUIntBE(0, 3) === 0xefbbbf ? 3 : 0 }
}

type Cut = { form: 'one' | 'array' | 'lines'; items: readonly JsonItem[] }

function* cutJson(body: Buffer, start: number, limits: BodyLimits): Work<Cut> {
  const open = afterBlank(body, start)
  if (open === body.length) return { form: 'one', items: [] }
  const isArray = String.fromCharCode(body[open]!) === '['
  const array = isArray ? yield* cutArray(body, open, limits.itemsMax) : undefined
  if (array !== undefined && array.items.length > limits.itemsMax) throw tooMany(limits.itemsMax)
  if (array !== undefined && afterBlank(body, array.to) === body.length) {
    return { form: 'array', items: array.items }
  }
  if (yield* startsWithLine(body, start, limits)) {
    return { form: 'lines', items: yield* cutLines(body, start, limits) }
  }
  if (isArray) {
    const where =
      array === undefined ? 'has no end' : `ends at position ${array.to}, the body does not`
    throw invalidBody(`The array in the body ${where}`)
  }
  const item = { from: start, to: body.length }
  const entries = yield* countEntries(body, { ...item, ...limits })
  return { form: 'one', items: [{ ...item, entries }] }
}

/** Whether the first line is a complete value but not the whole body. */
function* startsWithLine(body: Buffer, from: number, limits: BodyLimits): Work<boolean> {
  const to = body.indexOf(0x0a, from)
  if (to < 0 || afterBlank(body, to) === body.length) return false
  const entries = yield* countEntries(body, { from, to, ...limits })
  return readItem(body, { from, to, entries }, limits.entriesMax).kind === 'value'
}

function* cutLines(body: Buffer, start: number, limits: BodyLimits): Work<JsonItem[]> {
  const items: JsonItem[] = []
  for (let from = afterBlank(body, start); from < body.length; from = afterBlank(body, from)) {
    // Counts before parsing: a body of 8 MiB can hold millions of lines.
    if (items.length === limits.itemsMax) throw tooMany(limits.itemsMax)
    const newline = body.indexOf(0x0a, from)
    const to = newline < 0 ? body.length : newline
    items.push({ from, to, entries: yield* countEntries(body, { from, to, ...limits }) })
    from = to
    yield
  }
  return items
}

function readItem(body: Buffer, { from, to, entries }: JsonItem, entriesMax: number): BodyValue {
  if (entries > entriesMax) {
    const message = `holds more than ${entriesMax} entries in its objects and arrays`
    return { kind: 'unreadable', error: { code: 'field_too_long', message } }
  }
  if (!isUtf8(body.subarray(from, to))) {
    return { kind: 'unreadable', error: { code: 'utf8_invalid', message: 'not valid UTF-8' } }
  }
  try {
    return { kind: 'value', value: JSON.parse(body.toString('utf8', from, to)) as unknown }
  } catch (error) {
    // The parser's message gives the position, with a few characters of the caller's own body.
    return { kind: 'unreadable', error: { code: 'json_invalid', message: errorMessage(error) } }
  }
}

/** The error for a body that is invalid as a whole, or in one field. */
export function invalidBody(message: string, field?: string): WinnowError {
  return new WinnowError('body_invalid', message, field === undefined ? {} : { details: { field } })
}

/** The error for a body of too many items. */
export function tooMany(itemsMax: number): WinnowError {
  return new WinnowError(
    'batch_too_large',
    `The request holds more than ${itemsMax} events (gateway.batchEventsMax)`,
    { details: { eventsMax: itemsMax } },
  )
}
