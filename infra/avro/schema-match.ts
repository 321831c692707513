// Decides whether a writer's type matches a reader's (Avro 1.12 specification, "Schema Resolution",
// the first list), to choose between the branches of a union. Records match by name alone;
// resolution.ts checks their fields.
import { unqualified, type NamedNode, type Primitive, type SchemaNode } from './schema-graph.ts'

const promotions: Partial<Record<Primitive, readonly Primitive[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
}

/** Whether values of the writer's type may be readable as the reader's. */
export function isMatch(writer: SchemaNode, reader: SchemaNode): boolean {
  if (writer.kind === 'union' || reader.kind === 'union') return true
  switch (writer.kind) {
    case 'array':
      return reader.kind === 'array' && isMatch(writer.items, reader.items)
    case 'map':
      return reader.kind === 'map' && isMatch(writer.values, reader.values)
    case 'record':
    case 'enum':
      return reader.kind === writer.kind && isNamed(writer, reader)
    case 'fixed':
      return (
        reader.kind === 'fixed' && reader.sizeBytes === writer.sizeBytes && isNamed(writer, reader)
      )
    default:
      return (
        reader.kind === writer.kind ||
        (promotions[writer.kind]?.includes(reader.kind as Primitive) ?? false)
      )
  }
}

/** Matches by name without namespace, or by an alias, which is always a full name. */
function isNamed(writer: NamedNode, reader: NamedNode): boolean {
  return (
    unqualified(writer.name) === unqualified(reader.name) || reader.aliases.includes(writer.name)
  )
}
