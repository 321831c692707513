// The list of recent results: newest first, with those that arrive while it is paused kept aside.
import type { Result } from '../api/answers.ts'

/** What the list shows. */
export type Tail = {
  readonly rows: readonly Result[]
  /** Arrived while the list was paused, newest first. */
  readonly waiting: readonly Result[]
  readonly isPaused: boolean
}

/** The list before anything arrived. */
export const emptyTail: Tail = { rows: [], waiting: [], isPaused: false }

/** Rows that the list keeps; older ones are read again by page. */
export const rowsMax = 200

/** What happens to the list. */
export type TailChange =
  | { readonly kind: 'start'; readonly rows: readonly Result[] }
  | { readonly kind: 'older'; readonly rows: readonly Result[] }
  | { readonly kind: 'arrived'; readonly rows: readonly Result[] }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }

/** The list after a change. A result is shown once, whichever way it came. */
export function changedTail(tail: Tail, change: TailChange): Tail {
  switch (change.kind) {
    case 'start':
      return { ...tail, rows: change.rows, waiting: [] }
    case 'older':
      return { ...tail, rows: [...tail.rows, ...newOf(tail, change.rows)] }
    case 'arrived': {
      // The stream gives the oldest first.
      const arrived = newOf(tail, change.rows).reverse()
      if (arrived.length === 0) return tail
      return tail.isPaused
        ? { ...tail, waiting: [...arrived, ...tail.waiting].slice(0, rowsMax) }
        : { ...tail, rows: [...arrived, ...tail.rows].slice(0, rowsMax) }
    }
    case 'pause':
      return tail.isPaused ? tail : { ...tail, isPaused: true }
    case 'resume':
      if (!tail.isPaused) return tail
      return {
        rows: [...tail.waiting, ...tail.rows].slice(0, rowsMax),
        waiting: [],
        isPaused: false,
      }
  }
}

/** One event may have a result of several versions. */
export function keyOf(result: Result): string {
  return `${result.origin.topic}/${result.origin.partition}/${result.origin.offset}/${result.model}`
}

function newOf(tail: Tail, rows: readonly Result[]): Result[] {
  const seen = new Set([...tail.rows, ...tail.waiting].map(keyOf))
  return rows.filter((row) => {
    const key = keyOf(row)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
