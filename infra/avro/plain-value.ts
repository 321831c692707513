// Reads values with the schema that wrote them, for readers that do not know the schema: as the
// objects, lists, texts and numbers that JSON has. Whole numbers keep all digits (a bigint beyond
// 2^53), bytes become text as the caller says, logical types their plain form.
import { isUtf8 } from 'node:buffer'
import {
  decimalBytesMax,
  decimalText,
  durationText,
  plainTime,
  uuidText,
  type LogicalType,
} from './logical-type.ts'
import { arrayRead, inside, readValue, type Decoded, type Read } from './resolution.ts'
import { shortFloat } from './short-float.ts'
import { shown, type RecordNode, type SchemaNode } from './schema-graph.ts'
import type { ValueBytes } from './value-bytes.ts'

/** What becomes of bytes: base64, or the text in UTF-8 that they are. */
export type BytesForm = 'base64' | 'utf8'

/**
 * Makes a reader of the values of a schema. A value must end where its bytes end; its nesting and
 * the number of its parts are bounded (value-bytes.ts).
 */
export function plainReader(
  writer: SchemaNode,
  { bytes }: { bytes: BytesForm },
): (value: Buffer) => Decoded<unknown> {
  const read = new Planning(bytes).plan(writer)
  return (value) => readValue(read, value)
}

class Planning {
  readonly #bytesForm: BytesForm
  readonly #records = new Map<RecordNode, Read>()

  constructor(bytesForm: BytesForm) {
    this.#bytesForm = bytesForm
  }

  plan(type: SchemaNode): Read {
    switch (type.kind) {
      case 'null':
        return () => null
      case 'boolean':
        return (bytes) => bytes.boolean()
      case 'int':
        return timeRead(type.logical, (bytes) => bytes.int())
      case 'long':
        return timeRead(type.logical, (bytes) => bytes.exactLong())
      case 'float':
        return (bytes) => shortFloat(bytes.float())
      case 'double':
        return (bytes) => bytes.double()
      case 'string':
        return (bytes) => bytes.text()
      case 'bytes':
        return this.#bytes(type.logical, (bytes) => bytes.bytes())
      case 'fixed':
        return this.#bytes(type.logical, (bytes) => bytes.fixed(type.sizeBytes))
      case 'enum':
        return (bytes) => type.symbols[bytes.choice(type.symbols.length)]
      case 'union': {
        const reads = type.branches.map((branch) => this.plan(branch))
        return (bytes) => reads[bytes.choice(reads.length)]!(bytes)
      }
      case 'array':
        return arrayRead(this.plan(type.items))
      case 'map':
        return entriesRead(this.plan(type.values))
      case 'record':
        return this.#record(type)
    }
  }

  /** Planned when the first value is read, because records may contain themselves. */
  #record(type: RecordNode): Read {
    const known = this.#records.get(type)
    if (known !== undefined) return known
    let steps: readonly Step[] | undefined
    const read: Read = (bytes) => {
      bytes.enter()
      steps ??= type.fields.map((field) => ({ name: field.name, read: this.plan(field.type) }))
      bytes.expect(steps.length)
      const value: Record<string, unknown> = {}
      for (const step of steps) {
        refuseProto(step.name, bytes)
        value[step.name] = within(step.name, () => step.read(bytes))
      }
      bytes.leave()
      return value
    }
    this.#records.set(type, read)
    return read
  }

  #bytes(logical: LogicalType | undefined, read: (bytes: ValueBytes) => Buffer): Read {
    switch (logical?.kind) {
      case 'decimal':
        return (bytes) => {
          const value = read(bytes)
          if (value.length > decimalBytesMax) {
            bytes.fail(`is a decimal of ${value.length} bytes; at most ${decimalBytesMax}`)
          }
          return decimalText(value, logical.scale)
        }
      case 'uuid':
        return (bytes) => uuidText(read(bytes))
      case 'duration':
        return (bytes) => durationText(read(bytes))
      default:
        if (this.#bytesForm === 'base64') return (bytes) => read(bytes).toString('base64')
        return (bytes) => {
          const value = read(bytes)
          return isUtf8(value) ? value.toString() : bytes.fail('is not valid UTF-8', 'utf8_invalid')
        }
    }
  }
}

type Step = { readonly name: string; readonly read: Read }

function timeRead(
  logical: LogicalType | undefined,
  read: (bytes: ValueBytes) => number | bigint,
): Read {
  return logical === undefined ? read : (bytes) => plainTime(logical, read(bytes))
}

function entriesRead(item: Read): Read {
  return (bytes) => {
    bytes.enter()
    const values: Record<string, unknown> = {}
    for (let left = bytes.blockItems(); left > 0; left = bytes.blockItems()) {
      for (; left > 0; left--) {
        const key = bytes.text()
        refuseProto(key, bytes)
        values[key] = within(key, () => item(bytes))
      }
    }
    bytes.leave()
    return values
  }
}

/** Assigning this name would set the prototype instead. */
function refuseProto(name: string, bytes: ValueBytes): void {
  if (name === '__proto__') bytes.fail('must not have the name "__proto__"', 'field_type')
}

/** Adds the name of a field to the path of a defect. */
function within<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw inside(error, shown(name))
  }
}
