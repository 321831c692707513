// Checks the items of a body one at a time, in steps: all must pass, or the request is refused with
// the first defects. The caller passes the body, cut into items, and the check of one item.
import type { Config } from '../../configs/schema.ts'
import type { Work } from '../../models/runtime/sliced-work.ts'
import type { BodyLimits, CutItems } from '../bodies/event-body.ts'
import { ItemErrors, type ItemDefect } from '../http/problem.ts'

/** An item that passed, or everything that is wrong with it. */
export type ItemCheck<T> =
  { kind: 'ok'; item: T } | { kind: 'rejected'; defects: readonly ItemDefect[] }

/**
 * Entries that an item may have beyond its attributes, so that a wrong item still gets a list of
 * errors.
 */
const spareEntries = 256

/** The limits of a body of items with attributes. */
export function itemLimits(config: Pick<Config, 'gateway' | 'limits'>): BodyLimits {
  return {
    itemsMax: config.gateway.batchEventsMax,
    entriesMax: config.limits.attributesMax + spareEntries,
  }
}

/**
 * The checked items of a body, in its order. Throws `items_invalid`, or what cutting throws:
 * `body_invalid` or `batch_too_large`.
 */
export function* checkItems<T>(
  cutting: Work<CutItems>,
  options: {
    /** What the items are called. */
    readonly noun: string
    readonly check: (value: unknown, index: number) => ItemCheck<T>
  },
): Work<T[]> {
  const { noun, check } = options
  const cut = yield* cutting
  const errors = new ItemErrors({ noun, consequence: 'nothing was published' })
  const items: T[] = []
  for (let index = 0; index < cut.count; index += 1) {
    yield
    const read = cut.read(index)
    const checked: ItemCheck<T> =
      read.kind === 'value' ? check(read.value, index) : { kind: 'rejected', defects: [read.error] }
    if (checked.kind === 'ok') items.push(checked.item)
    else errors.add({ index, ...cut.placeOf?.(index) }, checked.defects)
  }
  errors.throwIfAny(cut.count)
  return items
}
