// The format json-schema: JSON behind the id of a JSON Schema, as Confluent's serialisers write it.
// The id is left out, and values are not validated: their producers have done so. JSON without an
// id is read too, since an id may travel in a header.
import type { PartDecoder } from '../../schemas/ports/record-decoder.ts'
import { readSchemaId, startsWithSchemaId } from '../../schemas/schema-id.ts'
import { rejected } from '../../schemas/outcome.ts'
import { decodeJson } from './json-format.ts'

/** Decodes JSON with or without a schema id in front of it. */
export const decodeJsonSchema: PartDecoder = (value) => {
  if (!startsWithSchemaId(value)) return decodeJson(value)
  const identified = readSchemaId(value)
  return identified.kind === 'ok'
    ? decodeJson(identified.body)
    : Promise.resolve(rejected('json_invalid', identified.message))
}
