// Finds added tokens in a text: strings that are always one id, such as `<mask>` or a run of
// spaces. As in the reference, the search runs from the left, the longest of several tokens wins,
// and a token may absorb the spaces beside it. Scanners tokenize the text between added tokens.
import { isSpace, wordCharacters } from './character-kinds.ts'

/** One entry of `added_tokens` in tokenizer.json. */
export type AddedToken = {
  readonly id: number
  readonly content: string
  /** Whether it matches only if no word continues before or after it. */
  readonly single_word: boolean
  /** Whether it absorbs the spaces before it. */
  readonly lstrip: boolean
  readonly rstrip: boolean
  /** Whether it is searched for after normalization. */
  readonly normalized: boolean
}

/** A part of a text: an added token, or the text between two. */
export type Segment = { readonly id: number } | { readonly text: string }

/** Splits a text lazily at added tokens; empty parts are left out. */
export type TokenSplitter = (text: string) => Iterable<Segment>

/** Prepares the search for `tokens`; without tokens, the whole text is the only part. */
export function createTokenSplitter(tokens: readonly AddedToken[]): TokenSplitter {
  const isWord = tokens.some((token) => token.single_word) ? wordCharacters() : undefined
  const byLength = tokens.toSorted((a, b) => b.content.length - a.content.length)
  const byFirstUnit = new Map<number, AddedToken[]>()
  for (const token of byLength) {
    const unit = token.content.charCodeAt(0)
    byFirstUnit.set(unit, [...(byFirstUnit.get(unit) ?? []), token])
  }
  const units = Array.from(byFirstUnit.keys(), (unit) => String.fromCharCode(unit))
  // A regular expression skips text about ten times as fast as a loop.
  const begins = new RegExp(`[${units.map(escapedUnit).join('')}]`, 'g')
  return function* (text) {
    let start = 0
    for (let i = 0; tokens.length > 0 && i < text.length; i++) {
      begins.lastIndex = i
      if (!begins.test(text)) break
      i = begins.lastIndex - 1
      const token = byFirstUnit
        .get(text.charCodeAt(i))!
        .find(({ content }) => text.startsWith(content, i))
      if (token === undefined) continue
      let from = i
      let to = i + token.content.length
      // The search continues after the token itself, even if it is rejected or absorbs spaces.
      i = to - 1
      if (token.single_word && isInWord(text, { from, to, isWord: isWord! })) continue
      if (token.lstrip) {
        while (from > start && isSpace(text.charCodeAt(from - 1))) from--
        from = Math.max(from, start)
      }
      if (token.rstrip) while (to < text.length && isSpace(text.charCodeAt(to))) to++
      if (start < from) yield { text: text.slice(start, from) }
      // It is empty if the token before it absorbed its spaces.
      if (from < to) yield { id: token.id }
      start = to
    }
    if (start < text.length) yield { text: start === 0 ? text : text.slice(start) }
  }
}

function escapedUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/**
 * The tokens with the ids that the reference gives them, which ignores the ids in the file: the id
 * of the vocabulary, or the next free one after it. Of several tokens with the same content, the
 * last one counts.
 */
export function withReferenceIds(
  tokens: readonly AddedToken[],
  vocabulary: Readonly<Record<string, number>> | Pieces,
): AddedToken[] {
  const wanted = new Set(tokens.map(({ content }) => content))
  const { ids, size } = isPieces(vocabulary)
    ? idsInPieces(vocabulary, wanted)
    : idsInRecord(vocabulary, wanted)
  let next = size
  const byContent = new Map<string, AddedToken>()
  for (const token of tokens) {
    const known = byContent.get(token.content)?.id ?? ids.get(token.content)
    byContent.set(token.content, { ...token, id: known ?? next++ })
  }
  return [...byContent.values()]
}

/** Pieces in the order of their ids. */
type Pieces = readonly (readonly [string, number])[]

function isPieces(vocabulary: Readonly<Record<string, number>> | Pieces): vocabulary is Pieces {
  return Array.isArray(vocabulary)
}

type FoundIds = { readonly ids: ReadonlyMap<string, number>; readonly size: number }

function idsInPieces(pieces: Pieces, wanted: ReadonlySet<string>): FoundIds {
  const ids = new Map<string, number>()
  for (const [id, [piece]] of pieces.entries()) if (wanted.has(piece)) ids.set(piece, id)
  return { ids, size: pieces.length }
}

function idsInRecord(
  vocabulary: Readonly<Record<string, number>>,
  wanted: ReadonlySet<string>,
): FoundIds {
  const ids = new Map<string, number>()
  for (const piece of wanted) {
    if (Object.hasOwn(vocabulary, piece)) ids.set(piece, vocabulary[piece]!)
  }
  return { ids, size: Object.keys(vocabulary).length }
}

/** Whether a word character is directly before or after a part of a text. */
function isInWord(
  text: string,
  { from, to, isWord }: { from: number; to: number; isWord: Uint8Array },
): boolean {
  const isAfterHalf = from > 1 && text.charCodeAt(from - 1) >> 10 === 0x37
  const before = from === 0 ? 0 : text.codePointAt(isAfterHalf ? from - 2 : from - 1)!
  const after = text.codePointAt(to) ?? 0
  return isWord[before] === 1 || isWord[after] === 1
}
