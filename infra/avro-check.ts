// Checks the Avro binary form of a value against the schema that it was written with, before it is
// decoded: avsc reads behind the end of a value as if there were zeros, loops as often as a block count
// says, and replaces what is no UTF-8. It owns bounds and text; meaning is the stages'.
// Avro 1.11.1 specification, "Data Serialization and Deserialization".
import { isUtf8 } from 'node:buffer'
import type avro from 'avsc'

/** What is wrong with a value: it ends too early or does not follow its schema, or has broken text. */
export type AvroDefect = {
  readonly code: 'avro_undecodable' | 'utf8_invalid' | 'field_type'
  readonly message: string
}

/** Deepest nesting of a value; only a recursive schema comes near. */
const depthMax = 64

/** The first defect of a value written with a schema; undefined when it can be decoded as it is. */
export function findAvroDefect(type: avro.Type, bytes: Buffer): AvroDefect | undefined {
  const walk = new Walk(bytes)
  try {
    walk.value(type, 'value', 0)
  } catch (error) {
    if (error instanceof DefectFound) return error.defect
    throw error
  }
  const left = bytes.length - walk.at
  if (left === 0) return undefined
  return { code: 'avro_undecodable', message: `${left} bytes are left behind the value` }
}

class DefectFound extends Error {
  readonly defect: AvroDefect

  constructor(code: AvroDefect['code'], message: string) {
    super(message)
    this.defect = { code, message }
  }
}

/** What avsc's type objects have beyond their declared form. */
type Described = avro.Type & {
  fields: { name: string; type: avro.Type }[]
  types: avro.Type[]
  itemsType: avro.Type
  valuesType: avro.Type
  underlyingType: avro.Type
  size: number
  symbols: string[]
}

class Walk {
  at = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  value(given: avro.Type, path: string, depth: number): void {
    const type = given as Described
    if (depth > depthMax) this.#fail(path, `is nested deeper than ${depthMax}`)
    switch (type.typeName) {
      case 'null':
        return
      case 'boolean':
        this.#skip(1, path)
        return
      case 'int':
      case 'long':
        this.#number(path)
        return
      case 'float': {
        this.#skip(4, path)
        return
      }
      case 'double': {
        this.#skip(8, path)
        return
      }
      case 'bytes': {
        this.#skip(this.#length(path), path)
        return
      }
      case 'string': {
        this.#text(path)
        return
      }
      case 'fixed': {
        this.#skip(type.size, path)
        return
      }
      case 'enum':
        this.#index(type.symbols.length, path)
        return
      case 'array': {
        this.#blocks(path, () => this.value(type.itemsType, path, depth + 1))
        return
      }
      case 'map': {
        this.#blocks(path, () => {
          this.#key(path)
          this.value(type.valuesType, path, depth + 1)
        })
        return
      }
      case 'record':
      case 'error':
        for (const field of type.fields) this.value(field.type, field.name, depth + 1)
        return
      default:
        if (type.typeName.startsWith('union')) {
          const branch = type.types[this.#index(type.types.length, path)]
          this.value(branch!, path, depth + 1)
          return
        }
        {
          this.value(type.underlyingType, path, depth + 1)
          return
        }
    }
  }

  #blocks(path: string, item: () => void): void {
    for (;;) {
      const count = this.#number(path)
      if (count === 0) return
      if (count < 0) this.#length(path)
      // Items without bytes are possible; more of them than there are bytes are made up.
      if (Math.abs(count) > this.#bytes.length) this.#fail(path, `says it has ${count} items`)
      for (let left = Math.abs(count); left > 0; left--) item()
    }
  }

  /** Gives the length in bytes. */
  #text(path: string): number {
    const length = this.#length(path)
    const from = this.at
    this.#skip(length, path)
    if (isUtf8(this.#bytes.subarray(from, this.at))) return length
    throw new DefectFound('utf8_invalid', `${path} is not valid UTF-8`)
  }

  /** avsc would lose this one: as a key it sets the prototype of the object that it decodes into. */
  #key(path: string): void {
    const length = this.#text(`a key of ${path}`)
    if (this.#bytes.toString('latin1', this.at - length, this.at) !== '__proto__') return
    throw new DefectFound('field_type', `${path} must not have the name "__proto__"`)
  }

  #index(below: number, path: string): number {
    const index = this.#number(path)
    if (index < 0 || index >= below) this.#fail(path, `is choice ${index} of ${below}`)
    return index
  }

  #length(path: string): number {
    const length = this.#number(path)
    if (length < 0) this.#fail(path, `says it has ${length} bytes`)
    return length
  }

  /** A zigzag variable-length integer. Beyond 2^53 its value is not exact, which decoding refuses. */
  #number(path: string): number {
    let value = 0
    for (let byte = 0; byte < 10; byte++) {
      this.#skip(1, path)
      const bits = this.#bytes[this.at - 1]!
      value += (bits & 0x7f) * 2 ** (7 * byte)
      if (bits < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    return this.#fail(path, 'is a number of more than ten bytes')
  }

  #skip(length: number, path: string): void {
    const left = this.#bytes.length - this.at
    if (length > left) this.#fail(path, `needs ${length} bytes where ${left} are left`)
    this.at += length
  }

  #fail(path: string, what: string): never {
    throw new DefectFound('avro_undecodable', `${path} ${what}`)
  }
}
