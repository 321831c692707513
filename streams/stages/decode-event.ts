// Decodes a record on winnow.events: Avro in Confluent wire format if the value starts with a
// schema id, else UTF-8 JSON. validate.ts checks the event.
import { z } from 'zod'
import { eventJson, type EventRecord } from '../../schemas/event.ts'
import { issueRule } from '../../schemas/issue-text.ts'
import { readJsonObject } from '../../schemas/json-object.ts'
import { startsWithSchemaId } from '../../schemas/schema-id.ts'
import { ok, rejected, type Outcome } from '../../schemas/outcome.ts'

/** Unknown fields of JSON events are ignored, as Avro's schema resolution does. */
const openEventJson = z.object(eventJson.shape)
/** More attributes are refused without checking each one: a million of them took 4 s. */
const attributesMax = 65_536

/** Reads Avro values; the registry client has this shape. Throws when the registry is away. */
export type AvroReader<T> = (value: Buffer) => Promise<Outcome<T>>

/** Decodes the value of one record. Throws only what `readAvro` throws. */
export async function decodeEvent(
  value: Buffer | null,
  readAvro: AvroReader<EventRecord>,
): Promise<Outcome<EventRecord>> {
  if (value === null) return rejected('value_null', 'the record has no value')
  if (startsWithSchemaId(value)) return readAvro(value)
  return decodeJsonEvent(value)
}

/** Decodes a JSON event; null and absent are the same for optional fields. */
export function decodeJsonEvent(value: Uint8Array): Outcome<EventRecord> {
  const json = decodeJson(value, openEventJson, 'a JSON event must be an object with a "text"')
  if (json.kind !== 'ok') return json
  const { id, text: body, source, time, attributes, label } = json.value
  return ok({
    id: id ?? null,
    text: body,
    source: source ?? null,
    time: time ?? null,
    attributes: attributes ?? {},
    label: label ?? null,
  })
}

/** Decodes UTF-8 JSON of a shape; `expected` is the message for JSON other than an object. */
export function decodeJson<T>(
  value: Uint8Array,
  shape: z.ZodType<T>,
  expected: string,
): Outcome<T> {
  const read = readJsonObject(value, { notObject: expected })
  if (read.kind === 'rejected') return read
  const { value: json } = read
  if (entriesOf(json, 'attributes') > attributesMax) {
    return rejected('field_too_long', `attributes has more than ${attributesMax} entries`)
  }
  const parsed = shape.safeParse(json)
  return parsed.success ? ok(parsed.data) : rejection(parsed.error.issues[0]!, json)
}

/** How many entries a field has that is an object. */
function entriesOf(json: object, field: string): number {
  const value: unknown = Object.hasOwn(json, field) ? Reflect.get(json, field) : undefined
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}

function rejection(issue: z.core.$ZodIssue, json: object): Outcome<never> {
  const path = issue.path.join('.')
  const message = `${path} ${issueRule(issue, json)}`
  if (issue.code === 'too_big') return rejected('field_too_long', message)
  if (issue.code === 'invalid_key')
    return rejected('field_too_long', 'an attribute name is too long')
  const [field] = issue.path
  if (issue.path.length === 1 && !Object.hasOwn(json, String(field))) {
    return rejected('field_missing', message)
  }
  return rejected('field_type', message)
}
