// The format avro: values and keys read as plain objects by the schema that wrote them, which they
// name (any subject and registered version, with references) or which a file holds.
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { PartDecoder } from '../../schemas/ports/record-decoder.ts'
import { plainReader, type BytesForm } from '../avro/plain-value.ts'
import { readSchemaGraph } from '../avro/schema-graph.ts'
import { namedReaders, type Reader } from './registry-schema.ts'
import { readSchemaFile } from './schema-file.ts'

type PlainRead = ReturnType<typeof plainReader>

/** A decoder that looks schemas up in the registry. It throws registry_unavailable. */
export function avroDecoder(config: Config['registry'], bytes: BytesForm): PartDecoder {
  const named = namedReaders<PlainRead>(config, {
    format: 'avro',
    undecodable: 'avro_undecodable',
    use: (found) => {
      if (found.kind !== 'avro') return undefined
      return Promise.resolve(readerOf(found.json, found.references, bytes))
    },
  })
  return async (value) => {
    const found = await named(value)
    return found.kind === 'ok' ? found.value.reader(found.value.body) : found
  }
}

/** A decoder of raw Avro by the schema in a file. Throws config_invalid for another file. */
export function avroFileDecoder(path: string, bytes: BytesForm): PartDecoder {
  const text = readSchemaFile(path)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new WinnowError('config_invalid', `schemaFile ${path} is not JSON, as an .avsc file is`, {
      cause,
    })
  }
  const reader = readerOf(json, [], bytes)
  if (reader.kind === 'unusable') {
    throw new WinnowError('config_invalid', `schemaFile ${path} cannot be used: ${reader.message}`)
  }
  return (value) => Promise.resolve(reader.reader(value))
}

function readerOf(
  json: unknown,
  references: readonly unknown[],
  bytes: BytesForm,
): Reader<PlainRead> {
  const graph = readSchemaGraph(json, references)
  if (graph.kind === 'rejected') return { kind: 'unusable', message: graph.message }
  return { kind: 'ok', reader: plainReader(graph.root, { bytes }) }
}
