// The format avro: values and keys that name their writer's schema in a registry, read as plain
// objects. Any subject and any registered version will do, with references to other schemas.
import type { Config } from '../../configs/schema.ts'
import { rejected, type Outcome } from '../../schemas/outcome.ts'
import type { PartDecoder } from '../../schemas/ports/record-decoder.ts'
import { readSchemaId, schemaText, type SchemaId } from '../../schemas/schema-id.ts'
import { readPlainValue } from '../avro/plain-value.ts'
import { readSchemaGraph, type SchemaNode } from '../avro/schema-graph.ts'
import { createRegistryHttp } from '../schema-registry/registry-http.ts'
import { hasRegistry } from '../schema-registry/registry.ts'
import { SchemaCache } from '../schema-registry/schema-cache.ts'
import { findSchema } from '../schema-registry/schema-source.ts'

/** A decoder that looks schemas up in the registry. It throws registry_unavailable. */
export function avroDecoder(config: Config['registry']): PartDecoder {
  if (!hasRegistry(config)) {
    const message = 'registry.url is none: set it to the registry that has the schemas'
    return () => Promise.resolve(rejected('schema_unknown', message))
  }
  const http = createRegistryHttp(config)
  const schemas = new SchemaCache((schema) => writerOf(http, schema))
  return async (bytes) => {
    const identified = readSchemaId(bytes)
    if (identified.kind === 'rejected') return rejected('avro_undecodable', identified.message)
    const writer = await schemas.get(identified.schema)
    return writer.kind === 'ok' ? readPlainValue(writer.value, identified.body) : writer
  }
}

async function writerOf(
  http: ReturnType<typeof createRegistryHttp>,
  schema: SchemaId,
): Promise<Outcome<SchemaNode>> {
  const name = schemaText(schema)
  const found = await findSchema(http, schema)
  switch (found.kind) {
    case 'avro': {
      const graph = readSchemaGraph(found.json, found.references)
      if (graph.kind === 'ok') return { kind: 'ok', value: graph.root }
      return rejected('schema_mismatch', `${name} cannot be used: ${graph.message}`)
    }
    case 'other':
      return rejected('schema_mismatch', `${name} is ${found.what}, and the input has format avro`)
    case 'unusable':
      return rejected('schema_mismatch', `${name} cannot be used: ${found.message}`)
    case 'unsupported':
      return rejected('schema_unknown', `${name} is named by 8 bytes, which only Apicurio resolves`)
    case 'unknown':
      return rejected('schema_unknown', `the registry has no ${name}`)
  }
}
