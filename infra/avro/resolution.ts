// Schema resolution: reads a value that was written with one schema as another (Avro 1.12
// specification, "Schema Resolution"). A pair of schemas is resolved once, and refused then if no
// value can be read. What depends on the value, such as the branch of a union or a symbol, is
// refused when the value is read.
import type { EventError } from '../../schemas/errors.ts'
import { defaultValue } from './default-value.ts'
import { isMatch } from './schema-match.ts'
import {
  nameOf,
  shown,
  unqualified,
  type FieldNode,
  type RecordNode,
  type SchemaNode,
  type UnionNode,
} from './schema-graph.ts'
import { skipValue } from './skip-value.ts'
import { ValueBytes, ValueDefect, valueDepthMax } from './value-bytes.ts'

export type Decoded<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'rejected'; readonly error: EventError }

export type Resolution =
  | {
      readonly kind: 'ok'
      /** Reads one value, which must end where the bytes end. Longs are safe integers. */
      readonly read: <T>(bytes: Buffer) => Decoded<T>
    }
  | { readonly kind: 'rejected'; readonly message: string }

/**
 * Resolves how values of the writer's schema are read as `reader`, or why none can be. Types match
 * by name without namespace, or by an alias of the reader's. A union's value is that of its branch.
 */
export function resolveSchemas(writer: SchemaNode, reader: SchemaNode): Resolution {
  const plan = new Resolving().plan(writer, reader, { path: '', depth: 0 })
  if (plan.kind === 'rejected') {
    const { path, message } = plan
    return { kind: 'rejected', message: `${path === '' ? '' : `${path}: `}${message}` }
  }
  return { kind: 'ok', read: (bytes) => readValue(plan.read, bytes) }
}

/** Reads one value, which must end where the bytes end. */
export function readValue<T>(read: Read, value: Buffer): Decoded<T> {
  const bytes = new ValueBytes(value)
  try {
    const result = read(bytes) as T
    if (bytes.left === 0) return { kind: 'ok', value: result }
    return rejected('avro_undecodable', `${bytes.left} bytes are left after the value`)
  } catch (error) {
    if (error instanceof ValueDefect) return rejected(error.code, error.sentence)
    throw error
  }
}

function rejected(code: EventError['code'], message: string) {
  return { kind: 'rejected' as const, error: { code, message } }
}

/** Reads a value of one type. Throws ValueDefect. */
export type Read = (bytes: ValueBytes) => unknown
type Refusal = { readonly kind: 'rejected'; readonly path: string; readonly message: string }
type Plan = { readonly kind: 'ok'; readonly read: Read } | Refusal
/** The position of a pair of types in the schemas. */
type Place = { readonly path: string; readonly depth: number }

class Resolving {
  /** Plans by writer, then reader. Records may contain themselves, so each pair is planned once. */
  readonly #records = new Map<SchemaNode, Map<SchemaNode, Plan>>()

