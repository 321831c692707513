// Malformed events of every kind, by name, each with the code of its dead letter; and odd but valid
// events. For the stream with default limits and every cleaning step.
import avro from 'avsc'
import { eventAvro } from '../../schemas/event.ts'
import { cuts, jsonFields, brokenTexts } from './poison-parts.ts'

export type PoisonCase = {
  readonly name: string
  readonly value: Buffer | null
  readonly code: string
}

/** Schema ids in the registry that the values name. */
export type PoisonIds = {
  /** Of `eventAvro`, and of a later version of it with one more field. */
  event: number
  wider: number
  /**
   * Of schemas that are not events: that of winnow.validated, a string, one with an int as text.
   */
  validated: number
  string: number
  intText: number
  /** Of a schema that refers to itself. */
  recursive: number
  /** Of no schema. */
  unknown: number
}

/** The cleaning steps that the cases are for. */
export const poisonCleaning = ['unicode', 'control', 'mail-quotes', 'markup', 'whitespace'] as const

const eventType = avro.Type.forSchema(eventAvro as unknown as avro.Schema)

/** A later version of the event. */
export const widerAvro = {
  ...eventAvro,
  fields: [...eventAvro.fields, { name: 'mood', type: ['null', 'string'], default: null, doc: '' }],
}

/** A schema whose values can be nested to any depth. */
export const recursiveAvro = {
  type: 'record',
  name: 'Event',
  namespace: 'winnow',
  doc: '',
  fields: [
    { name: 'text', type: 'string' },
    { name: 'answer', type: ['null', 'Event'] },
  ],
}

/** A schema with the event's name whose text is a number. */
export const intTextAvro = { ...eventAvro, fields: [{ name: 'text', type: 'int' }] }

/** A value in Confluent wire format. */
export function wire(id: number, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(id, 1)
  return Buffer.concat([head, body])
}

