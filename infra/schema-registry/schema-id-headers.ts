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
  const schema = schemaIdOf(headers)
  return schema === undefined ? value : withSchemaId(schema, value)
}

/**
 * JSON needs no schema here, though JSON Schema serialisers name one. No Avro event starts with
 * this byte: it would be a text of negative length, or a negative branch.
 */
const openingBrace = 0x7b

function schemaIdOf(headers: IHeaders): SchemaId | undefined {
  const confluent = bytesOf(headers['__value_schema_id'])
  if (confluent?.length === 17 && confluent[0] === 1) {
    return { kind: 'guid', id: confluent.toString('hex', 1) }
  }
  if (confluent?.length === 5 && confluent[0] === 0) {
    return { kind: 'id', id: confluent.readUInt32BE(1) }
  }
  const global = idOf(headers['apicurio.value.globalId'])
  if (global !== undefined) return { kind: 'global', id: global }
  const content = idOf(headers['apicurio.value.contentId'])
  return content === undefined ? undefined : { kind: 'id', id: content }
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