  plan(writer: SchemaNode, reader: SchemaNode, place: Place): Plan {
    if (writer.kind === 'union') return this.#writerUnion(writer, reader, place)
    if (reader.kind === 'union') {
      const branch = reader.branches.find((one) => isMatch(writer, one))
      return branch === undefined
        ? mismatch(writer, reader, place)
        : this.plan(writer, branch, place)
    }
    if (!isMatch(writer, reader)) return mismatch(writer, reader, place)
    if (writer.kind === 'record' && reader.kind === 'record') {
      return this.#record(writer, reader, place)
    }
    if (writer.kind === 'array' && reader.kind === 'array') {
      return { kind: 'ok', read: arrayRead(this.#item(writer.items, reader.items, place)) }
    }
    if (writer.kind === 'map' && reader.kind === 'map') {
      return { kind: 'ok', read: mapRead(this.#item(writer.values, reader.values, place)) }
    }
    return { kind: 'ok', read: leafRead(writer, reader) }
  }

  /** Refused only if no branch can be read: the value decides which one occurs. */
  #writerUnion(writer: UnionNode, reader: SchemaNode, place: Place): Plan {
    const plans = writer.branches.map((branch) => this.plan(branch, reader, place))
    if (plans.every(({ kind }) => kind === 'rejected')) {
      const values = plans.filter((_plan, at) => writer.branches[at]!.kind !== 'null')
      return values.length === 1 ? values[0]! : mismatch(writer, reader, place)
    }
    const reads = plans.map((plan, at) =>
      plan.kind === 'ok' ? plan.read : branchRefusal(writer.branches[at]!, reader, plan),
    )
    return { kind: 'ok', read: (bytes) => reads[bytes.choice(reads.length)]!(bytes) }
  }

  /** An array or map may be empty, so unreadable items are refused only when there are any. */
  #item(writer: SchemaNode, reader: SchemaNode, place: Place): Read {
    const plan = this.plan(writer, reader, { ...place, depth: place.depth + 1 })
    return plan.kind === 'ok' ? plan.read : branchRefusal(writer, reader, plan)
  }

  #record(writer: RecordNode, reader: RecordNode, place: Place): Plan {
    if (place.depth >= valueDepthMax) {
      return refusal(place, `is nested deeper than ${valueDepthMax}`)
    }
    const byReader = this.#records.get(writer) ?? new Map<SchemaNode, Plan>()
    this.#records.set(writer, byReader)
    const known = byReader.get(reader)
    if (known !== undefined) return known
    // A field that refers back to this record reads through `whole`, which is set by then.
    let whole: Read = (bytes) => bytes.fail('cannot be read')
    byReader.set(reader, { kind: 'ok', read: (bytes) => whole(bytes) })
    const plan = this.#fields(writer, reader, place)
    byReader.set(reader, plan)
    if (plan.kind === 'ok') whole = plan.read
    return plan
  }

  #fields(writer: RecordNode, reader: RecordNode, place: Place): Plan {
    const targets = targetsOf(writer, reader)
    const found = new Set(targets.values())
    const missing = reader.fields.filter((field) => !found.has(field))
    const steps: Step[] = []
    for (const { name, type } of writer.fields) {
      const target = targets.get(name)
      if (target === undefined) {
        const read: Read = (bytes) => {
          skipValue(type, bytes)
        }
        steps.push({ name, target: undefined, read })
        continue
      }
      const within = { path: pathTo(place.path, name), depth: place.depth + 1 }
      const plan = this.plan(type, target.type, within)
      if (plan.kind === 'rejected') return plan
      steps.push({ name, target: target.name, read: plan.read })
    }
    for (const field of missing) {
      if (field.default !== undefined) continue
      const path = pathTo(place.path, field.name)
      return refusal({ ...place, path }, `${nameOf(writer)} has no such field`)
    }
    const defaults = missing.map((field) => ({
      name: field.name,
      make: () => defaultValue(field.type, field.default),
    }))
    return { kind: 'ok', read: recordRead({ reader, steps, defaults }) }
  }
}

/** The reader's field for each of the writer's fields that has one: by name, else by alias. */
function targetsOf(writer: RecordNode, reader: RecordNode): Map<string, FieldNode> {
  const written = new Set(writer.fields.map(({ name }) => name))
  const targets = new Map(
    reader.fields.filter(({ name }) => written.has(name)).map((field) => [field.name, field]),
  )
  for (const field of reader.fields) {
    if (written.has(field.name)) continue
    const alias = field.aliases.find((one) => written.has(one) && !targets.has(one))
    if (alias !== undefined) targets.set(alias, field)
  }
  return targets
}

/** One field of the writer, in the writer's order; skipped if it has no target. */
type Step = { readonly name: string; readonly target: string | undefined; readonly read: Read }

function recordRead(parts: {
  reader: RecordNode
  steps: readonly Step[]
  defaults: readonly { name: string; make: () => unknown }[]
}): Read {
  const { reader, steps, defaults } = parts
  // Copies an object that has all fields, so that every value has the same shape whatever the
  // writer's order.
  const blank: Record<string, unknown> = {}
  for (const { name } of reader.fields) blank[name] = undefined
  // Made once to find defaults that do not fit; defaults that are objects are made again for each
  // value.
  const fresh = defaults.filter(({ name, make }) => {
    blank[name] = make()
    return typeof blank[name] === 'object' && blank[name] !== null
  })
  return (bytes) => {
    bytes.enter()
    bytes.expect(steps.length)
    const value = { ...blank }
    let at = 0
    try {
      for (; at < steps.length; at++) {
        const { target, read } = steps[at]!
        const one = read(bytes)
        if (target !== undefined) value[target] = one
      }
    } catch (error) {
      throw inside(error, shown(steps[at]!.name))
    }
    for (const { name, make } of fresh) value[name] = make()
    bytes.leave()
    return value
  }
}

