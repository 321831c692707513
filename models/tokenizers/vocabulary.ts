// How the large parts of a tokenizer.json are checked: schemas of 250,000 elements would take
// longer than everything else, so that elements are checked where they are used.
import { z } from 'zod'

/** A JSON object whose values are ids; checked as it is read into a map. */
export const vocabulary = z.custom<Record<string, number>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object of ids',
)

/** A list of any length. */
export const list = <T>() =>
  z.custom<readonly T[]>((value) => Array.isArray(value), 'must be a list')

/**
 * Whether a Metaspace says one thing about its first mark: the older `add_prefix_space`, or
 * `prepend_scheme`.
 */
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

/** A part that is left out. */
export const absent = z.literal([null, '']).optional()
