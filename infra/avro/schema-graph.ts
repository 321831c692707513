// Avro schemas as a graph of nodes: parses the JSON form (Avro 1.12 specification, "Schema
// Declaration"), resolves names and namespaces, limits size and nesting. It accepts deviations that
// cannot change what the bytes mean: unknown attributes, logical types, names and defaults of the
// wrong kind.
import { isJsonObject } from '../../schemas/json-object.ts'
import { logicalTypeOf, type LogicalType } from './logical-type.ts'

export type Primitive =
  'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

export type FieldNode = {
  readonly name: string
  readonly aliases: readonly string[]
  readonly type: SchemaNode
  /** In the JSON form; undefined if there is none. */
  readonly default: unknown
}

export type RecordNode = {
  readonly kind: 'record'
  /** The full name, with its namespace. */
  readonly name: string
  /** Full names, with their namespaces. */
  readonly aliases: readonly string[]
  readonly fields: readonly FieldNode[]
}

export type EnumNode = {
  readonly kind: 'enum'
  readonly name: string
  readonly aliases: readonly string[]
  readonly symbols: readonly string[]
  readonly default: string | undefined
}

export type FixedNode = {
  readonly kind: 'fixed'
  readonly name: string
  readonly aliases: readonly string[]
  readonly sizeBytes: number
  readonly logical?: LogicalType | undefined
}

export type NamedNode = RecordNode | EnumNode | FixedNode
export type UnionNode = { readonly kind: 'union'; readonly branches: readonly SchemaNode[] }
export type ArrayNode = { readonly kind: 'array'; readonly items: SchemaNode }
export type MapNode = { readonly kind: 'map'; readonly values: SchemaNode }
/** A primitive type; resolution.ts ignores what its values stand for, plain-value.ts does not. */
export type PrimitiveNode = { readonly kind: Primitive; readonly logical?: LogicalType }
export type SchemaNode = PrimitiveNode | NamedNode | UnionNode | ArrayNode | MapNode

export type SchemaGraph =
  | { readonly kind: 'ok'; readonly root: SchemaNode }
  | { readonly kind: 'rejected'; readonly message: string }

/** Deepest nesting of a schema's JSON form. */
export const schemaDepthMax = 64
/** Most types and fields of a schema, including the schemas that it refers to. */
const nodesMax = 10_000

