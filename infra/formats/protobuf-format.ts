// The format protobuf: messages read as plain objects by a schema that they name in a registry, as
// Confluent's serialisers write it, or by a .proto file and the name of a message.
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { rejected } from '../../schemas/outcome.ts'
import type { PartDecoder } from '../../schemas/ports/record-decoder.ts'
import { schemaText } from '../../schemas/schema-id.ts'
import type { BytesForm } from '../avro/plain-value.ts'
import { readMessageIndexes } from '../protobuf/message-indexes.ts'
import { readMessage } from '../protobuf/message-value.ts'
import { readProtoSchema, type ProtoSchema } from '../protobuf/proto-schema.ts'
import { namedReaders } from './registry-schema.ts'
import { readImportedFile, readSchemaFile } from './schema-file.ts'

/**
 * A decoder that looks schemas up in the registry. It throws registry_unavailable. With the name of
 * a message, values have no indexes behind the id of their schema.
 */
export function protobufDecoder(
  config: Config['registry'],
  { bytes, message: name }: { bytes: BytesForm; message?: string | undefined },
): PartDecoder {
  const named = namedReaders<ProtoSchema>(config, {
    format: 'protobuf',
    undecodable: 'protobuf_undecodable',
    use: (found) => (found.kind === 'protobuf' ? schemaOf(found.text, found.imports) : undefined),
  })
  return async (value) => {
    const found = await named(value)
    if (found.kind === 'rejected') return found
    const { reader, id, body } = found.value
    if (id.kind === 'global') {
      const message =
        `${schemaText(id)}: Apicurio's own form of Protobuf cannot be read; let the producer write ` +
        `Confluent's form`
      return rejected('protobuf_undecodable', message)
    }
    if (name !== undefined) {
      const type = reader.byName(name)
      if (type !== undefined) return readMessage(type, body, { bytes })
      return rejected('protobuf_undecodable', `${schemaText(id)} has no message ${name}`)
    }
    const indexed = readMessageIndexes(body)
    if (indexed.kind === 'rejected') return indexed
    const { indexes, message } = indexed.value
    const type = reader.byIndexes(indexes)
    if (type !== undefined) return readMessage(type, message, { bytes })
    return rejected(
      'protobuf_undecodable',
      `${schemaText(id)} has no message with the indexes ${indexes.join(', ')}`,
    )
  }
}

type Imports = () => Promise<
  | { readonly kind: 'ok'; readonly files: ReadonlyMap<string, string> }
  | { readonly kind: 'unusable'; readonly message: string }
>

async function schemaOf(text: string, imports: Imports) {
  const needed = await imports()
  if (needed.kind === 'unusable') return needed
  const read = readProtoSchema(text, (path) => needed.files.get(path))
  if (read.kind === 'ok') return { kind: 'ok', reader: read.schema } as const
  return { kind: 'unusable', message: `it ${read.message}` } as const
}

/**
 * A decoder of raw messages by a .proto file. Throws config_invalid for a file that cannot be used,
 * or that has no such message.
 */
export function protobufFileDecoder(
  { schemaFile, message }: { schemaFile: string; message: string },
  bytes: BytesForm,
): PartDecoder {
  const read = readProtoSchema(readSchemaFile(schemaFile), (path) =>
    readImportedFile(schemaFile, path),
  )
  if (read.kind === 'rejected') {
    throw new WinnowError('config_invalid', `schemaFile ${schemaFile} ${read.message}`)
  }
  const { schema } = read
  const type = schema.byName(message)
  if (type === undefined) {
    throw new WinnowError(
      'config_invalid',
      `schemaFile ${schemaFile} has no message ${message}; it has ${schema.names.slice(0, 20).join(', ')}`,
    )
  }
  return (value) => Promise.resolve(readMessage(type, value, { bytes }))
}
