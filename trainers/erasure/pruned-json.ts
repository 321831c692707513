// Takes texts out of JSON values: the nearest item of a list that holds one goes as a whole,
// because what stands beside a text describes it. A text outside of every list is replaced.
import type { ForgottenTexts } from './forgotten-texts.ts'

/** What stands in place of a text that is not in a list. */
export const forgottenMark = '[forgotten]'

/** The value without the texts; `removed` counts the items and strings that went. */
export type Pruned = { readonly value: unknown; readonly removed: number }

/** Prunes a value. With `removed` 0, the value is the same. */
export function prunedJson(value: unknown, forgotten: ForgottenTexts): Pruned {
  const count = { removed: 0 }
  const pruned = prune(value, { forgotten, isItem: false, count })
  return { value: pruned === dropped ? forgottenMark : pruned, removed: count.removed }
}

/** Whether a line of JSON Lines holds a text or is about an event to forget. */
export function holdsForgotten(value: unknown, forgotten: ForgottenTexts): boolean {
  return prunedJson([value], forgotten).removed > 0
}

const dropped = Symbol('dropped')

type Pruning = {
  readonly forgotten: ForgottenTexts
  /** Whether the value is, or is within, an item of a list. */
  readonly isItem: boolean
  readonly count: { removed: number }
}

function prune(value: unknown, pruning: Pruning): unknown {
  const { forgotten, isItem, count } = pruning
  if (typeof value === 'string') return forgotten.isIn(value) ? dropped : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => prune(item, { ...pruning, isItem: true }))
    const kept = items.filter((item) => item !== dropped)
    count.removed += items.length - kept.length
    return kept
  }
  if (isItem && 'text' in value && 'id' in value && forgotten.isId(value.id)) return dropped
  const fields: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(value)) {
    const pruned = prune(field, pruning)
    if (pruned === dropped && isItem) return dropped
    if (pruned === dropped) count.removed += 1
    fields[name] = pruned === dropped ? forgottenMark : pruned
  }
  return fields
}
