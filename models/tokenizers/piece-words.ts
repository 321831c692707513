// Splits text into words for SentencePiece models: spaces of the normalized text become a visible
// mark, and each mark begins a word. unigram.ts encodes words, and added-tokens.ts finds tokens
// outside words.
import { isSpace } from './character-kinds.ts'
import type { Work } from '../runtime/sliced-work.ts'
import type { ScanTarget } from './scanner.ts'
import { joining, type SectionScanner } from './section-scanner.ts'
import type { PieceEncoder } from './unigram.ts'
import { cachedUnitsMax, WordCache } from './tables/word-cache.ts'

const space = 0x20

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
  encode: PieceEncoder,
  { splitsAt, mark, marks }: PieceWordsOptions,
): SectionScanner {
  const markLength = createMarkLength(mark)
  // Words are remembered without their mark.
  const marked = { mark, cache: new WordCache() }
  const unmarked = { mark: '', cache: new WordCache() }
  /** Appends the words that begin at a mark or a space of `text`, and the one at its beginning. */
  function* append(text: string, startsWord: boolean, { found, idsMin }: ScanTarget): Work<void> {
    for (let from = 0; from < text.length && found.length < idsMin;) {
      const units = markLength(text, from)
      const kind = units > 0 || startsWord ? marked : unmarked
      from += units
      let to = from
      while (to < text.length && markLength(text, to) === 0) to++
      startsWord = false
      const known = kind.cache.find(text, from, to)
      if (known >= 0) kind.cache.append(known, found)
      else {
        const isShort = to - from <= cachedUnitsMax
        const idsWanted = isShort ? Infinity : idsMin - found.length
        const ids = yield* encode(kind.mark + text.slice(from, to), idsWanted)
        if (isShort) kind.cache.add(text, from, to, ids)
        for (const id of ids) found.push(id)
      }
      from = to
    }
  }
  return function* ({ parts, isFirst }, target) {
    const startsWord = (at: number) =>
      marks === 'always' || (marks === 'first' && isFirst && at === 0)
    if (splitsAt === 'spaces') {
      yield* append(yield* joining(parts), startsWord(0), target)
      return
    }
    for (const one of spacedWords(parts)) {
      if (one === undefined) yield
      else yield* append(one.word, startsWord(one.at), target)
      if (target.found.length >= target.idsMin) return
    }
  }
}

/** The length of the mark, or the space that stands for one, at a position; 0 if there is none. */
function createMarkLength(mark: string): (text: string, at: number) => number {
  const first = mark.charCodeAt(0)
  return (text, at) => {
    const unit = text.charCodeAt(at)
    if (unit === first && (mark.length === 1 || text.startsWith(mark, at))) return mark.length
    return unit === space ? 1 : 0
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
