// Chooses how the records of one input are decoded, by its settings `format`, `keyFormat` and
// `preset`, and parses its mapping.
import type { Config } from '../../configs/schema.ts'
import type { Input } from '../../configs/inputs.ts'
import { parseMapping, readsKey, type EventMapping } from '../../schemas/mapping/event-mapping.ts'
import type { Envelope, PartDecoder, RecordDecoder } from '../../schemas/ports/record-decoder.ts'
import { avroDecoder, avroFileDecoder } from './avro-format.ts'
import { cloudEventsEnvelope } from './cloud-events-preset.ts'
import { csvDecoder } from './csv-format.ts'
import { debeziumEnvelope } from './debezium-preset.ts'
import { decodeJson } from './json-format.ts'
import { decodeJsonSchema } from './json-schema-format.ts'
import { protobufDecoder, protobufFileDecoder } from './protobuf-format.ts'
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
  const value = valueDecoder(input, config)
  const { registry } = config
  // `message` names that of the values.
  const ofKey = { ...input, message: undefined }
  const key = readsKey(mapping) ? partDecoder(input.keyFormat, ofKey, registry) : undefined
  return { decode: recordDecoder({ value, key }), envelope: envelopeOf(input), mapping }
}

/**
 * The parsed mapping of an input. Of the format text, the whole value is the text by default; of
 * CloudEvents, their own attributes are id, source and time.
 */
export function inputMapping(input: Input): EventMapping {
  const { fields, constants, preset, format } = input
  const isWhole = format === 'text' && preset === undefined
  const ofPreset = {
    id: 'id',
    time: 'time?',
    ...(constants.source === undefined && { source: 'source' }),
  }
  return parseMapping({
    ...input,
    fields: {
      ...(preset === 'cloudevents' && ofPreset),
      ...fields,
      ...(isWhole && fields.text === undefined && { text: 'value' }),
    },
  })
}

function valueDecoder(input: Input, { registry }: Pick<Config, 'registry'>): PartDecoder {
  const { format, schemaFile, message, bytes } = input
  if (schemaFile === undefined) return partDecoder(format, input, registry)
  return format === 'protobuf'
    ? protobufFileDecoder({ schemaFile, message: message! }, bytes)
    : avroFileDecoder(schemaFile, bytes)
}

function partDecoder(
  format: Input['format'],
  input: Input,
  registry: Config['registry'],
): PartDecoder {
  switch (format) {
    case 'json':
      return decodeJson
    case 'json-schema':
      return decodeJsonSchema
    case 'text':
      return decodeText
    case 'csv':
      return csvDecoder({ columns: input.columns ?? [], delimiter: input.delimiter })
    case 'avro':
      return avroDecoder(registry, input.bytes)
    case 'protobuf':
      return protobufDecoder(registry, input)
  }
}

function envelopeOf({ preset }: Input): Envelope | undefined {
  switch (preset) {
    case 'debezium':
      return debeziumEnvelope
    case 'cloudevents':
      return cloudEventsEnvelope
    case undefined:
      return undefined
  }
}
