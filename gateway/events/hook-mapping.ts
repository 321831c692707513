// Makes events of the JSON that webhooks send, by the mapping in `gateway.hooks`, which works as
// that of the stream's inputs (schemas/mapping/). It knows nothing of HTTP.
import type { Config } from '../../configs/schema.ts'
import { parseFields, readFields, type FieldSources } from '../../schemas/mapping/event-mapping.ts'
import { parsePath, valueAtPath } from '../../schemas/mapping/field-path.ts'
import type { ItemDefect } from '../http/problem.ts'
import type { ItemCheck } from './item-checks.ts'

/** The mapping of one hook. */
export type Hook = Config['gateway']['hooks'][string]

/** The items of a body: itself, or the array at the path `items`. */
export function itemsOfBody(body: unknown, hook: Hook): ItemCheck<readonly unknown[]> {
  if (hook.items === undefined) return { kind: 'ok', item: [body] }
  const found = hook.items === '' ? body : valueIn(body, hook.items)
  if (Array.isArray(found)) return { kind: 'ok', item: found }
  const message = `the body has no array at "${hook.items}" (items of the hook)`
  return { kind: 'rejected', defects: [{ code: 'field_type', field: 'items', message }] }
}

function valueIn(body: unknown, path: string): unknown {
  const parsed = parsePath(path, { roots: 'value' })
  return parsed.kind === 'ok' ? valueAtPath(recordOf(body), parsed.path) : undefined
}

function recordOf(value: unknown) {
  return { value, key: null, headers: {} }
}

/** The sources of a hook's fields, parsed once for all its bodies. */
export function hookSources({ text, id, source, time, label, attributes }: Hook): FieldSources {
  return parseFields({ text, id, source, time, label, attributes }, { roots: 'value' })
}

/**
 * The fields of an event, still to be checked. The text must be there, and the id if it is mapped;
 * other fields are absent if their path leads nowhere.
 */
export function eventOfHook(item: unknown, sources: FieldSources): ItemCheck<unknown> {
  const { fields, defects } = readFields(recordOf(item), { sources, timeUnit: 'ms' })
  const rejections = defects
    .filter(({ field }) => field === 'text' || field === 'id')
    .map(({ field, path }): ItemDefect => {
      const message = `the body has no text, number or boolean at "${path}" (${field} of the hook)`
      return { code: 'field_missing', field, message }
    })
  if (rejections.length > 0) return { kind: 'rejected', defects: rejections }
  const { attributes, ...event } = fields
  const hasAttributes = Object.keys(attributes).length > 0
  return { kind: 'ok', item: { ...event, ...(hasAttributes && { attributes }) } }
}
