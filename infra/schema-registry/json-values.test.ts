// Values of the topics as JSON: written records are read back, and invalid values are refused with
// their path.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import type { AvroSchema } from '../../schemas/avro-type.ts'
import { topicSchemas, type AvroTopic } from '../../schemas/subjects.ts'
import { sampleClassification, sampleDeadLetter } from '../../tests/support/sample-records.ts'
import { jsonBytes, readJsonBytes } from './json-values.ts'
import { hasRegistry, openSchemas } from './registry.ts'

/** Values of a schema. */
function valuesOf(schema: AvroSchema): fc.Arbitrary<unknown> {
  if (typeof schema === 'string') return primitives[schema]
  if (Array.isArray(schema)) return fc.oneof(...(schema as AvroSchema[]).map(valuesOf))
  const one = schema as Exclude<AvroSchema, string | readonly AvroSchema[]>
  switch (one.type) {
    case 'map':
      return fc.dictionary(
        text.filter((name) => name !== '__proto__'),
        valuesOf(one.values),
        {
          maxKeys: 3,
          noNullPrototype: true,
        },
      )
    case 'array':
      return fc.array(valuesOf(one.items), { maxLength: 3 })
    case 'enum':
      return fc.constantFrom(...one.symbols)
    case 'record':
      return fc.record(
        Object.fromEntries(one.fields.map(({ name, type }) => [name, valuesOf(type)])),
      )
  }
}

const text = fc.string({ unit: 'binary', maxLength: 8 }).map((one) => one.toWellFormed())
const primitives = {
  null: fc.constant(null),
  boolean: fc.boolean(),
  int: fc.integer(),
  long: fc.maxSafeInteger(),
  float: fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0),
  string: text,
  bytes: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
}

describe('every topic', () => {
  it.each(Object.entries(topicSchemas))('%s: written records are read back', (_topic, schema) => {
    fc.assert(
      fc.property(valuesOf(schema), (value) => {
        const read = readJsonBytes(schema, jsonBytes(value as Record<string, unknown>))
        expect(read).toEqual({ kind: 'ok', value })
      }),
      { numRuns: 50 },
    )
  })
})

describe('a value that is not a record', () => {
  const { classified } = topicSchemas
  const changed = (fields: object) =>
    Buffer.from(JSON.stringify({ ...sampleClassification(), ...fields }))
  it.each([
    ['utf8_invalid', Buffer.from([0x7b, 0xff]), /UTF-8/],
    ['json_invalid', Buffer.from('{"a":'), /JSON/],
    ['event_not_object', Buffer.from('[1]'), /not an object/],
    ['field_missing', Buffer.from('{}'), /^topic is missing$/],
    ['field_type', changed({ partition: '1' }), /^partition is not a whole number of 32 bits$/],
    ['field_type', changed({ partition: 2 ** 31 }), /^partition/],
    ['field_type', Buffer.from('{"topic":"t","partition":1,"offset":9007199254740993}'), /^offset/],
    ['field_type', changed({ score: null }), /^score is not a number$/],
    ['field_type', changed({ role: 'boss' }), /^role is not one of champion/],
    ['field_type', changed({ labels: ['a', 1] }), /^labels\.1 is not a string$/],
    ['field_type', changed({ probabilities: { a: 'x' } }), /^probabilities\.a is not a number$/],
    ['text_unpaired_surrogate', changed({ label: '\ud800' }), /^label/],
  ])('%s', (code, value, message) => {
    expect(readJsonBytes(classified, value)).toEqual({
      kind: 'rejected',
      error: { code, message: expect.stringMatching(message) as string },
    })
  })

  it('an attribute named __proto__, and bytes that are not base64', () => {
    const proto = changed({}).toString().replace('"lang":"en"', '"__proto__":"x"')
    expect(readJsonBytes(classified, Buffer.from(proto))).toMatchObject({
      error: { code: 'field_type', message: 'attributes must not have the name "__proto__"' },
    })
    const letter = { ...sampleDeadLetter(), payload: 'no base64!' }
    expect(readJsonBytes(topicSchemas['dead-letters'], jsonBytes(letter))).toMatchObject({
      error: { code: 'field_type', message: 'payload is not bytes in base64' },
    })
  })

  it('drops fields that the schema lacks and fills in defaults for absent ones', () => {
    const older = { ...sampleDeadLetter(), later: 1, attempt: undefined }
    const read = readJsonBytes(topicSchemas['dead-letters'], jsonBytes(older))
    expect(read).toEqual({ kind: 'ok', value: sampleDeadLetter({ attempt: 0 }) })
  })
})

describe('schemas without a registry', () => {
  const { registry } = loadConfig({ env: {}, set: ['registry.url=none'] })

  it('call no registry, and write and read JSON', async () => {
    expect(hasRegistry(registry)).toBe(false)
    const schemas = await openSchemas(registry, 'winnow.')
    for (const topic of Object.keys(topicSchemas) as AvroTopic[]) {
      const [value] = fc.sample(valuesOf(topicSchemas[topic]), { numRuns: 1, seed: 7 })
      const bytes = schemas.encode(topic, value as never)
      expect(bytes[0]).toBe(0x7b)
      expect(await schemas.decode(topic, bytes)).toEqual({ kind: 'ok', value })
    }
  })

  it.each([
    ['Confluent', Buffer.from([0, 0, 0, 0, 7, 1, 2])],
    ['a GUID', Buffer.alloc(20, 1)],
  ])('refuse a value with a schema id: %s', async (_name, value) => {
    const schemas = await openSchemas(registry, 'winnow.')
    expect(await schemas.decode('events', value)).toEqual({
      kind: 'rejected',
      error: {
        code: 'schema_unknown',
        message: expect.stringMatching(/registry\.url is none: produce JSON, or set/) as string,
      },
    })
  })
})
