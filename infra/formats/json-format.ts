// The format json: UTF-8 JSON of any kind. Whole numbers keep all their digits.
import { errorMessage } from '../../schemas/errors.ts'
import { parseExactJson } from '../../schemas/exact-json.ts'
import { ok, rejected, type Outcome } from '../../schemas/outcome.ts'
import type { PartDecoder } from '../../schemas/ports/record-decoder.ts'
import { startsWithSchemaId } from '../../schemas/schema-id.ts'
import { utf8Text } from './utf8-text.ts'

/** Decodes JSON. */
export const decodeJson: PartDecoder = (bytes) => Promise.resolve(jsonOf(bytes))

function jsonOf(bytes: Buffer): Outcome<unknown> {
  if (startsWithSchemaId(bytes)) {
    const formats = 'avro, protobuf or json-schema'
    const message = `the value starts with a schema id: set the format of its input to ${formats}`
    return rejected('json_invalid', message)
  }
  const text = utf8Text(bytes, 'the value')
  if (text.kind === 'rejected') return text
  try {
    return ok(parseExactJson(text.value))
  } catch (error) {
    return rejected('json_invalid', errorMessage(error))
  }
}
