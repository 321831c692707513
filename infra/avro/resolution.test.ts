// Schema resolution compared with fastavro: every value of the fixture gives the same result, or is
// refused by both. Also what people see of a refusal: its code, and a sentence that names the
// field.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { eventAvro, type EventRecord } from '../../schemas/event.ts'
import { resolveSchemas, type Decoded } from './resolution.ts'
import { readSchemaGraph, type SchemaNode } from './schema-graph.ts'

type Ok<T> = Extract<Decoded<T>, { kind: 'ok' }>
type Outcome = { bytes: string; value?: unknown; refused?: true }
type Case = { name: string; writer: object; reader: object | null; values: Outcome[] }
const fixture = JSON.parse(readFileSync('tests/fixtures/avro-resolution.json', 'utf8')) as {
  event: object
  cases: Case[]
}

function graphOf(schema: unknown): SchemaNode {
  const graph = readSchemaGraph(schema)
  if (graph.kind === 'rejected') throw new TypeError(graph.message)
  return graph.root
}

/** Bytes in the form of the fixture. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return { hex: value.toString('hex') }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}

function readAs(reader: unknown, writer: unknown, bytes: Buffer): Decoded<unknown> {
  const resolution = resolveSchemas(graphOf(writer), graphOf(reader))
  if (resolution.kind === 'ok') return resolution.read(bytes)
  return { kind: 'rejected', error: { code: 'schema_mismatch', message: resolution.message } }
}

describe('resolution compared with fastavro', () => {
  it('reads the event of the fixture, which is the event of Winnow', () => {
    const bare = eventAvro.fields.map((field) => ({ ...field, doc: undefined }))
    expect({ ...eventAvro, doc: undefined, fields: bare }).toEqual(fixture.event)
    expect(fixture.cases.flatMap(({ values }) => values).length).toBeGreaterThan(900)
  })

  it.each(fixture.cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    for (const { bytes, value, refused } of one.values) {
      const result = readAs(one.reader ?? eventAvro, one.writer, Buffer.from(bytes, 'hex'))
      if (refused) expect(result.kind).toBe('rejected')
      else expect(plain(result)).toEqual({ kind: 'ok', value })
    }
  })
})

describe('a refusal', () => {
  const strings = (...names: string[]) => names.map((name) => ({ name, type: 'string' }))
  const named = (name: string, fields: object[]) => ({ type: 'record', name, fields })
  const text = (type: unknown) => named('Event', [{ name: 'text', type }])

  it.each([
    [text('int'), 'text: int cannot be read as string'],
    [text(['null', 'int']), 'text: int cannot be read as string'],
    [text(['int', 'boolean']), 'text: union of int, boolean cannot be read as string'],
    [named('Event', strings('Text')), 'text: record Event has no such field'],
    ['string', 'string cannot be read as record winnow.Event'],
    [
      named('io.confluent.ksql.avro_schemas.KsqlDataSourceSchema', strings('text')),
      "a record named KsqlDataSourceSchema cannot be read as Event; name the producer's record Event",
    ],
  ])('of a schema names the field and the reason: %j', (writer, message) => {
    const expected = { kind: 'rejected', error: { code: 'schema_mismatch', message } }
    expect(readAs(eventAvro, writer, Buffer.alloc(0))).toEqual(expected)
  })

  const tree = (value: unknown) => ({
    ...named('Tree', [
      { name: 'value', type: value },
      { name: 'below', type: { type: 'array', items: 'Tree' } },
    ]),
  })
  const nullable = ['null', 'string']
  const kind = (...symbols: string[]) => ({ type: 'enum', name: 'Kind', symbols })

  it.each([
    ['null', eventAvro, text(nullable), [0], 'text is null where string is expected'],
    [
      'a number',
      eventAvro,
      text(['string', 'int']),
      [2, 8],
      'text cannot be read: int cannot be read as string',
    ],
    [
      'null, deep',
      tree('string'),
      tree(nullable),
      [2, 2, 0x61, 4, 2, 2, 0x62, 0, 0],
      'below[1].value is null where string is expected',
    ],
    ['a symbol', kind('a'), kind('a', 'b'), [2], 'the value is b, which enum Kind does not have'],
  ])('of a value names its place: %s', (_what, reader, writer, bytes, message) => {
    const expected = { kind: 'rejected', error: { code: 'field_type', message } }
    expect(readAs(reader, writer, Buffer.from(bytes))).toEqual(expected)
  })

  it('of one value does not affect the next ones', () => {
    const resolution = resolveSchemas(graphOf(text(nullable)), graphOf(eventAvro))
    if (resolution.kind === 'rejected') throw new TypeError(resolution.message)
    const kinds = [[2, 2, 0x61], [0], [2, 2, 0x62]].map(
      (bytes) => resolution.read(Buffer.from(bytes)).kind,
    )
    expect(kinds).toEqual(['ok', 'rejected', 'ok'])
  })
})

describe('a value', () => {
  it('has no attribute named __proto__, and gets its own default objects', () => {
    const writer = { type: 'record', name: 'Event', fields: [{ name: 'text', type: 'string' }] }
    const resolution = resolveSchemas(graphOf(writer), graphOf(eventAvro))
    if (resolution.kind === 'rejected') throw new TypeError(resolution.message)
    const [first, second] = [1, 2].map(() => resolution.read(Buffer.from([2, 0x61])))
    expect(first).toEqual(second)
    expect((first as Ok<EventRecord>).value.attributes).not.toBe(
      (second as Ok<EventRecord>).value.attributes,
    )
    const attribute = [0, 2, 0x61, 0, 0, 2, 18, ...Buffer.from('__proto__'), 2, 0x78, 0, 0]
    expect(readAs(eventAvro, eventAvro, Buffer.from(attribute))).toEqual({
      kind: 'rejected',
      error: { code: 'field_type', message: 'attributes must not have the name "__proto__"' },
    })
  })
})
