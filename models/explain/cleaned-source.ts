// Where the characters of a cleaned text stand in the text before cleaning. Cleaning composes
// characters, collapses white space, removes markup and quoted lines; models/cleaning/ keeps no
// offsets, so the two texts are compared.
import { finish, type Work } from '../runtime/sliced-work.ts'
import { foldingText, type FoldedCharacter, type Span } from './folded-text.ts'

/** The most pairs of words that are compared, 2 bytes each. */
const pairsMax = 16_000_000

/**
 * The folded characters of `cleaned`, with their places in `original`. They are exact where
 * cleaning changed white space, controls or composition only. Elsewhere the longest common
 * sequence of words decides, and a character that only cleaning wrote (such as `&` for `&amp;`)
 * gets the place between its neighbours. Only the first `wordsMax` words are compared, so that a
 * long text costs no more than the part of it that a model reads.
 */
export function foldCleaned(
  original: string,
  { cleaned, wordsMax }: { cleaned: string; wordsMax: number },
): FoldedCharacter[] {
  return finish(foldingCleaned(original, { cleaned, wordsMax, wordPairsMax: pairsMax }))
}

/**
 * `foldCleaned` as work in steps. Comparing the words is one step, which `wordPairsMax` bounds; a
 * million pairs take about 6 ms.
 */
export function* foldingCleaned(
  original: string,
  options: { cleaned: string; wordsMax: number; wordPairsMax: number },
): Work<FoldedCharacter[]> {
  const { cleaned, wordsMax, wordPairsMax } = options
  const folded = yield* foldingText(cleaned)
  const source = original === cleaned ? folded : yield* foldingText(original)
  yield
  const places = sameCharacters(folded, source)
    ? source
    : commonPlaces({ folded, source, length: original.length, wordsMax, wordPairsMax })
  return folded.map((character, index) => {
    const { start, end } = places[index]!
    return { ...character, start, end }
  })
}

function sameCharacters(a: readonly FoldedCharacter[], b: readonly FoldedCharacter[]): boolean {
  return a.length === b.length && a.every(({ character }, at) => character === b[at]!.character)
}

type Word = { readonly text: string; readonly from: number; readonly to: number }

function wordsOf(folded: readonly FoldedCharacter[]): Word[] {
  const words: Word[] = []
  for (let from = 0; from < folded.length;) {
    let to = from + 1
    while (to < folded.length && !folded[to]!.startsWord) to++
    const characters = folded.slice(from, to).map(({ character }) => character)
    words.push({ text: characters.join(''), from, to })
    from = to
  }
  return words
}

function commonPlaces(texts: {
  folded: readonly FoldedCharacter[]
  source: readonly FoldedCharacter[]
  length: number
  wordsMax: number
  wordPairsMax: number
}): Span[] {
  const { folded, source, length, wordsMax, wordPairsMax } = texts
  const known: (Span | undefined)[] = folded.map(() => undefined)
  const ownWords = wordsOf(folded).slice(0, wordsMax)
  for (const [own, other] of commonWords(ownWords, wordsOf(source), wordPairsMax)) {
    for (let at = 0; at < own.to - own.from; at++) {
      known[own.from + at] = source[other.from + at]!
    }
  }
  return betweenNeighbours(known, length)
}

/** Fills each gap with the place from the end of its left neighbour to the start of its right. */
function betweenNeighbours(known: readonly (Span | undefined)[], length: number): Span[] {
  let next = length
  const ends = known.toReversed().map((span) => {
    const end = next
    next = span?.start ?? next
    return end
  })
  let start = 0
  return known.map((span, at) => {
    if (span === undefined) return { start, end: ends[known.length - 1 - at]! }
    start = span.end
    return span
  })
}

/** A longest common sequence of words (Wagner and Fischer 1974), as pairs in order. */
function commonWords(
  own: readonly Word[],
  all: readonly Word[],
  wordPairsMax: number,
): [Word, Word][] {
  const other = all.slice(0, Math.floor(wordPairsMax / (own.length + 1)))
  const width = other.length + 1
  const longest = new Uint16Array((own.length + 1) * width)
  for (let i = own.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      longest[i * width + j] =
        own[i]!.text === other[j]!.text
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!)
    }
  }
  const pairs: [Word, Word][] = []
  for (let i = 0, j = 0; i < own.length && j < other.length;) {
    if (own[i]!.text === other[j]!.text) pairs.push([own[i++]!, other[j++]!])
    else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) i++
    else j++
  }
  return pairs
}
