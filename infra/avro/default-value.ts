// Converts the default of a reader's field from the JSON form of its schema to a value (Avro 1.12
// specification, "Complex Types", field default values). Only Winnow's own schemas come here.
import { nameOf, type SchemaNode } from './schema-graph.ts'
import { isJsonObject } from '../../schemas/json-object.ts'

/**
 * Makes a field's default. For a union it may fit any branch. Up to 1.11 the specification required
 * the first branch, so taking the first that fits gives the same value. Throws TypeError if the
 * default does not fit the type: a defect of the schema.
 */
export function defaultValue(type: SchemaNode, json: unknown): unknown {
  const value = valueOf(type, json)
  if (value === unfit) {
    throw new TypeError(`${JSON.stringify(json)} cannot be the default of a ${nameOf(type)}`)
  }
  return value
}

const unfit = Symbol('unfit')

function valueOf(type: SchemaNode, json: unknown): unknown {
  switch (type.kind) {
    case 'null':
      return json === null ? null : unfit
    case 'boolean':
      return typeof json === 'boolean' ? json : unfit
    case 'int':
    case 'long':
      return Number.isSafeInteger(json) ? json : unfit
    case 'float':
    case 'double':
      return typeof json === 'number' ? json : unfit
    case 'string':
      return typeof json === 'string' ? json : unfit
    case 'bytes':
    case 'fixed': {
      if (typeof json !== 'string') return unfit
      // One character per byte.
      const bytes = Buffer.from(json, 'latin1')
      return type.kind !== 'fixed' || bytes.length === type.sizeBytes ? bytes : unfit
    }
    case 'enum':
      return typeof json === 'string' && type.symbols.includes(json) ? json : unfit
    case 'union': {
      for (const branch of type.branches) {
        const value = valueOf(branch, json)
        if (value !== unfit) return value
      }
      return unfit
    }
    case 'array': {
      if (!Array.isArray(json)) return unfit
      const items = json.map((item) => valueOf(type.items, item))
      return items.includes(unfit) ? unfit : items
    }
    case 'map':
      if (!isJsonObject(json)) return unfit
      return objectOf(Object.entries(json).map(([key, one]) => [key, valueOf(type.values, one)]))
    case 'record':
      if (!isJsonObject(json)) return unfit
      return objectOf(
        type.fields.map((field) => {
          const given = Object.hasOwn(json, field.name) ? json[field.name] : field.default
          return [field.name, given === undefined ? unfit : valueOf(field.type, given)]
        }),
      )
  }
}

function objectOf(entries: [string, unknown][]): unknown {
  return entries.some(([, value]) => value === unfit) ? unfit : Object.fromEntries(entries)
}
