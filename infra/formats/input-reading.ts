// Chooses how the records of one input are decoded, by its settings `format`, `keyFormat` and
// `preset`, and parses its mapping.
import type { Config } from '../../configs/schema.ts'
import type { Input } from '../../configs/inputs.ts'
import { WinnowError } from '../../schemas/errors.ts'
import {
  parseMapping,
  readsKey,
  type EventMapping,
} from '../../schemas/mapping/event-mapping.ts'
import type { Envelope, PartDecoder, RecordDecoder } from '../../schemas/ports/record-decoder.ts'
import { avroDecoder } from './avro-format.ts'
import { csvDecoder } from './csv-format.ts'
import { decodeJson } from './json-format.ts'
import { recordDecoder } from './record-parts.ts'
import { decodeText } from './text-format.ts'

/**
 * The decoder, envelope and mapping of an input. Throws config_invalid for a schema file that
 * cannot be used; the decoder throws registry_unavailable.
 */
export function openInput(
  input: Input,
  config: Pick<Config, 'registry'>,
): { decode: RecordDecoder; envelope: Envelope | undefined; mapping: EventMapping } {
  const mapping = inputMapping(input)
  const value = partDecoder(input.format, input, config)
  const key = readsKey(mapping) ? partDecoder(input.keyFormat, input, config) : undefined
  return { decode: recordDecoder({ value, key }), envelope: envelopeOf(input), mapping }
}

/** The parsed mapping of an input. Of the format text, the whole value is the text by default. */
export function inputMapping(input: Input): EventMapping {
  const text = input.fields.text ?? (input.format === 'text' ? 'value' : undefined)
  return parseMapping({ ...input, fields: { ...input.fields, text } })
}

function partDecoder(
  format: Input['format'],
  input: Input,
  { registry }: Pick<Config, 'registry'>,
): PartDecoder {
  switch (format) {
    case 'json':
      return decodeJson
    case 'text':
      return decodeText
    case 'csv':
      return csvDecoder({ columns: input.columns ?? [], delimiter: input.delimiter })
    case 'avro':
      return avroDecoder(registry)
    case 'protobuf':
    case 'json-schema':
      throw unavailable(input, `the format ${format}`)
  }
}

function envelopeOf(input: Input): Envelope | undefined {
  if (input.preset === undefined) return undefined
  throw unavailable(input, `the preset ${input.preset}`)
}

function unavailable({ topic }: Input, what: string): WinnowError {
  return new WinnowError('config_invalid', `the input ${topic} has ${what}, which is not there yet`)
}
