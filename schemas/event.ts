// The text event on winnow.events: its Avro schema, the record type derived from it, and the
// validator of the JSON form that people produce by hand. Limits live in configs, not here.
import { z } from 'zod'
import type { AvroRecord, AvroType } from './avro-type.ts'
import { characters } from './characters.ts'
import { instantNumber, instantText } from './rfc3339.ts'

/** Avro schema of one event on winnow.events. */
export const eventAvro = {
  type: 'record',
  name: 'Event',
  namespace: 'winnow',
  doc: 'A text to be classified.',
  fields: [
    {
      name: 'id',
      type: ['null', 'string'],
      default: null,
      doc: 'Chosen by the producer; topic/partition/offset when absent.',
    },
    { name: 'text', type: 'string', doc: 'The text to classify.' },
    {
      name: 'source',
      type: ['null', 'string'],
      default: null,
      doc: 'Where the text came from, such as "support-mail".',
    },
    {
      name: 'time',
      type: ['null', 'long', 'string'],
      default: null,
      doc: 'When it happened: epoch milliseconds or RFC 3339; the record time when absent.',
    },
    {
      name: 'attributes',
      type: { type: 'map', values: 'string' },
      default: {},
      doc: 'Free key-value pairs that travel with the event into ClickHouse.',
    },
    {
      name: 'label',
      type: ['null', 'string'],
      default: null,
      doc: 'The true label when it is already known.',
    },
  ],
} as const satisfies AvroRecord

/** One event as Avro decodes it. */
export type EventRecord = AvroType<typeof eventAvro>

/**
 * White space, control characters and what is never shown, of the Basic Multilingual Plane:
 * Default_Ignorable_Code_Point of Unicode 17 (joiners, direction marks, variation selectors,
 * fillers) and what fonts draw as nothing (the blank Braille pattern, marks of annotations). Ranges
 * instead of properties, so that the pattern holds in any JSON Schema.
 */
const unseen =
  '\\s\\u0000-\\u001f\\u007f-\\u00a0\\u00ad\\u034f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f' +
  '\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb'

/** The same of the other planes: joiners of scripts, the null notehead, tags. */
const unseenBeyond =
  '\u{13430}-\u{1343f}\u{16fe4}\u{1bca0}-\u{1bca3}\u{1d159}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}'

/** A text with something to see: at least one character that is not among those above. */
export const visibleText = new RegExp(`[^${unseen}${unseenBeyond}]`, 'u')

/**
 * The pattern of such texts for JSON Schemas. Validators without Unicode mode cannot read ranges
 * beyond the Basic Multilingual Plane, so it lets texts of those characters alone pass.
 */
export const visiblePattern = `[^${unseen}]`

/**
 * Whether an id can stand in the path of a URL: "." and ".." mean the folder and its parent there,
 * even escaped (RFC 3986, 5.2.4).
 */
export function hasAddress(id: string): boolean {
  return id !== '.' && id !== '..'
}

/** `__proto__` would be lost: as a key it sets the prototype of an object. */
const attributes = z.preprocess(
  (value: Readonly<Record<string, string>>, { issues }) => {
    if (Object.hasOwn(Object(value) as object, '__proto__')) {
      issues.push({ code: 'custom', message: 'must not have the name "__proto__"', input: value })
    }
    return value
  },
  z.record(characters(0, 256).meta({ not: { const: '__proto__' } }), characters(0, 4_096)),
)

/** One event as people write it in JSON: only `text` is required. */
export const eventJson = z.strictObject({
  id: characters(1, 256)
    .refine(hasAddress, 'must not be "." or ".."')
    .meta({ not: { enum: ['.', '..'] } })
    .nullish(),
  text: z.string().meta({ pattern: visiblePattern }),
  source: characters(1, 256).nullish(),
  time: z.union([instantNumber, instantText]).nullish(),
  attributes: attributes.nullish(),
  label: characters(1, 256).nullish(),
})
