// Schema ids before a value: each form is read as it is written, and what has none is told apart.
import { describe, expect, it } from 'vitest'
import { readSchemaId, schemaText, startsWithSchemaId, withSchemaId } from './schema-id.ts'
import type { SchemaId } from './schema-id.ts'

const guid = '00112233-4455-6677-8899-aabbccddeeff'
const ids: [SchemaId, string, string][] = [
  [{ kind: 'id', id: 7 }, '0000000007', 'schema 7'],
  [{ kind: 'id', id: 2 ** 31 - 1 }, '007fffffff', 'schema 2147483647'],
  [{ kind: 'global', id: 7 }, '000000000000000007', 'schema with global id 7'],
  [{ kind: 'guid', id: guid }, '0100112233445566778899aabbccddeeff', `schema with GUID ${guid}`],
]

describe('a schema id', () => {
  it.each(ids)('%j is read as it is written', (schema, hex, text) => {
    const body = Buffer.from('body')
    const value = withSchemaId(schema, body)
    expect(value.toString('hex')).toBe(hex + body.toString('hex'))
    expect(startsWithSchemaId(value)).toBe(true)
    expect(readSchemaId(value)).toEqual({ kind: 'ok', schema, body })
    expect(schemaText(schema)).toBe(text)
  })

  it.each(['', '00', '00000007', '0100112233445566778899aabbccddee', '7b22', '02'])(
    'is missing in %s',
    (hex) => {
      expect(readSchemaId(Buffer.from(hex, 'hex'))).toMatchObject({ kind: 'rejected' })
    },
  )

  it('of 4 bytes that are 0, without 8, is 0, which no registry gives', () => {
    const value = Buffer.from('00000000000102', 'hex')
    expect(readSchemaId(value)).toMatchObject({ kind: 'ok', schema: { kind: 'id', id: 0 } })
  })
})
