// Checks events before they are published, so that a caller learns at once about what would
// otherwise become a dead letter. The stream checks what only the stream can know.
import type { z } from 'zod'
import type { Config } from '../../configs/schema.ts'
import type { EventErrorCode } from '../../schemas/errors.ts'
import { eventJson, visibleText } from '../../schemas/event.ts'
import { issueRule } from '../../schemas/issue-text.ts'
import { parseRfc3339 } from '../../schemas/rfc3339.ts'
import type { PublishedEvent } from '../http/dependencies.ts'

/** A checked event; its id is absent if the caller gave none. */
export type CheckedEvent = Omit<PublishedEvent, 'id'> & { readonly id?: string }

/** One defect of an event. */
export type EventDefect = {
  readonly code: EventErrorCode
  readonly field?: string
  readonly message: string
}

/** The event, or everything that is wrong with it. */
export type EventCheck =
  { kind: 'ok'; event: CheckedEvent } | { kind: 'rejected'; defects: readonly EventDefect[] }

/** Earlier times are taken for a wrong unit: 2000-01-01 in epoch milliseconds. */
const timeMsMin = Date.UTC(2000, 0, 1)

/** Checks one JSON value against the event schema and the limits. `nowMs` is epoch milliseconds. */
export function checkEvent(
  value: unknown,
  options: { readonly limits: Config['limits']; readonly nowMs: number },
): EventCheck {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const message = `an event must be a JSON object, not ${nameOf(value)}`
    return { kind: 'rejected', defects: [{ code: 'event_not_object', message }] }
  }
  const parsed = eventJson.safeParse(value)
  if (!parsed.success) {
    const defects = parsed.error.issues.flatMap((issue) => shapeDefects(issue, value, 'an event'))
    return { kind: 'rejected', defects }
  }
  const event = withoutNulls(parsed.data)
  const defects = [
    ...textDefects(event.text, options.limits.textBytesMax),
    ...timeDefects(event.time, options),
    ...attributesDefects(event.attributes, options.limits.attributesMax),
    ...surrogateDefects([
      ['id', event.id],
      ['source', event.source],
      ['label', event.label],
      ...Object.entries(event.attributes ?? {}).map(([name, value]): [string, string] => [
        'attributes',
        `${name} ${value}`,
      ]),
    ]),
  ]
  return defects.length === 0 ? { kind: 'ok', event } : { kind: 'rejected', defects }
}

/** What is wrong with a text to classify, in an event or on its own. */
export function textDefects(text: string, bytesMax: number): EventDefect[] {
  const field = 'text'
  const bytes = Buffer.byteLength(text)
  if (bytes > bytesMax) {
    const message = `text has ${bytes} bytes; at most ${bytesMax} are allowed (limits.textBytesMax)`
    return [{ code: 'text_too_long', field, message }]
  }
  if (!visibleText.test(text)) {
    const message = text === '' ? 'text is empty' : 'text has no visible character'
    return [{ code: 'text_empty', field, message }]
  }
  return text.isWellFormed()
    ? []
    : [{ code: 'text_unpaired_surrogate', field, message: 'text holds an unpaired surrogate' }]
}

type Issue = z.core.$ZodIssue

/** Describes one issue of a schema as defects; `noun` is what the value should be. */
export function shapeDefects(issue: Issue, value: object, noun: string): EventDefect[] {
  const field = shorten(issue.path.join('.'))
  const message = `${field} ${issueRule(issue, value)}`
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        code: 'field_unknown',
        field: shorten(key),
        message: `${shorten(key)} is not a field of ${noun}`,
      }))
    case 'too_big':
      return [{ code: 'field_too_long', field, message }]
    case 'invalid_key':
      return [
        { code: 'field_too_long', field: 'attributes', message: 'an attribute name is too long' },
      ]
    case 'too_small':
    case 'custom':
      return [{ code: 'field_type', field, message }]
    default:
      return issue.path.length === 1 && !Object.hasOwn(value, issue.path[0]!)
        ? [{ code: 'field_missing', field, message }]
        : [{ code: 'field_type', field, message }]
  }
}

/** What is wrong with a time; nothing if it is absent. */
export function timeDefects(
  time: number | string | undefined,
  options: { readonly limits: Config['limits']; readonly nowMs: number },
): EventDefect[] {
  if (time === undefined) return []
  const field = 'time'
  const timeMs = typeof time === 'number' ? time : parseRfc3339(time)
  if (timeMs === undefined || !Number.isFinite(timeMs)) {
    const message = 'time must be RFC 3339, such as 2025-01-31T12:00:00Z, or epoch milliseconds'
    return [{ code: 'time_invalid', field, message }]
  }
  if (timeMs < timeMsMin) {
    return [
      {
        code: 'time_past',
        field,
        message: 'time is before the year 2000; are these seconds instead of milliseconds?',
      },
    ]
  }
  if (timeMs > options.nowMs + options.limits.futureMsMax) {
    const message =
      `time is more than ${options.limits.futureMsMax} ms in the future ` + '(limits.futureMsMax)'
    return [{ code: 'time_future', field, message }]
  }
  return []
}

function attributesDefects(
  attributes: Readonly<Record<string, string>> | undefined,
  attributesMax: number,
): EventDefect[] {
  const count = Object.keys(attributes ?? {}).length
  if (count <= attributesMax) return []
  const message = `attributes has ${count} entries; at most ${attributesMax} are allowed (limits.attributesMax)`
  return [{ code: 'field_too_long', field: 'attributes', message }]
}

/** Half a surrogate pair cannot be encoded as UTF-8, so it would arrive as another string. */
export function surrogateDefects(
  named: readonly (readonly [field: string, value: string | undefined])[],
): EventDefect[] {
  return named
    .filter(([, value]) => value !== undefined && !value.isWellFormed())
    .map(([field]) => ({
      code: 'text_unpaired_surrogate',
      field,
      message: `${field} holds an unpaired surrogate`,
    }))
}

function withoutNulls(event: z.output<typeof eventJson>): CheckedEvent {
  const { id, text, source, time, attributes, label } = event
  return {
    text,
    ...(id != null && { id }),
    ...(source != null && { source }),
    // Records have whole milliseconds.
    ...(time != null && { time: typeof time === 'number' ? Math.trunc(time) : time }),
    ...(attributes != null && { attributes }),
    ...(label != null && { label }),
  }
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`
}

/** Shortens a caller's own words in a message. */
function shorten(text: string): string {
  return text.length > 64 ? `${text.slice(0, 64)}…` : text
}
