// A text as comparable characters, each with its place in the text. Tokenizers change case, accents
// and white space; folded characters of a token and of its text are equal all the same.
// token-spans.ts compares them.
import { finish, type Work } from '../runtime/sliced-work.ts'

/** Where something stands in a text, in UTF-16 units; `end` is exclusive. */
export type Span = { readonly start: number; readonly end: number }

/** A character that fold gave, and where the one that it came from stands. */
export type FoldedCharacter = Span & {
  readonly character: string
  /** Whether BERT ends a word before it: after a space, around punctuation and ideographs. */
  readonly startsWord: boolean
}

const dropped = /[\s\p{M}\p{C}\ufffd]/u
const isolated = /[\p{P}\p{Script=Han}!-/:-@[-`{-~]/u

/**
 * The characters that remain of a code point: compatibility forms decomposed, upper and lower case
 * equal, and no marks, spaces, controls or joiners.
 */
function foldedCharacters(codePoint: string): string[] {
  // Upper case first, so that both forms of the small sigma become one.
  const cased = codePoint.normalize('NFKD').toUpperCase().toLowerCase().normalize('NFKD')
  return Array.from(cased).filter((character) => !dropped.test(character))
}

/** Code points between two yields: about two milliseconds. */
const stepCharacters = 2_048

/** Folds a text; what folding drops has no character, and `start` and `end` leave it out. */
export function foldText(text: string): FoldedCharacter[] {
  return finish(foldingText(text))
}

/** The first `charactersMax` characters that `foldText` gives, as work in steps. */
export function* foldingText(text: string, charactersMax = Infinity): Work<FoldedCharacter[]> {
  const folded: FoldedCharacter[] = []
  let isBoundary = true
  let start = 0
  let pauseAt = stepCharacters
  for (const codePoint of text) {
    if (folded.length >= charactersMax) break
    if (start >= pauseAt) {
      pauseAt = start + stepCharacters
      yield
    }
    const end = start + codePoint.length
    const isAlone = isolated.test(codePoint)
    const characters = foldedCharacters(codePoint)
    for (const [index, character] of characters.entries()) {
      folded.push({ start, end, character, startsWord: index === 0 && (isBoundary || isAlone) })
    }
    if (/\s/u.test(codePoint)) isBoundary = true
    else if (characters.length > 0) isBoundary = isAlone
    start = end
  }
  return folded
}
