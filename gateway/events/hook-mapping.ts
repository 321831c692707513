// Makes events of the JSON that webhooks send, by the mapping in `gateway.hooks`: paths into the
// body, or templates over several of them. It knows nothing of HTTP.
import type { Config } from '../../configs/schema.ts'
import type { ItemDefect } from '../http/problem.ts'
import type { ItemCheck } from './item-checks.ts'

/** The mapping of one hook. */
export type Hook = Config['gateway']['hooks'][string]

/** The items of a body: itself, or the array at the path `items`. */
export function itemsOfBody(body: unknown, hook: Hook): ItemCheck<readonly unknown[]> {
  if (hook.items === undefined) return { kind: 'ok', item: [body] }
  const found = hook.items === '' ? body : valueAt(body, hook.items)
  if (Array.isArray(found)) return { kind: 'ok', item: found }
  const message = `the body has no array at "${hook.items}" (items of the hook)`
  return { kind: 'rejected', defects: [{ code: 'field_type', field: 'items', message }] }
}

/**
 * The fields of an event, still to be checked. The text must be there; other fields are absent if
 * their path leads nowhere.
 */
export function eventOfHook(item: unknown, hook: Hook): ItemCheck<unknown> {
  const defects: ItemDefect[] = []
  const read = (field: string, source: string | undefined, isRequired: boolean) => {
    if (source === undefined) return undefined
    const { text, missing } = filled(item, source)
    if (missing === undefined) return text
    if (isRequired) {
      const message = `the body has no text, number or boolean at "${missing}" (${field} of the hook)`
      defects.push({ code: 'field_missing', field, message })
    }
    return undefined
  }
  const text = read('text', hook.text, true)
  const [id, source, time, label] = (['id', 'source', 'time', 'label'] as const).map((field) =>
    read(field, hook[field], field === 'id'),
  )
  const attributes = Object.entries(hook.attributes)
    .map(([name, path]): [string, string | undefined] => [name, read(name, path, false)])
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
  if (defects.length > 0) return { kind: 'rejected', defects }
  const event = {
    text,
    id,
    source,
    // Epoch milliseconds; other times are RFC 3339.
    time: time !== undefined && /^\d+$/.test(time) ? Number(time) : time,
    label,
    ...(attributes.length > 0 && { attributes: Object.fromEntries(attributes) }),
  }
  return { kind: 'ok', item: event }
}

/** A path, or a template with paths in braces; `missing` is the first path that leads nowhere. */
function filled(item: unknown, source: string): { text: string; missing?: string } {
  if (!source.includes('{')) {
    const text = scalarAt(item, source)
    return text === undefined ? { text: '', missing: source } : { text }
  }
  let missing: string | undefined
  const text = source.replace(/\{([^{}]+)\}/g, (_, path: string) => {
    const value = scalarAt(item, path)
    if (value === undefined) missing ??= path
    return value ?? ''
  })
  return missing === undefined ? { text } : { text, missing }
}

function scalarAt(item: unknown, path: string): string | undefined {
  const value = valueAt(item, path)
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined
}

/** The value at a dotted path; a number names an item of an array. Only own properties count. */
function valueAt(item: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, name)
          ? (value as Record<string, unknown>)[name]
          : undefined,
      item,
    )
}