/** The Avro body of an event. */
export function avroBody(fields: Record<string, unknown>): Buffer {
  const event = { id: null, source: null, time: null, attributes: {}, label: null, ...fields }
  return eventType.toBuffer(event)
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

/** All malformed events. `nowMs` is the time at which they are sent, in epoch milliseconds. */
export function poisonCases(ids: PoisonIds, nowMs: number): PoisonCase[] {
  return [...bytesCases(ids), ...jsonCases(), ...avroCases(ids), ...contentCases(ids, nowMs)]
}

/** Values that are not events from the first byte on. */
function bytesCases(ids: PoisonIds): PoisonCase[] {
  const text = JSON.stringify({ text: 'a text' })
  const utf16le = Buffer.from(text, 'utf16le')
  const utf16be = Buffer.from(utf16le).swap16()
  const cases: [string, string, Buffer | null][] = [
    ['no value', 'value_null', null],
    ['an empty value', 'json_invalid', Buffer.alloc(0)],
    ['a blank value', 'json_invalid', Buffer.from(' \n')],
    ['a byte-order mark alone', 'json_invalid', Buffer.from('\ufeff')],
    ['two byte-order marks', 'json_invalid', Buffer.from(`\ufeff\ufeff${text}`)],
    ['UTF-16, little end first', 'json_invalid', utf16le],
    ['UTF-16, little end first, with its mark', 'utf8_invalid', mark([0xff, 0xfe], utf16le)],
    ['UTF-16, big end first', 'schema_unknown', utf16be],
    ['UTF-16, big end first, with its mark', 'utf8_invalid', mark([0xfe, 0xff], utf16be)],
    ['gzip', 'utf8_invalid', Buffer.from('1f8b0800000000000003abae0500', 'hex')],
    ['zstd', 'utf8_invalid', Buffer.from('28b52ffd0400', 'hex')],
    ['PNG', 'utf8_invalid', Buffer.from('89504e470d0a1a0a', 'hex')],
    ['Protocol Buffers', 'json_invalid', Buffer.from('0a0661207465787412', 'hex')],
    ['MessagePack', 'utf8_invalid', Buffer.from('81a474657874a161', 'hex')],
    ['Latin-1', 'utf8_invalid', Buffer.from('{"text":"caf\xe9"}', 'latin1')],
    ['magic byte 1', 'avro_undecodable', wire(ids.event, avroBody({ text: 'a' })).fill(1, 0, 1)],
    ['magic byte 0 alone', 'avro_undecodable', Buffer.from([0])],
    ['a schema id cut short', 'avro_undecodable', Buffer.from([0, 0, 0, 1])],
    ['zeros', 'schema_unknown', Buffer.alloc(64)],
  ]
  return [...cases, ...brokenTexts.map(brokenJson)].map(([name, code, value]) => ({
    name,
    code,
    value,
  }))
}

function brokenJson([name, bytes]: readonly [string, readonly number[]]): [string, string, Buffer] {
  const parts = [Buffer.from('{"text":"a '), Buffer.from(bytes), Buffer.from('"}')]
  return [`JSON text with ${name}`, 'utf8_invalid', Buffer.concat(parts)]
}

function mark(bytes: readonly number[], value: Buffer): Buffer {
  return Buffer.concat([Buffer.from(bytes), value])
}

/** JSON that lacks what an event must say. */
function jsonCases(): PoisonCase[] {
  const written: [string, string, string][] = [
    ['no JSON', 'json_invalid', 'where is my parcel?'],
    ['JSON that never ends', 'json_invalid', '{"text":"a'],
    ['two values', 'json_invalid', '{"text":"a"}{"text":"b"}'],
    ['lines of JSON', 'json_invalid', '{"text":"a"}\n{"text":"b"}'],
    ['a comma too many', 'json_invalid', '{"text":"a",}'],
    ['single quotes', 'json_invalid', "{'text':'a'}"],
    ['a comment', 'json_invalid', '{"text":"a"} // note'],
    ['a key without quotes', 'json_invalid', '{text:"a"}'],
    ['a raw line feed in a string', 'json_invalid', '{"text":"a\nb"}'],
    ['a raw control character', 'json_invalid', '{"text":"a\u0007b"}'],
    ['half an escape', 'json_invalid', '{"text":"\\u12"}'],
    ['NaN', 'json_invalid', '{"text":"a","time":NaN}'],
    ['Infinity', 'json_invalid', '{"text":"a","time":Infinity}'],
    ['a hexadecimal number', 'json_invalid', '{"text":"a","time":0x1F}'],
    ['an emoji that V8 quotes in halves', 'json_invalid', `${'😀'.repeat(40)}{`],
    ['an array of events', 'event_not_object', '[{"text":"a"}]'],
    ['a string', 'event_not_object', '"a text"'],
    ['a number', 'event_not_object', '42'],
    ['true', 'event_not_object', 'true'],
    ['null', 'event_not_object', 'null'],
    ['arrays 100,000 deep', 'event_not_object', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['an empty object', 'field_missing', '{}'],
    ['no text', 'field_missing', '{"id":"a","source":"b"}'],
    ['a text with a capital', 'field_missing', '{"Text":"a"}'],
    ['a text inside', 'field_missing', '{"event":{"text":"a"}}'],
    ['a text on __proto__ only', 'field_missing', '{"__proto__":{"text":"a"}}'],
    ['a text on constructor only', 'field_missing', '{"constructor":{"prototype":{"text":"a"}}}'],
    ['a text 10,000 deep', 'field_type', `{"text":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['a time of 1e400', 'field_type', '{"text":"a","time":1e400}'],
    ['a time of -1e400', 'field_type', '{"text":"a","time":-1e400}'],
    ['a time of 1e300', 'time_future', '{"text":"a","time":1e300}'],
    ['a time of 400 digits', 'field_type', `{"text":"a","time":${'9'.repeat(400)}}`],
  ]
  const typed = jsonFields.map(([name, field, value]): [string, string, string] => [
    ...([name, 'field_type'] as const),
    JSON.stringify({ text: 'a', [field]: value }),
  ])
  return [...written, ...typed].map(([name, code, text]) => ({
    name,
    code,
    value: Buffer.from(text),
  }))
}

/** Avro values that do not match their schema, and schemas that are not events. */
function avroCases(ids: PoisonIds): PoisonCase[] {
  const full = {
    id: 'i1',
    text: 'a text',
    source: 's1',
    time: 1_767_225_600_000,
    label: 'l1',
    attributes: { k1: 'v1' },
  }
  const body = avroBody(full)
  const cases: [string, string, Buffer][] = [
    ['an unknown schema', 'schema_unknown', wire(ids.unknown, body)],
    ['schema 0', 'schema_unknown', wire(0, body)],
    ['schema 2^31', 'schema_unknown', wire(2 ** 31, body)],
    ['schema 2^32 - 1', 'schema_unknown', wire(2 ** 32 - 1, body)],
    ['the schema of another topic', 'schema_mismatch', wire(ids.validated, body)],
    ['the schema of a string', 'schema_mismatch', wire(ids.string, Buffer.from([2, 0x61]))],
    ['a schema whose text is a number', 'schema_mismatch', wire(ids.intText, Buffer.from([2]))],
    [
      'bytes behind the value',
      'avro_undecodable',
      wire(ids.event, mark([...body], Buffer.alloc(1))),
    ],
    ['a narrower value than its schema', 'avro_undecodable', wire(ids.wider, body)],
    ['nesting 100,000 deep', 'avro_undecodable', wire(ids.recursive, nested(100_000))],
    ...brokenLengths.map(([name, bytes]): [string, string, Buffer] => [
      ...([name, 'avro_undecodable'] as const),
      wire(ids.event, Buffer.from(bytes)),
    ]),
  ]
  const broken = brokenTexts.flatMap(([name, bytes]) =>
    Object.entries(full)
      .filter(([field]) => field !== 'time')
      .flatMap(([field]) =>
        brokenFields(field, bytes, full).map(([place, value]): [string, string, Buffer] => [
          `Avro ${place} with ${name}`,
          'utf8_invalid',
          wire(ids.event, value),
        ]),
      ),
  )
  const cut = cuts(body).map((part): [string, string, Buffer] => [
    ...([`Avro cut after ${part.length} bytes`, 'avro_undecodable'] as const),
    wire(ids.event, part),
  ])
  return [...cases, ...broken, ...cut].map(([name, code, value]) => ({ name, code, value }))
}

/** A body whose field (or attribute key) has bytes that are not text, its length unchanged. */
function brokenFields(
  field: string,
  bytes: readonly number[],
  full: Record<string, unknown>,
): [string, Buffer][] {
  const stand = 'Z'.repeat(bytes.length)
  const replaced = (fields: Record<string, unknown>): Buffer => {
    const body = avroBody({ ...full, ...fields })
    Buffer.from(bytes).copy(body, body.indexOf(stand))
    return body
  }
  if (field !== 'attributes') return [[field, replaced({ [field]: stand })]]
  return [
    ['attribute value', replaced({ attributes: { k1: stand } })],
    ['attribute name', replaced({ attributes: { [stand]: 'v1' } })],
  ]
}

/** Each is the start of an event's body with a wrong length. */
const brokenLengths: [string, number[]][] = [
  ['an id of branch 2', [4, 0]],
  ['an id of branch -1', [1, 0]],
  ['an id of a negative length', [2, 1]],
  ['an id of 2^40 bytes', [2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]],
  ['a text of a negative length', [0, 1]],
  ['a text of 2^62 bytes', [0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ['a length of eleven bytes', [0, ...Array<number>(11).fill(0x80), 0x01]],
  ['a length that never ends', [0, 0x80]],
  ['2^40 attributes', [0, 2, 0x61, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]],
  ['-2^40 attributes', [0, 2, 0x61, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f, 0]],
  ['a time beyond 2^53', [0, 2, 0x61, 0, 2, ...Array<number>(9).fill(0xfe), 0x01, 0, 0]],
]

function nested(depth: number): Buffer {
  const level = [2, 0x61, 2]
  const parts = Buffer.alloc(depth * level.length + 3)
  for (let at = 0; at < depth; at++) parts.set(level, at * level.length)
  parts.set([2, 0x61, 0], depth * level.length)
  return parts
}

/** Well-formed events with forbidden content. */
function contentCases(ids: PoisonIds, nowMs: number): PoisonCase[] {
  const day = 86_400_000
  const avroOf = (fields: Record<string, unknown>) => wire(ids.event, avroBody(fields))
  const pairs = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'v']))
  const both = (code: string, name: string, fields: Record<string, unknown>): PoisonCase[] => [
    { name: `${name} (JSON)`, code, value: json({ text: 'a', ...fields }) },
    { name: `${name} (Avro)`, code, value: avroOf({ text: 'a', ...fields }) },
  ]
  const times: [string, string, unknown][] = [
    ['time_future', 'a time in two days', nowMs + 2 * day],
    ['time_future', 'a time in two days, written', new Date(nowMs + 2 * day).toISOString()],
    ['time_future', 'a time in microseconds', nowMs * 1_000],
    ['time_future', 'the year 9999', '9999-12-31T23:59:59Z'],
    ['time_past', 'a time in seconds', Math.floor(nowMs / 1_000)],
    ['time_past', 'time 0', 0],
    ['time_past', 'a negative time', -1],
    ['time_past', 'the year 0001', '0001-01-01T00:00:00Z'],
    ['time_past', 'the end of 1999', '1999-12-31T23:59:59.999Z'],
    ['time_invalid', 'a time in words', 'next tuesday'],
    ['time_invalid', 'an empty time', ''],
    ['time_invalid', 'a date', '2026-01-31'],
    ['time_invalid', 'a time without a zone', '2026-01-31T12:00:00'],
    ['time_invalid', '30 February', '2026-02-30T12:00:00Z'],
    ['time_invalid', 'month 13', '2026-13-01T12:00:00Z'],
    ['time_invalid', 'hour 25', '2026-01-31T25:00:00Z'],
    ['time_invalid', 'a number as a string', String(nowMs)],
    ['time_invalid', 'an RFC 2822 date', 'Sat, 31 Jan 2026 12:00:00 GMT'],
    ['time_invalid', 'a time with control characters', '2026-01-31T12:00:00Z\u0000'],
  ]
  const empties: [string, string][] = [
    ['an empty text', ''],
    ['spaces', ' \t\n\r '],
    ['wide spaces', '\u3000\u2003\u00a0'],
    ['control characters', '\u0000\u0007\u001b\u009f'],
    ['a byte-order mark as text', '\ufeff'],
    ['zero-width spaces', '\u200b\u200b'],
    ['a variation selector', '\ufe0f'],
    ['marks of direction', '\u202a\u202c'],
    ['joiners, a soft hyphen and tags', '\u2060\u200d\u00ad\u{e0041}\u{e007f}'],
    ['fillers of Hangul and a blank of Braille', '\u3164\uffa0\u115f\u2800'],
    ['markup', '<p><b></b></p><br/>'],
    ['a comment of markup', '<b><!-- nothing --></b>'],
    ['markup 100,000 deep', '<i>'.repeat(100_000)],
    ['a quoted mail', '> all of it\n> is quoted'],
  ]
  const halves: [string, string][] = [
    ['text', 'a \ud800 b'],
    ['id', 'a\udc00'],
    ['source', '\ud83d'],
    ['label', 'a\ud800'],
  ]
  const long: [string, Record<string, unknown>][] = [
    ['an id of 257 characters', { id: 'i'.repeat(257) }],
    ['an id of a megabyte', { id: 'i'.repeat(1_000_000) }],
    ['a source of 257 characters', { source: 's'.repeat(257) }],
    ['a label of 257 characters', { label: 'l'.repeat(257) }],
    ['65 attributes', { attributes: pairs(65) }],
    ['20,000 attributes', { attributes: pairs(20_000) }],
    ['an attribute name of 257 characters', { attributes: { ['k'.repeat(257)]: 'v' } }],
    ['an attribute of 4,097 characters', { attributes: { k: 'v'.repeat(4_097) } }],
  ]
  return [
    ...times.flatMap(([code, name, time]) => both(code, name, { time })),
    ...empties.flatMap(([name, text]) => both('text_empty', name, { text })),
    ...long.flatMap(([name, fields]) => both('field_too_long', name, fields)),
    ...both('field_type', 'an empty id', { id: '' }),
    ...both('field_type', 'an id of a dot', { id: '.' }),
    ...both('field_type', 'an id of two dots', { id: '..' }),
    ...both('field_type', 'an attribute that would set a prototype', {
      attributes: JSON.parse('{"__proto__":"x"}') as unknown,
    }),
    ...both('field_type', 'an empty label', { label: '' }),
    ...both('text_too_long', 'a text of a byte too many', { text: 'x'.repeat(1_000_001) }),
    ...both('text_too_long', 'a text of 10 megabytes', { text: 'long '.repeat(2_000_000) }),
    ...both('text_too_long', 'a text too long in UTF-8', { text: '語'.repeat(333_334) }),
    ...halves.map(([field, half]) => ({
      name: `half a surrogate pair as ${field}`,
      code: 'text_unpaired_surrogate',
      // JSON.stringify writes it as an escape.
      value: json({ text: 'a', [field]: half }),
    })),
    {
      name: 'half a surrogate pair in an attribute',
      code: 'text_unpaired_surrogate',
      value: json({ text: 'a', attributes: { k: '\ud800' } }),
    },
  ]
}

/** Odd but valid events, each with the expected id of its row. */
export function oddEvents(ids: PoisonIds, nowMs: number): { id: string; value: Buffer }[] {
  const text = 'where is my parcel?'
  const attributes = Object.fromEntries(Array.from({ length: 64 }, (_, at) => [`k${at}`, 'v']))
  const blocks = avroBody({ id: 'odd-blocks', text })
  return [
    { id: 'odd-bom', value: Buffer.from(`\ufeff${JSON.stringify({ id: 'odd-bom', text })}`) },
    { id: 'odd-unknown', value: json({ id: 'odd-unknown', text, mood: { deep: [[[1]]] } }) },
    {
      id: 'odd-proto',
      value: Buffer.from(
        `{"id":"odd-proto","text":"${text}","__proto__":{"text":1},"attributes":{"constructor":"x"}}`,
      ),
    },
    { id: 'odd-twice', value: Buffer.from(`{"text":1,"id":"odd-twice","text":"${text}"}`) },
    { id: 'odd-nulls', value: json({ id: 'odd-nulls', text, source: null, attributes: null }) },
    { id: 'odd-control', value: json({ id: 'odd-control', text: `${text}\u0000\u001b[31m` }) },
    {
      id: 'odd-limits',
      value: json({ id: 'odd-limits', text: 'x'.repeat(1_000_000), attributes }),
    },
    { id: 'i'.repeat(256), value: json({ id: 'i'.repeat(256), text }) },
    { id: 'odd-time', value: json({ id: 'odd-time', text, time: nowMs + 86_000_000 }) },
    {
      id: 'odd-marks',
      value: json({ id: 'odd-marks', text: `a${'\u0315\u0300'.repeat(200_000)}` }),
    },
    { id: 'odd-tags', value: json({ id: 'odd-tags', text: `${text} ${'<a '.repeat(300_000)}` }) },
    {
      id: 'odd-tables',
      value: json({ id: 'odd-tables', text: '<table><tr><td>x'.repeat(60_000) }),
    },
    { id: 'odd-word', value: json({ id: 'odd-word', text: 'w'.repeat(900_000) }) },
    { id: 'odd-fffd', value: wire(ids.event, avroBody({ id: 'odd-fffd', text: '\ufffd a' })) },
    // The attributes as blocks with sizes, which no encoder here would write: {k: v} twice.
    {
      id: 'odd-blocks',
      value: wire(
        ids.event,
        Buffer.concat([
          blocks.subarray(0, -2),
          Buffer.from([1, 8, 2, 0x6b, 2, 0x76, 1, 8, 2, 0x6a, 2, 0x76, 0, 0]),
        ]),
      ),
    },
    {
      id: 'odd-wider',
      value: wire(
        ids.wider,
        Buffer.concat([avroBody({ id: 'odd-wider', text }), Buffer.from([2, 2, 0x61])]),
      ),
    },
  ]
}
