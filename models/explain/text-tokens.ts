// The tokens that a model reads of a text, each with its place in the text as it was given.
// Tokenizers give ids without offsets, so token-spans.ts finds the places.
import type { Work } from '../runtime/sliced-work.ts'
import { foldingCleaned } from './cleaned-source.ts'
import type { Span } from './folded-text.ts'
import type { TokenPieces } from './token-pieces.ts'
import { tokenSpans } from './token-spans.ts'

/** A token; its span is in UTF-16 units of the given text. */
export type TextToken = Span & {
  readonly id: number
  /** What stands in the given text; of a special token its name. */
  readonly text: string
  /** Whether the tokenizer added it, such as `[CLS]`. */
  readonly special: boolean
}

/** A token such as `!!` may stand for several words of one character. */
const wordsPerToken = 2
/** Few languages have tokens of more than eight characters on average. */
const charactersPerToken = 16
const charactersBesides = 1_024
/** How much longer than the cleaned text the original is expected to be, because of markup. */
const sourceFactor = 8
/** Compared in one step of about 6 ms. */
const wordPairsMax = 1_000_000

/**
 * The tokens of `ids` int32 [tokens], special ones included, which the cleaned text has. Where
 * cleaning changed more than white space and composition, the places are those of the words that
 * both texts have. Of a token behind many characters of markup, or of a word of thousands of
 * letters, the place may be inexact.
 */
export function* findingTokens(
  ids: Int32Array,
  text: { readonly text: string; readonly cleaned: string; readonly tokens: TokenPieces },
): Work<TextToken[]> {
  const { text: original, cleaned, tokens } = text
  const { prefix, suffix } = tokens
  // A model reads little of a long text, and the rest must cost nothing.
  const charactersMax = charactersPerToken * ids.length + charactersBesides
  const folded = yield* foldingCleaned(original, {
    cleaned,
    charactersMax,
    sourceCharactersMax: sourceFactor * charactersMax,
    wordsMax: wordsPerToken * ids.length,
    wordPairsMax,
  })
  yield
  const own = ids.subarray(prefix, ids.length - suffix)
  const spans = tokenSpans(own, { folded, original, tokens })
  const special = (added: Int32Array, at: number): TextToken[] =>
    tokens.piecesOf(added).map(({ surface = '' }, index) => {
      return { id: added[index]!, text: surface, start: at, end: at, special: true }
    })
  return [
    ...special(ids.subarray(0, prefix), 0),
    ...spans.map(({ start, end }, index) => {
      return { id: own[index]!, text: original.slice(start, end), start, end, special: false }
    }),
    ...special(ids.subarray(ids.length - suffix), original.length),
  ]
}
