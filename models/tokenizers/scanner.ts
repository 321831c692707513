// What every kind of tokenizer in this folder gives: a scanner that turns text into ids from the
// left and stops when enough are found. Special tokens around a text and the limit itself are
// tokenizer.ts.
import type { Work } from '../runtime/sliced-work.ts'

/** Where a scanner puts what it finds, and how much is wanted. */
export type ScanTarget = { readonly found: number[]; readonly idsMin: number }

/**
 * Appends ids of `text` to `found`, until its end or until there are at least `idsMin`. One that
 * gives up before says 'cut': there is more text than it reads.
 */
export type Scanner = (text: string, target: ScanTarget) => Work<'cut' | undefined>

/**
 * Normalizes a text lazily: the parts, put together, are the normalized text. Each part takes a few
 * milliseconds at most; one without text is a place to stop at.
 */
export type PartNormalizer = (text: string) => Iterable<string>

/** A word to its ids. A long word takes several steps. */
export type WordEncoder = (word: string) => Work<readonly number[]>

/** A word encoder that knows the ids of some words at once. */
export type RememberingEncoder = {
  known(word: string): readonly number[] | undefined
  readonly encode: WordEncoder
}

// V8 copies slices shorter than this; a longer slice would keep its whole text alive as a key.
const slicedUnitsMin = 13
const cachedWordsMax = 50_000

/** Remembers the ids of short words: 98 of 100 words of running text were seen before. */
export function rememberingWords(encode: WordEncoder): RememberingEncoder {
  const cache = new Map<string, readonly number[]>()
  return {
    known: (word) => (word.length < slicedUnitsMin ? cache.get(word) : undefined),
    *encode(word) {
      const ids = yield* encode(word)
      if (word.length >= slicedUnitsMin) return ids
      if (cache.size >= cachedWordsMax) cache.clear()
      cache.set(word, ids)
      return ids
    },
  }
}
