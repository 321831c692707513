// Values that name their schema in a registry, whatever its language: splits the id off, and makes
// what the format needs of the schema, once for each. What that is belongs to avro-format.ts and
// protobuf-format.ts.
import type { Config } from '../../configs/schema.ts'
import type { EventErrorCode } from '../../schemas/errors.ts'
import { rejected, type Outcome } from '../../schemas/outcome.ts'
import { readSchemaId, schemaText, type SchemaId } from '../../schemas/schema-id.ts'
import { createRegistryHttp, type RegistryHttp } from '../schema-registry/registry-http.ts'
import { hasRegistry } from '../schema-registry/registry.ts'
import { SchemaCache } from '../schema-registry/schema-cache.ts'
import { findSchema, type FoundSchema } from '../schema-registry/schema-source.ts'

/** A value whose schema is known: what was made of the schema, and the bytes behind the id. */
export type NamedValue<T> = { readonly reader: T; readonly id: SchemaId; readonly body: Buffer }

export type NamedFormat<T> = {
  /** As the configuration names it. */
  readonly format: 'avro' | 'protobuf'
  /** The code of a value that does not start with an id. */
  readonly undecodable: EventErrorCode
  /** Makes a reader of a schema in the language of the format; undefined for other languages. */
  readonly use: (found: FoundSchema) => Promise<Reader<T>> | undefined
}

/** A reader, or why the schema cannot be used: a sentence without its subject. */
export type Reader<T> =
  | { readonly kind: 'ok'; readonly reader: T }
  | { readonly kind: 'unusable'; readonly message: string }

/** Finds the reader of values; throws registry_unavailable when the registry is away. */
export function namedReaders<T>(
  config: Config['registry'],
  format: NamedFormat<T>,
): (value: Buffer) => Promise<Outcome<NamedValue<T>>> {
  if (!hasRegistry(config)) {
    const message = `registry.url is none: set it to the registry that has the schemas, or give the input a schemaFile`
    return () => Promise.resolve(rejected('schema_unknown', message))
  }
  const http = createRegistryHttp(config)
  const readers = new SchemaCache((schema) => readerOf(http, schema, format))
  return async (value) => {
    const identified = readSchemaId(value)
    if (identified.kind === 'rejected') {
      const hint = `its input has the format ${format.format} without a schemaFile`
      return rejected(format.undecodable, `${identified.message}; ${hint}`)
    }
    const { schema: id, body } = identified
    const reader = await readers.get(id)
    return reader.kind === 'ok' ? { kind: 'ok', value: { reader: reader.value, id, body } } : reader
  }
}

async function readerOf<T>(
  http: RegistryHttp,
  schema: SchemaId,
  { format, use }: NamedFormat<T>,
): Promise<Outcome<T>> {
  const name = schemaText(schema)
  const found = await findSchema(http, schema)
  const unusable = (message: string) =>
    rejected('schema_mismatch', `${name} cannot be used: ${message}`)
  switch (found.kind) {
    case 'unusable':
      return unusable(found.message)
    case 'unsupported':
      return rejected(
        'schema_unknown',
        `${name} is named by 8 bytes, as Apicurio's serialisers do, and registry.url is not Apicurio's`,
      )
    case 'unknown':
      return rejected('schema_unknown', `the registry has no ${name}`)
  }
  const used = await use(found)
  if (used === undefined) {
    const what = found.kind === 'avro' ? 'an Avro schema' : found.what
    return rejected('schema_mismatch', `${name} is ${what}, and the input has the format ${format}`)
  }
  return used.kind === 'ok' ? { kind: 'ok', value: used.reader } : unusable(used.message)
}