const primitives = new Map<string, SchemaNode>(
  (['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const).map(
    (kind) => [kind, { kind }],
  ),
)

/**
 * Parses a schema. `references` are the JSON forms of the schemas whose names it uses, each after
 * those that it needs itself.
 */
export function readSchemaGraph(json: unknown, references: readonly unknown[] = []): SchemaGraph {
  const reading = new Reading()
  try {
    for (const reference of references) reading.node(reference, { namespace: '', depth: 0 })
    return { kind: 'ok', root: reading.node(json, { namespace: '', depth: 0 }) }
  } catch (error) {
    if (error instanceof SchemaInvalid) return { kind: 'rejected', message: error.message }
    throw error
  }
}

/** How messages name a type: `string`, `record winnow.Event`, `union of null, string`. */
export function nameOf(node: SchemaNode): string {
  switch (node.kind) {
    case 'record':
    case 'enum':
    case 'fixed':
      return `${node.kind} ${shown(node.name)}`
    case 'array':
      return 'array'
    case 'map':
      return 'map'
    case 'union':
      return `union of ${shown(node.branches.slice(0, 8).map(nameOf).join(', '))}`
    default:
      return node.kind
  }
}

/** A name from a foreign schema, shortened so that messages stay short. */
export function shown(name: string): string {
  return name.length <= 100 ? name : `${name.slice(0, 100)}…`
}

/** The part of a name after its namespace. */
export function unqualified(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

class SchemaInvalid extends Error {}

/** The position of a schema: names without a dot belong to the namespace around them. */
type Place = { readonly namespace: string; readonly depth: number }
type Json = Readonly<Record<string, unknown>>
type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

class Reading {
  readonly #named = new Map<string, NamedNode>()
  #nodes = 0

  node(json: unknown, place: Place): SchemaNode {
    const within = { ...place, depth: place.depth + 1 }
    if (within.depth > schemaDepthMax) {
      throw new SchemaInvalid(`the schema is nested deeper than ${schemaDepthMax}`)
    }
    this.#count()
    if (typeof json === 'string') return this.#reference(json, place)
    if (Array.isArray(json)) return this.#union(json, within)
    if (!isJsonObject(json))
      throw new SchemaInvalid('a type is neither a name, a list nor an object')
    switch (json['type']) {
      case 'record':
      case 'error':
        return this.#record(json, within)
      case 'enum':
        return this.#enum(json, place)
      case 'fixed':
        return this.#fixed(json, place)
      case 'array':
        return { kind: 'array', items: this.node(json['items'], within) }
      case 'map':
        return { kind: 'map', values: this.node(json['values'], within) }
      default:
        return withLogicalType(this.node(json['type'], within), json)
    }
  }

  #count(): void {
    this.#nodes++
    if (this.#nodes > nodesMax) {
      throw new SchemaInvalid(`the schema has more than ${nodesMax} types and fields`)
    }
  }

  #reference(name: string, { namespace }: Place): SchemaNode {
    const found =
      primitives.get(name) ??
      this.#named.get(qualified(name, namespace)) ??
      // Java's parser looks there too, and writers' schemas rely on it.
      this.#named.get(name)
    if (found === undefined) throw new SchemaInvalid(`the type ${shown(name)} is not defined`)
    return found
  }

  #union(json: readonly unknown[], place: Place): UnionNode {
    const branches = json.map((one) => this.node(one, place))
    const keys = branches.map((one) => ('name' in one ? one.name : one.kind))
    if (new Set(keys).size < keys.length) {
      throw new SchemaInvalid('a union has the same type more than once')
    }
    if (keys.includes('union')) throw new SchemaInvalid('a union is directly in a union')
    return { kind: 'union', branches }
  }

  #record(json: Json, place: Place): RecordNode {
    const fields: FieldNode[] = []
    const node = { kind: 'record', ...namesOf(json, place.namespace), fields } as const
    this.#define(node)
    const { namespace } = splitName(node.name)
    if (!Array.isArray(json['fields'])) {
      throw new SchemaInvalid(`${nameOf(node)} has no list of fields`)
    }
    const names = new Set<string>()
    for (const field of json['fields'] as unknown[]) {
      if (!isJsonObject(field) || typeof field['name'] !== 'string') {
        throw new SchemaInvalid(`a field of ${nameOf(node)} has no name`)
      }
      const { name } = field
      if (names.has(name)) {
        throw new SchemaInvalid(`${nameOf(node)} has two fields ${shown(name)}`)
      }
      names.add(name)
      this.#count()
      fields.push({
        name,
        aliases: stringsOf(field['aliases']),
        default: field['default'],
        type: this.node(field['type'], { ...place, namespace }),
      })
    }
    return node
  }

  #enum(json: Json, { namespace }: Place): EnumNode {
    const symbols = stringsOf(json['symbols'])
    const given = json['default']
    const node: EnumNode = {
      kind: 'enum',
      ...namesOf(json, namespace),
      symbols,
      default: symbols.find((symbol) => symbol === given),
    }
    this.#define(node)
    return node
  }

  #fixed(json: Json, { namespace }: Place): FixedNode {
    const sizeBytes = json['size']
    const names = namesOf(json, namespace)
    if (!Number.isSafeInteger(sizeBytes) || (sizeBytes as number) < 0) {
      throw new SchemaInvalid(`fixed ${shown(names.name)} has no size`)
    }
    const node: FixedNode = {
      kind: 'fixed',
      ...names,
      sizeBytes: sizeBytes as number,
      logical: logicalTypeOf(json, 'fixed'),
    }
    this.#define(node)
    return node
  }

  #define(node: NamedNode): void {
    if (this.#named.has(node.name)) throw new SchemaInvalid(`${nameOf(node)} is defined twice`)
    this.#named.set(node.name, node)
  }
}

/** A primitive type with what its values stand for; every other type as it is. */
function withLogicalType(node: SchemaNode, json: Json): SchemaNode {
  if (!primitives.has(node.kind)) return node
  const logical = logicalTypeOf(json, node.kind)
  return logical === undefined ? node : { kind: node.kind as Primitive, logical }
}

function stringsOf(json: unknown): string[] {
  return Array.isArray(json) ? json.filter((one) => typeof one === 'string') : []
}

/** The full names of a type and of its aliases, which belong to the namespace of the type. */
function namesOf(json: Json, around: string): Pick<Writable<NamedNode>, 'name' | 'aliases'> {
  const { name: given, namespace } = json
  if (typeof given !== 'string' || given === '') {
    throw new SchemaInvalid(`a type ${String(json['type'])} has no name`)
  }
  const name = qualified(given, typeof namespace === 'string' ? namespace : around)
  const { namespace: own } = splitName(name)
  return { name, aliases: stringsOf(json['aliases']).map((alias) => qualified(alias, own)) }
}

function qualified(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

function splitName(name: string): { namespace: string } {
  return { namespace: name.slice(0, Math.max(0, name.lastIndexOf('.'))) }
}
