// Schemas for the large parts of a tokenizer.json. They do not check elements, because 250,000
// checks would take longer than everything else; elements are checked where they are used.
import { z } from 'zod'

/** A JSON object whose values are ids, which are checked when it is read into a map. */
export const vocabulary = z.custom<Record<string, number>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object of ids',
)

/** A list of any length. */
export const list = <T>() =>
  z.custom<readonly T[]>((value) => Array.isArray(value), 'must be a list')

/** Checks that a Metaspace's older `add_prefix_space` does not contradict its `prepend_scheme`. */
export const oneFirstMark = [
  ({
    add_prefix_space: adds,
    prepend_scheme: scheme,
  }: {
    add_prefix_space?: boolean | undefined
    prepend_scheme?: 'always' | 'first' | 'never' | undefined
  }) => adds !== false || scheme === 'never',
  'add_prefix_space: false needs prepend_scheme: never',
] as const

/** A part that must be absent. */
export const absent = z.literal([null, '']).optional()
