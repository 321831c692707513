// Moves schema ids from record headers in front of the value, where the same serialisers can also
// write them. Apicurio's serialisers (the default of its early 2.x) and Confluent's
// HeaderSchemaIdSerializer use headers. In front, the id stays with the value wherever it is stored
// or sent again.
import type { IHeaders } from 'kafkajs'
import { withSchemaId, type SchemaId } from '../../schemas/schema-id.ts'

/**
 * A record's value with the schema id from its headers in front; unchanged if the headers have
 * none.
 */
export function identifiedValue(
  value: Buffer | null,
  headers: IHeaders | undefined,
): Buffer | null {
  if (value === null || headers === undefined || value[0] === openingBrace) return value
  const found = schemaIdOf(headers)
  if (found === undefined) return value
  const { schema, indexes } = found
  return withSchemaId(schema, indexes === undefined ? value : Buffer.concat([indexes, value]))
}

/**
 * JSON needs no schema here, though JSON Schema serialisers name one. No Avro event starts with
 * this byte: it would be a text of negative length, or a negative branch.
 */
const openingBrace = 0x7b

type HeaderId = {
  readonly schema: SchemaId
  /** Of a Protobuf value: which message of the schema it is, written behind the id. */
  readonly indexes?: Buffer | undefined
}

/** Most bytes of such indexes. */
const indexBytesMax = 64

function schemaIdOf(headers: IHeaders): HeaderId | undefined {
  const confluent = bytesOf(headers['__value_schema_id'])
  const guid = behind(confluent, { magic: 1, idBytes: 16 })
  if (guid !== undefined) {
    return { schema: { kind: 'guid', id: confluent!.toString('hex', 1, 17) }, indexes: guid }
  }
  const number = behind(confluent, { magic: 0, idBytes: 4 })
  if (number !== undefined) {
    return { schema: { kind: 'id', id: confluent!.readUInt32BE(1) }, indexes: number }
  }
  const global = idOf(headers['apicurio.value.globalId'])
  if (global !== undefined) return { schema: { kind: 'global', id: global } }
  const content = idOf(headers['apicurio.value.contentId'])
  return content === undefined ? undefined : { schema: { kind: 'id', id: content } }
}

/** What stands behind an id of this form; undefined if the header has another form. */
function behind(
  header: Buffer | undefined,
  { magic, idBytes }: { magic: number; idBytes: number },
): Buffer | undefined {
  const rest = header?.[0] === magic ? header.length - 1 - idBytes : -1
  return rest >= 0 && rest <= indexBytesMax ? header!.subarray(1 + idBytes) : undefined
}

/** Apicurio's id: 8 bytes, big endian. */
function idOf(header: IHeaders[string]): number | undefined {
  const bytes = bytesOf(header)
  return bytes?.length === 8 && bytes.readUInt32BE(0) === 0 ? bytes.readUInt32BE(4) : undefined
}

function bytesOf(header: IHeaders[string]): Buffer | undefined {
  // A header can occur several times; the serialisers' own readers take the last one.
  const one = Array.isArray(header) ? header.at(-1) : header
  return one === undefined ? undefined : Buffer.from(one)
}