/** Reads the items of an array in their blocks; a defect names the index. */
export function arrayRead(item: Read): Read {
  return (bytes) => {
    bytes.enter()
    const items: unknown[] = []
    try {
      for (let left = bytes.blockItems(); left > 0; left = bytes.blockItems()) {
        for (; left > 0; left--) items.push(item(bytes))
      }
    } catch (error) {
      throw inside(error, `[${items.length}]`)
    }
    bytes.leave()
    return items
  }
}

function mapRead(item: Read): Read {
  return (bytes) => {
    bytes.enter()
    const values: Record<string, unknown> = {}
    for (let left = bytes.blockItems(); left > 0; left = bytes.blockItems()) {
      for (; left > 0; left--) {
        const key = bytes.text()
        // Assigning this key would set the prototype instead. JSON events may not have it either.
        if (key === '__proto__') bytes.fail('must not have the name "__proto__"', 'field_type')
        const value = item(bytes)
        values[key] = value
      }
    }
    bytes.leave()
    return values
  }
}

/** A value that is neither a record nor a collection: of the same type, or promoted. */
function leafRead(writer: SchemaNode, reader: SchemaNode): Read {
  if (writer.kind === 'enum' && reader.kind === 'enum') {
    const { symbols } = writer
    const known = new Set(reader.symbols)
    return (bytes) => {
      const symbol = symbols[bytes.choice(symbols.length)]!
      if (known.has(symbol)) return symbol
      if (reader.default !== undefined) return reader.default
      return bytes.fail(`is ${shown(symbol)}, which ${nameOf(reader)} does not have`, 'field_type')
    }
  }
  if (writer.kind === 'fixed') return (bytes) => bytes.fixed(writer.sizeBytes)
  switch (reader.kind) {
    case 'null':
      return () => null
    case 'boolean':
      return (bytes) => bytes.boolean()
    case 'int':
      return (bytes) => bytes.int()
    case 'string':
      return (bytes) => bytes.text()
    case 'bytes':
      return (bytes) => bytes.bytes()
    default:
      return numberRead(writer, reader)
  }
}

function numberRead(writer: SchemaNode, reader: SchemaNode): Read {
  const isSingle = reader.kind === 'float'
  switch (writer.kind) {
    case 'int':
      return isSingle ? (bytes) => Math.fround(bytes.int()) : (bytes) => bytes.int()
    case 'long':
      if (reader.kind === 'long') return (bytes) => bytes.long()
      return isSingle
        ? (bytes) => Math.fround(bytes.longAsDouble())
        : (bytes) => bytes.longAsDouble()
    case 'float':
      return (bytes) => bytes.float()
    default:
      return (bytes) => bytes.double()
  }
}

function branchRefusal(writer: SchemaNode, reader: SchemaNode, { message }: Refusal): Read {
  const sentence =
    writer.kind === 'null'
      ? `is null where ${nameOf(reader)} is expected`
      : `cannot be read: ${message}`
  return (bytes) => bytes.fail(sentence, 'field_type')
}

function mismatch(writer: SchemaNode, reader: SchemaNode, place: Place): Refusal {
  if (writer.kind === 'record' && reader.kind === 'record') {
    const [given, expected] = [writer, reader].map(({ name }) => shown(unqualified(name)))
    const what = `a record named ${given} cannot be read as ${expected}`
    return refusal(place, `${what}; name the producer's record ${expected}`)
  }
  return refusal(place, `${nameOf(writer)} cannot be read as ${nameOf(reader)}`)
}

function refusal({ path }: Place, message: string): Refusal {
  return { kind: 'rejected', path, message }
}

function pathTo(path: string, field: string): string {
  return path === '' ? shown(field) : `${shown(path)}.${shown(field)}`
}

/** Puts a place in front of the path of a defect; other errors stay as they are. */
export function inside(error: unknown, place: string): unknown {
  if (error instanceof ValueDefect) error.path.unshift(place)
  return error
}
