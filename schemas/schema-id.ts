// The schema id in front of an Avro body: a magic byte and an id, in the forms of Confluent's and
// Apicurio's serialisers. infra/schema-registry/registry.ts looks the schema up.

/** The id of a schema in a registry. */
export type SchemaId =
  /** Confluent's: magic byte 0, then 4 bytes, big endian. Apicurio's content ids are the same. */
  | { readonly kind: 'id'; readonly id: number }
  /** Apicurio's, global: magic byte 0, then 8 bytes, big endian. */
  | { readonly kind: 'global'; readonly id: number }
  /** Confluent's since Platform 8: magic byte 1, then 16 bytes. */
  | { readonly kind: 'guid'; readonly id: string }

export type IdentifiedValue =
  | { readonly kind: 'ok'; readonly schema: SchemaId; readonly body: Buffer }
  | { readonly kind: 'rejected'; readonly message: string }

/** Whether a value starts with a schema id. JSON text never does. */
export function startsWithSchemaId(value: Uint8Array): boolean {
  return value[0] === 0 || value[0] === 1
}

/**
 * Splits a value into schema id and body; refused when it does not start with an id. Ids of 8 bytes
 * are recognised by their first 4 bytes, which are 0 in every one below 2^32, and in none of 4
 * bytes: registries count from 1.
 */
export function readSchemaId(value: Buffer): IdentifiedValue {
  if (!startsWithSchemaId(value)) {
    return { kind: 'rejected', message: 'the value does not start with a schema id' }
  }
  if (value[0] === 1) {
    if (value.length < 17) return tooShort(value)
    const guid = value.toString('hex', 1, 17)
    const id = guid.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    return { kind: 'ok', schema: { kind: 'guid', id }, body: value.subarray(17) }
  }
  if (value.length < 5) return tooShort(value)
  const id = value.readUInt32BE(1)
  if (id !== 0 || value.length < 9) {
    return { kind: 'ok', schema: { kind: 'id', id }, body: value.subarray(5) }
  }
  const schema = { kind: 'global', id: value.readUInt32BE(5) } as const
  return { kind: 'ok', schema, body: value.subarray(9) }
}

/** A value as the serialiser of such ids writes it. */
export function withSchemaId({ kind, id }: SchemaId, body: Buffer): Buffer {
  switch (kind) {
    case 'guid':
      return Buffer.concat([Buffer.from([1]), Buffer.from(id.replaceAll('-', ''), 'hex'), body])
    case 'id': {
      const head = Buffer.alloc(5)
      head.writeUInt32BE(id, 1)
      return Buffer.concat([head, body])
    }
    case 'global': {
      const head = Buffer.alloc(9)
      head.writeUInt32BE(id, 5)
      return Buffer.concat([head, body])
    }
  }
}

/** The name of a schema in messages. */
export function schemaText({ kind, id }: SchemaId): string {
  if (kind === 'global') return `schema with global id ${id}`
  return kind === 'guid' ? `schema with GUID ${id}` : `schema ${id}`
}

function tooShort(value: Buffer): IdentifiedValue {
  return { kind: 'rejected', message: `${value.length} bytes are too few for a schema id` }
}
