// Encodes the values of Winnow's topics as JSON, for a stack without a schema registry. The topics'
// Avro schemas define the content, so that both forms have one definition. Bytes are base64.
// registry.ts chooses the form.
import type { AvroPrimitive, AvroRecord, AvroSchema } from '../../schemas/avro-type.ts'
import type { EventErrorCode } from '../../schemas/errors.ts'
import { parseExactJson } from '../../schemas/exact-json.ts'
import { isJsonObject, readJsonObject } from '../../schemas/json-object.ts'
import type { Decoded } from '../avro/resolution.ts'

/** Encodes a record as one JSON object in UTF-8. Only top-level fields may hold bytes. */
export function jsonBytes(value: Readonly<Record<string, unknown>>): Buffer {
  const fields = Object.entries(value).map(([name, field]) => [
    name,
    Buffer.isBuffer(field) ? field.toString('base64') : field,
  ])
  return Buffer.from(JSON.stringify(Object.fromEntries(fields)))
}

/** Decodes one JSON object as a record of the schema; drops fields that the schema lacks. */
export function readJsonBytes<T>(schema: AvroRecord, value: Uint8Array): Decoded<T> {
  const notObject = 'the value is JSON, but not an object'
  const json = readJsonObject(value, { notObject, parse: parseExactJson })
  if (json.kind === 'rejected') return json
  try {
    return { kind: 'ok', value: read(schema, json.value, '') as T }
  } catch (error) {
    if (!(error instanceof JsonDefect)) throw error
    return { kind: 'rejected', error: { code: error.code, message: error.message } }
  }
}

class JsonDefect extends Error {
  readonly code: EventErrorCode

  constructor(code: EventErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Reads a value of a schema. Throws JsonDefect, with the path to what is wrong. */
function read(schema: AvroSchema, json: unknown, path: string): unknown {
  if (typeof schema === 'string') return readPrimitive(schema, json, path)
  // The branches of the topics' unions take different kinds of JSON.
  if (isUnion(schema)) return readUnion(schema, json, path)
  switch (schema.type) {
    case 'map':
      return Object.fromEntries(
        entriesOf(json, path).map(([name, one]) => [
          name,
          read(schema.values, one, at(path, name)),
        ]),
      )
    case 'array':
      if (!Array.isArray(json)) throw wrong(path, 'an array')
      return json.map((one, index) => read(schema.items, one, at(path, index)))
    case 'enum':
      if (schema.symbols.some((symbol) => symbol === json)) return json
      throw wrong(path, `one of ${schema.symbols.join(', ')}`)
    case 'record': {
      const given = new Map(entriesOf(json, path))
      return Object.fromEntries(
        schema.fields.map(({ name, type, default: otherwise }) => {
          if (given.has(name)) return [name, read(type, given.get(name), at(path, name))]
          if (otherwise === undefined)
            throw new JsonDefect('field_missing', `${at(path, name)} is missing`)
          return [name, structuredClone(otherwise)]
        }),
      )
    }
  }
}

function readUnion(branches: readonly AvroSchema[], json: unknown, path: string): unknown {
  let defect: unknown
  for (const branch of branches) {
    try {
      return read(branch, json, path)
    } catch (error) {
      // A message about null does not help; the other branches follow.
      defect = error
    }
  }
  throw defect
}

function readPrimitive(type: AvroPrimitive, json: unknown, path: string): unknown {
  switch (type) {
    case 'null':
      if (json === null) return null
      break
    case 'boolean':
      if (typeof json === 'boolean') return json
      break
    case 'int':
      if (typeof json === 'number' && (json | 0) === json) return json
      break
    case 'long':
      if (Number.isSafeInteger(json)) return json
      break
    case 'float':
    case 'double':
      if (Number.isFinite(json)) return json
      if (typeof json === 'bigint') return Number(json)
      break
    case 'string':
      if (typeof json !== 'string') break
      if (json.isWellFormed()) return json
      throw new JsonDefect('text_unpaired_surrogate', `${path} holds half of a surrogate pair`)
    case 'bytes': {
      const bytes = typeof json === 'string' ? Buffer.from(json, 'base64') : undefined
      if (bytes?.toString('base64') === json) return bytes
      break
    }
  }
  throw wrong(path, primitiveNames[type])
}

const primitiveNames = {
  null: 'null',
  boolean: 'true or false',
  int: 'a whole number of 32 bits',
  long: 'a whole number below 2^53',
  float: 'a number',
  double: 'a number',
  string: 'a string',
  bytes: 'bytes in base64',
} as const

function entriesOf(json: unknown, path: string): [string, unknown][] {
  if (!isJsonObject(json)) throw wrong(path, 'an object')
  if (Object.hasOwn(json, '__proto__')) {
    throw new JsonDefect('field_type', `${path} must not have the name "__proto__"`)
  }
  return Object.entries(json)
}

function isUnion(schema: AvroSchema): schema is readonly AvroSchema[] {
  return Array.isArray(schema)
}

function at(path: string, name: string | number): string {
  return path === '' ? String(name) : `${path}.${name}`
}

function wrong(path: string, expected: string): JsonDefect {
  return new JsonDefect('field_type', `${path === '' ? 'the value' : path} is not ${expected}`)
}
