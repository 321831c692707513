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
  const whole = { charactersMax: Infinity, sourceCharactersMax: Infinity, wordPairsMax: pairsMax }
  return finish(foldingCleaned(original, { cleaned, wordsMax, ...whole }))
}

/** How much of a text is compared. */
export type FoldingLimits = {
  /** Characters of the cleaned text that are folded. */
  readonly charactersMax: number
  /** Characters of the original that are folded where cleaning changed more than white space. */
  readonly sourceCharactersMax: number
  /** Words of the cleaned text that are compared with those of the original. */
  readonly wordsMax: number
  /** Comparing is one step; a million pairs take about 6 ms. */
  readonly wordPairsMax: number
}

/** `foldCleaned` as work in steps, of the start of both texts. */
export function* foldingCleaned(
  original: string,
  options: FoldingLimits & { readonly cleaned: string },
): Work<FoldedCharacter[]> {
  const { cleaned, charactersMax, sourceCharactersMax } = options
  const folded = yield* foldingText(cleaned, charactersMax)
  if (original === cleaned) return folded
  let places: readonly Span[] = yield* foldingText(original, folded.length)
  if (!startsWith(places as FoldedCharacter[], folded)) {
    const source = yield* foldingText(original, sourceCharactersMax)
    places = yield* commonPlaces({ ...options, folded, source, length: original.length })
  }
  return folded.map((character, index) => {
    const { start, end } = places[index]!
    return { ...character, start, end }
  })
}

function startsWith(source: readonly FoldedCharacter[], folded: readonly FoldedCharacter[]) {
  if (source.length < folded.length) return false
  return folded.every(({ character }, at) => character === source[at]!.character)
}

type Word = { readonly text: string; readonly from: number; readonly to: number }

/** Words between two yields. */
const stepWords = 4_096

function* wordsOf(folded: readonly FoldedCharacter[], wordsMax: number): Work<Word[]> {
  const words: Word[] = []
  for (let from = 0; from < folded.length && words.length < wordsMax;) {
    if (words.length % stepWords === stepWords - 1) yield
    let to = from + 1
    while (to < folded.length && !folded[to]!.startsWord) to++
    const characters = folded.slice(from, to).map(({ character }) => character)
    words.push({ text: characters.join(''), from, to })
    from = to
  }
  return words
}

function* commonPlaces(
  texts: Pick<FoldingLimits, 'wordsMax' | 'wordPairsMax'> & {
    folded: readonly FoldedCharacter[]
    source: readonly FoldedCharacter[]
    length: number
  },
): Work<Span[]> {
  const { folded, source, length, wordsMax, wordPairsMax } = texts
  const known: (Span | undefined)[] = folded.map(() => undefined)
  const ownWords = yield* wordsOf(folded, wordsMax)
  const otherWords = yield* wordsOf(source, Math.floor(wordPairsMax / (ownWords.length + 1)))
  yield
  for (const [own, other] of commonWords(ownWords, otherWords)) {
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
function commonWords(own: readonly Word[], other: readonly Word[]): [Word, Word][] {
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
