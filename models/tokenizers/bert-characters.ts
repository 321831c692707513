// Tables of how BERT tokenization treats each code point. The data is in bert-characters.json and
// character-classes.json, which scripts of the same names in tests/fixtures extracted from the
// reference tokenizer. The runtime's Unicode tables are not used, so that the same text gives the
// same ids on every version of Node.
import facts from './bert-characters.json' with { type: 'json' }
import classes from './character-classes.json' with { type: 'json' }
import { eachChange, eachCodePoint, fillRanges } from './code-point-ranges.ts'

/** Kinds of code points. Those below `space` are inside words; the others end a word. */
export const characterKind = {
  /** Kept unchanged. */
  plain: 0,
  /** Removed without effect. */
  dropped: 1,
  /** Removed, but marks are not reordered across it. */
  starterMark: 2,
  /** Replaced by one or more word characters. */
  mapped: 3,
  /** A mark that stays, and is sorted by combining class among its neighbours. */
  stacked: 4,
  space: 5,
  /** A word of its own. */
  punctuation: 6,
  /** Replaced by text that contains separate words, such as a CJK ideograph. */
  isolated: 7,
} as const

/** The tables of one tokenizer; about 1.2 MB. */
export type BertCharacters = {
  /** uint8 [0x110000], a value of `characterKind` for each code point. */
  readonly kinds: Uint8Array
  /** Replacements of mapped code points, and the words of isolated ones. */
  readonly replacements: ReadonlyMap<number, readonly string[]>
  /** Canonical combining classes of stacked marks. */
  readonly combiningClasses: ReadonlyMap<number, number>
}

/**
 * How letters are normalized: `uncased` lower-cases and strips accents, `lowered` only lower-cases,
 * `stripped` only strips accents, `cased` changes nothing.
 */
export type LetterCase = 'uncased' | 'lowered' | 'stripped' | 'cased'

export type BertCharacterOptions = {
  readonly letterCase: LetterCase
  /** Whether each CJK ideograph is a separate word. */
  readonly splitsIdeographs: boolean
}

/** Builds the tables (about 10 ms). */
export function bertCharacters(options: BertCharacterOptions): BertCharacters {
  const { letterCase, splitsIdeographs } = options
  return letterCase === 'lowered' || letterCase === 'cased'
    ? accentedCharacters({ letterCase, splitsIdeographs })
    : strippedCharacters({ letterCase, splitsIdeographs })
}

function accentedCharacters(options: BertCharacterOptions): BertCharacters {
  const { letterCase, splitsIdeographs } = options
  const kinds = new Uint8Array(0x110000)
  const replacements = new Map<number, readonly string[]>()
  const { dropped, spaces, punctuation, isolated } = classes.cased
  fillRanges(kinds, dropped, characterKind.dropped)
  fillRanges(kinds, spaces, characterKind.space)
  fillRanges(kinds, punctuation, characterKind.punctuation)
  if (splitsIdeographs) fillRanges(kinds, isolated, characterKind.isolated)
  kinds.fill(characterKind.dropped, 0xd800, 0xe000)
  if (letterCase === 'lowered') {
    eachChange(classes.lowered, (codePoint, changed) => {
      kinds[codePoint] = characterKind.mapped
      replacements.set(codePoint, [changed])
    })
  }
  return { kinds, replacements, combiningClasses: new Map() }
}

function strippedCharacters(options: BertCharacterOptions): BertCharacters {
  const { letterCase, splitsIdeographs } = options
  const kinds = new Uint8Array(0x110000)
  const replacements = new Map<number, readonly string[]>()
  const combiningClasses = new Map<number, number>()
  fillRanges(kinds, facts.dropped, characterKind.dropped)
  fillRanges(kinds, facts.starterMarks, characterKind.starterMark)
  fillRanges(kinds, facts.spaces, characterKind.space)
  fillRanges(kinds, facts.punctuation, characterKind.punctuation)
  if (splitsIdeographs) fillRanges(kinds, facts.isolated, characterKind.isolated)
  // Half of a surrogate pair becomes U+FFFD, as in a UTF-8 encoder, and U+FFFD is dropped.
  kinds.fill(characterKind.dropped, 0xd800, 0xe000)
  for (const [combiningClass, ranges] of Object.entries(facts.stacked)) {
    fillRanges(kinds, ranges, characterKind.stacked)
    eachCodePoint(ranges, (codePoint) => combiningClasses.set(codePoint, Number(combiningClass)))
  }
  const isStripped = letterCase === 'stripped'
  for (const [mapped, ranges] of [
    ...Object.entries(facts.mapped),
    ...Object.entries(isStripped ? facts.stripped.mapped : {}),
  ]) {
    // The replacement of an ideograph has spaces around it.
    const text = splitsIdeographs ? mapped : mapped.trim()
    const words = splitWords(text, kinds)
    const kind =
      words.length === 1 && words[0] === text && !isPunctuation(text, kinds)
        ? characterKind.mapped
        : characterKind.isolated
    fillRanges(kinds, ranges, kind)
    eachCodePoint(ranges, (codePoint) => replacements.set(codePoint, words))
  }
  if (isStripped) fillRanges(kinds, facts.stripped.plain, characterKind.plain)
  addHangul(kinds, replacements)
  return { kinds, replacements, combiningClasses }
}

// Syllables decompose by arithmetic: Unicode Standard, section 3.12.
function addHangul(kinds: Uint8Array, replacements: Map<number, readonly string[]>): void {
  for (let syllable = 0; syllable < 11_172; syllable++) {
    const lead = 0x1100 + Math.floor(syllable / 588)
    const vowel = 0x1161 + Math.floor((syllable % 588) / 28)
    const jamo = [lead, vowel]
    if (syllable % 28 > 0) jamo.push(0x11a7 + (syllable % 28))
    kinds[0xac00 + syllable] = characterKind.mapped
    replacements.set(0xac00 + syllable, [String.fromCodePoint(...jamo)])
  }
}

function splitWords(text: string, kinds: Uint8Array): string[] {
  const words: string[] = []
  let word = ''
  for (const character of text) {
    const kind = kinds[character.codePointAt(0)!]
    const ends = kind === characterKind.space || kind === characterKind.punctuation
    if (!ends) word += character
    else if (word !== '') words.push(word)
    if (ends) word = ''
    if (kind === characterKind.punctuation) words.push(character)
  }
  if (word !== '') words.push(word)
  return words
}

function isPunctuation(text: string, kinds: Uint8Array): boolean {
  return kinds[text.codePointAt(0)!] === characterKind.punctuation
}
