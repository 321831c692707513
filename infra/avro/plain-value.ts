// Reads an Avro value with the schema of its writer alone, as plain objects, arrays, text and
// numbers. Reading it as another schema is resolution.ts. Logical types are not interpreted.
import type { EventError } from '../../schemas/errors.ts'
import { shown, type RecordNode, type SchemaNode } from './schema-graph.ts'
import { ValueBytes, ValueDefect } from './value-bytes.ts'

export type PlainValue =
  | { readonly kind: 'ok'; readonly value: unknown }
  | { readonly kind: 'rejected'; readonly error: EventError }

/**
 * Reads one value, which must end where the bytes end. Longs beyond 2^53 are bigints, the value of
 * a union is that of its branch, an enum is its symbol, bytes are a Buffer.
 */
export function readPlainValue(type: SchemaNode, value: Buffer): PlainValue {
  const bytes = new ValueBytes(value)
  try {
    const read = plain(type, bytes)
    if (bytes.left === 0) return { kind: 'ok', value: read }
    return rejected('avro_undecodable', `${bytes.left} bytes are left after the value`)
  } catch (error) {
    if (error instanceof ValueDefect) return rejected(error.code, error.sentence)
    throw error
  }
}

function rejected(code: EventError['code'], message: string): PlainValue {
  return { kind: 'rejected', error: { code, message } }
}

/** Throws ValueDefect. */
function plain(type: SchemaNode, bytes: ValueBytes): unknown {
  switch (type.kind) {
    case 'null':
      return null
    case 'boolean':
      return bytes.boolean()
    case 'int':
      return bytes.int()
    case 'long':
      return bytes.exactLong()
    case 'float':
      return bytes.float()
    case 'double':
      return bytes.double()
    case 'bytes':
      return bytes.bytes()
    case 'string':
      return bytes.text()
    case 'fixed':
      return bytes.fixed(type.sizeBytes)
    case 'enum':
      return type.symbols[bytes.choice(type.symbols.length)]
    case 'union':
      return plain(type.branches[bytes.choice(type.branches.length)]!, bytes)
    case 'array':
      return itemsOf(bytes, () => plain(type.items, bytes))
    case 'map':
      return Object.fromEntries(itemsOf(bytes, () => [bytes.text(), plain(type.values, bytes)]))
    case 'record':
      return recordOf(type, bytes)
  }
}

function itemsOf<Item>(bytes: ValueBytes, read: () => Item): Item[] {
  bytes.enter()
  const items: Item[] = []
  for (let left = bytes.blockItems(); left > 0; left = bytes.blockItems()) {
    for (; left > 0; left--) items.push(read())
  }
  bytes.leave()
  return items
}

function recordOf({ fields }: RecordNode, bytes: ValueBytes): Record<string, unknown> {
  bytes.enter()
  bytes.expect(fields.length)
  const entries: [string, unknown][] = []
  for (const { name, type } of fields) {
    try {
      entries.push([name, plain(type, bytes)])
    } catch (error) {
      if (error instanceof ValueDefect) error.path.unshift(shown(name))
      throw error
    }
  }
  bytes.leave()
  // Unlike an assignment, this makes a field `__proto__` a field.
  return Object.fromEntries(entries)
}
