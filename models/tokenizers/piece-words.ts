// Splits text into words for SentencePiece models: spaces of the normalized text become a visible
// mark, and each mark begins a word. unigram.ts encodes words, and added-tokens.ts finds tokens
// outside words.
import { isSpace } from './character-kinds.ts'
import { joining, type SectionScanner } from './section-scanner.ts'
import type { PieceEncoder } from './unigram.ts'

export type PieceWordsOptions = {
  /** Whether all white space separates words and is dropped, or each plain space begins a word. */
  readonly splitsAt: 'white space' | 'spaces'
  /** The visible mark; U+2581 in all published models. */
  readonly mark: string
  /** Which words without a mark get one: all, only the first of the text, or none. */
  readonly marks: 'always' | 'first' | 'never'
}

/** Appends ids of the words of a section. */
export function createPieceWords(
  pieceIds: PieceEncoder,
  { splitsAt, mark, marks }: PieceWordsOptions,
): SectionScanner {
  const { known, encode } = rememberingPieces(pieceIds)
  return function* ({ parts, isFirst }, { found, idsMin }) {
    const words =
      splitsAt === 'white space' ? spacedWords(parts) : [{ at: 0, word: yield* joining(parts) }]
    for (const one of words) {
      if (one === undefined) {
        yield
        continue
      }
      const { at, word } = one
      let marked = word.replaceAll(' ', mark)
      const isMarked = marks === 'always' || (marks === 'first' && isFirst && at === 0)
      if (isMarked && marked !== '' && !marked.startsWith(mark)) marked = mark + marked
      // '▁▁a' is the words '▁' and '▁a'.
      for (let from = 0; from < marked.length && found.length < idsMin;) {
        const next = marked.indexOf(mark, from + 1)
        const to = next < 0 ? marked.length : next
        const piece = marked.slice(from, to)
        const ids = known(piece) ?? (yield* encode(piece, idsMin - found.length))
        for (const id of ids) found.push(id)
        from = to
      }
      if (found.length >= idsMin) return
    }
  }
}

/** Yields words between white space with their positions, and undefined after each part. */
function* spacedWords(parts: Iterable<string>): Iterable<{ at: number; word: string } | undefined> {
  let before = 0
  let waiting = ''
  for (const part of parts) {
    let from = 0
    for (let i = 0; i < part.length; i++) {
      if (!isSpace(part.charCodeAt(i))) continue
      const word = waiting + part.slice(from, i)
      if (word !== '') yield { at: before + i - word.length, word }
      waiting = ''
      from = i + 1
    }
    waiting += part.slice(from)
    before += part.length
    yield undefined
  }
  if (waiting !== '') yield { at: before - waiting.length, word: waiting }
}

const cachedWordsMax = 50_000
/** V8 copies shorter slices; see scanner.ts. */
const slicedUnitsMin = 13

function rememberingPieces(pieceIds: PieceEncoder): {
  known: (word: string) => readonly number[] | undefined
  encode: PieceEncoder
} {
  const cache = new Map<string, readonly number[]>()
  return {
    known: (word) => (word.length < slicedUnitsMin ? cache.get(word) : undefined),
    *encode(word, idsMin) {
      if (word.length >= slicedUnitsMin) return yield* pieceIds(word, idsMin)
      if (cache.size >= cachedWordsMax) cache.clear()
      const ids = yield* pieceIds(word, word.length)
      cache.set(word, ids)
      return ids
    },
  }
}
