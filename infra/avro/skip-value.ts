// Skips values that the reader has no field for. They are validated like values that are read:
// bounds, nesting, text.
import { shown, type RecordNode, type SchemaNode } from './schema-graph.ts'
import { ValueDefect, type ValueBytes } from './value-bytes.ts'

/** Skips one value of a type. Throws ValueDefect. */
export function skipValue(type: SchemaNode, bytes: ValueBytes): void {
  switch (type.kind) {
    case 'null':
      break
    case 'boolean':
      bytes.boolean()
      break
    case 'int':
    case 'long':
      bytes.skipLong()
      break
    case 'float':
      bytes.skip(4)
      break
    case 'double':
      bytes.skip(8)
      break
    case 'bytes':
      bytes.skipBytes()
      break
    case 'string':
      bytes.skipText()
      break
    case 'fixed':
      bytes.skip(type.sizeBytes)
      break
    case 'enum':
      bytes.choice(type.symbols.length)
      break
    case 'union':
      skipValue(type.branches[bytes.choice(type.branches.length)]!, bytes)
      break
    case 'array':
      skipItems(bytes, () => {
        skipValue(type.items, bytes)
      })
      break
    case 'map':
      skipItems(bytes, () => {
        bytes.skipText()
        skipValue(type.values, bytes)
      })
      break
    case 'record':
      skipRecord(type, bytes)
  }
}

function skipItems(bytes: ValueBytes, skipItem: () => void): void {
  bytes.enter()
  for (let left = bytes.blockItems(); left > 0; left = bytes.blockItems()) {
    for (; left > 0; left--) skipItem()
  }
  bytes.leave()
}

function skipRecord({ fields }: RecordNode, bytes: ValueBytes): void {
  bytes.enter()
  bytes.expect(fields.length)
  for (const { name, type } of fields) {
    try {
      skipValue(type, bytes)
    } catch (error) {
      if (error instanceof ValueDefect) error.path.unshift(shown(name))
      throw error
    }
  }
  bytes.leave()
}
