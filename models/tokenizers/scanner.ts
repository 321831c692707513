// The interface of all scanners: a scanner turns text into ids from the left, and stops when it has
// enough. tokenizer.ts adds the special tokens and sets the limit.
import type { Work } from '../runtime/sliced-work.ts'

/** The list that a scanner appends ids to, and the number of ids after which it may stop. */
export type ScanTarget = { readonly found: number[]; readonly idsMin: number }

/**
 * Appends ids of `text` to `found`, until the end of the text or until there are at least `idsMin`.
 * A scanner that stops earlier, because it does not read so much text, returns 'cut'.
 */
export type Scanner = (text: string, target: ScanTarget) => Work<'cut' | undefined>

/**
 * Normalizes a text lazily: the concatenated parts are the normalized text. Each part takes a few
 * milliseconds at most; an empty part only marks a point where the work can pause.
 */
export type PartNormalizer = (text: string) => Iterable<string>

/** Encodes a word; a long word takes several steps. */
export type WordEncoder = (word: string) => Work<readonly number[]>
