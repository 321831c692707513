// The work of one person at the queue: what is next, what was given, what can be undone.
import type { QueueItem } from '../api/answers.ts'

/** The state of the queue on the page. */
export type Work = {
  readonly items: readonly QueueItem[]
  readonly at: number
  /** Labels given in this sitting, the latest last. */
  readonly given: readonly { readonly items: readonly QueueItem[]; readonly label: string }[]
  readonly skipped: readonly string[]
}

/** Before the first items are here. */
export const noWork: Work = { items: [], at: 0, given: [], skipped: [] }

/** What happens to the queue. */
export type WorkChange =
  | { readonly kind: 'loaded'; readonly items: readonly QueueItem[] }
  | { readonly kind: 'labelled'; readonly items: readonly QueueItem[]; readonly label: string }
  | { readonly kind: 'skipped' }
  | { readonly kind: 'next' }
  | { readonly kind: 'undone' }

/** The queue after a change. */
export function changedWork(work: Work, change: WorkChange): Work {
  switch (change.kind) {
    case 'loaded': {
      const done = new Set([...work.skipped, ...labelledIds(work)])
      const known = new Set(work.items.map(({ id }) => id))
      const fresh = change.items.filter(({ id }) => !done.has(id) && !known.has(id))
      return { ...work, items: [...work.items, ...fresh] }
    }
    case 'labelled': {
      const ids = new Set(change.items.map(({ id }) => id))
      const items = work.items.filter(({ id }) => !ids.has(id))
      const { items: given, label } = change
      return {
        ...work,
        items,
        at: placeIn(items, work.at),
        given: [...work.given, { items: given, label }],
      }
    }
    case 'skipped': {
      const current = work.items[work.at]
      if (current === undefined) return work
      const items = work.items.filter(({ id }) => id !== current.id)
      return { ...work, items, at: placeIn(items, work.at), skipped: [...work.skipped, current.id] }
    }
    case 'next':
      return work.items.length === 0 ? work : { ...work, at: (work.at + 1) % work.items.length }
    case 'undone': {
      const last = work.given.at(-1)
      if (last === undefined) return work
      const items = [...last.items, ...work.items]
      return { ...work, items, at: 0, given: work.given.slice(0, -1) }
    }
  }
}

/** So much of an address of 16 KiB is for ids, as they are encoded there. */
const excludedCharactersMax = 4_000

/** Ids that the gateway shall leave out of the next page: those that wait, then the latest done. */
export function excludedIds(work: Work): string[] {
  const waiting = work.items.map(({ id }) => id)
  const done = [...work.skipped, ...labelledIds(work)].reverse()
  let characters = 0
  return [...new Set([...waiting, ...done])].filter((id) => {
    characters += encodeURIComponent(id).length + 3
    return characters < excludedCharactersMax && !id.includes(',')
  })
}

/** How many events were labelled in this sitting. */
export function labelledCount(work: Work): number {
  return work.given.reduce((sum, { items }) => sum + items.length, 0)
}

function labelledIds(work: Work): string[] {
  return work.given.flatMap(({ items }) => items.map(({ id }) => id))
}

function placeIn(items: readonly QueueItem[], at: number): number {
  return Math.max(0, Math.min(at, items.length - 1))
}
