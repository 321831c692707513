// What a stage says of one input. A transform returns one outcome for each input, in order.
import type { EventError } from './errors.ts'

export type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'rejected'; readonly error: EventError }

/**
 * An event that gets neither a row nor a dead letter: the filter of its input leaves it out, which
 * is noted, or it is for the consumers of other models.
 */
export type Filtered = { readonly kind: 'filtered'; readonly reason: 'filter' | 'other_model' }

/** An event that the filter of its input leaves out. */
export const filtered: Filtered = { kind: 'filtered', reason: 'filter' }

/** An event that other consumers classify. */
export const forOthers: Filtered = { kind: 'filtered', reason: 'other_model' }

/** An outcome that passes a value on. */
export function ok<T>(value: T): Outcome<T> {
  return { kind: 'ok', value }
}

/** An outcome that makes the event a dead letter. */
export function rejected(code: EventError['code'], message: string): Outcome<never> {
  return { kind: 'rejected', error: { code, message } }
}
