// What a stage says of one input. A transform returns one outcome for each input, in order.
import type { EventError } from './errors.ts'

export type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'rejected'; readonly error: EventError }

/** An event that its input leaves out: counted, but neither a row nor a dead letter. */
export type Filtered = { readonly kind: 'filtered' }

/** An event that its input leaves out. */
export const filtered: Filtered = { kind: 'filtered' }

/** An outcome that passes a value on. */
export function ok<T>(value: T): Outcome<T> {
  return { kind: 'ok', value }
}

/** An outcome that makes the event a dead letter. */
export function rejected(code: EventError['code'], message: string): Outcome<never> {
  return { kind: 'rejected', error: { code, message } }
}
