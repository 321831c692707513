// Values of each format that needs no registry, and what is wrong with others.
import { describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { avroDecoder } from './avro-format.ts'
import { csvDecoder } from './csv-format.ts'
import { inputMapping, openInput } from './input-reading.ts'
import { decodeJson } from './json-format.ts'
import { recordDecoder } from './record-parts.ts'
import { decodeText } from './text-format.ts'

const bytes = (text: string) => Buffer.from(text)
const invalidUtf8 = Buffer.from([0x61, 0xff])
const registry = { ...configSchema.parse({}).registry, url: 'none' }

describe('json', () => {
  it('is any JSON, and whole numbers keep their digits', async () => {
    expect(await decodeJson(bytes('{"id":9007199254740993,"a":[1.5]}'))).toEqual({
      kind: 'ok',
      value: { id: 9007199254740993n, a: [1.5] },
    })
    expect(await decodeJson(bytes('"text"'))).toEqual({ kind: 'ok', value: 'text' })
  })

  it.each([
    [bytes('{"a":'), 'json_invalid', ''],
    [bytes(''), 'json_invalid', ''],
    [invalidUtf8, 'utf8_invalid', 'UTF-8'],
    [Buffer.from([0, 0, 0, 0, 7, 2]), 'json_invalid', 'set the format'],
  ])('refuses %j as %s', async (value, code, words) => {
    expect(await decodeJson(value)).toMatchObject({
      error: { code, message: expect.stringContaining(words) as string },
    })
  })
})

describe('text', () => {
  it('is the whole value, without a byte order mark', async () => {
    expect(await decodeText(bytes('\ufeffa\nb'))).toEqual({ kind: 'ok', value: 'a\nb' })
    expect(await decodeText(invalidUtf8)).toMatchObject({ error: { code: 'utf8_invalid' } })
  })
})

describe('csv', () => {
  const decode = csvDecoder({ columns: ['id', 'text', 'note'], delimiter: ';' })

  it('is one row with the named columns; an empty cell is absent', async () => {
    expect(await decode(bytes('1;"a;""b""";\n'))).toEqual({
      kind: 'ok',
      value: { id: '1', text: 'a;"b"' },
    })
  })

  it.each([
    ['', 'has no row'],
    ['1;2', '2 fields'],
    ['1;2;3;4', 'more than 3 fields'],
    ['1;2;3\n4;5;6', '2 rows'],
    ['1;"2;3', 'never closed'],
  ])('refuses %j: %s', async (row, words) => {
    expect(await decode(bytes(row))).toMatchObject({
      error: { code: 'csv_invalid', message: expect.stringContaining(words) as string },
    })
  })
})

describe('avro', () => {
  it('needs a registry and a schema id', async () => {
    expect(await avroDecoder(registry, 'base64')(bytes('x'))).toMatchObject({
      error: { code: 'schema_unknown' },
    })
    const { registry: configured } = configSchema.parse({})
    expect(await avroDecoder(configured, 'base64')(bytes('{}'))).toMatchObject({
      error: { code: 'avro_undecodable' },
    })
  })
})

describe('a record', () => {
  it('has the last of repeated headers, and a key only where one is read', async () => {
    const headers = { a: [bytes('1'), bytes('2')], b: 'c', gone: undefined }
    const record = { value: null, key: bytes('{"id":1}'), headers }
    const read = recordDecoder({ value: decodeJson, key: decodeJson })
    expect(await read(record)).toEqual({
      kind: 'ok',
      value: { value: null, key: { id: 1 }, headers: { a: '2', b: 'c' } },
    })
    const unread = recordDecoder({ value: decodeJson, key: undefined })
    expect(await unread({ ...record, key: invalidUtf8 })).toMatchObject({ value: { key: null } })
    expect(await read({ ...record, key: bytes('{') })).toMatchObject({
      error: { code: 'json_invalid', message: expect.stringMatching(/^the key: /) as string },
    })
  })
})

describe('an input', () => {
  const inputOf = (input: object) => configSchema.parse({ inputs: [input] }).inputs[0]!

  it('of the format text takes the whole value for the text', async () => {
    const input = inputOf({ topic: 'lines', format: 'text' })
    const { decode, mapping } = openInput(input, { registry })
    expect(await decode({ value: bytes('a'), key: null })).toMatchObject({ value: { value: 'a' } })
    expect([...mapping.sources.keys()]).toEqual(['text'])
  })

  it('has its mapping, whatever its format', () => {
    const fields = { text: 'a', attributes: { b: 'key' } }
    const mapping = inputMapping(inputOf({ topic: 'orders', fields }))
    expect([...mapping.sources.keys()]).toEqual(['text', 'attributes.b'])
  })
})
