// Finds the tokens of a text in it, from left to right, by folded characters: tokenizers give ids
// without offsets. cleaned-source.ts says where the characters stand in the original text.
import { foldText, type FoldedCharacter, type Span } from './folded-text.ts'
import type { Piece, TokenPieces } from './token-pieces.ts'

/** A token's place in the original text, and its folded characters `from` to `to` (exclusive). */
export type TokenSpan = Span & { readonly from: number; readonly to: number }

/** How far a token may stand from where it is expected, in folded characters. */
const resyncMax = 256

/**
 * The place of each token (special ones left out). A token that is only a mark, a joiner or a
 * control gets what its neighbours leave between them; it is empty if they leave nothing.
 */
export function tokenSpans(
  ids: Int32Array,
  text: { folded: readonly FoldedCharacter[]; original: string; tokens: TokenPieces },
): TokenSpan[] {
  const { folded, original, tokens } = text
  const pieces = tokens.piecesOf(ids)
  const ranges = findPieces(pieces, { folded, unknownWords: tokens.unknownWords })
  const places = ranges.map((range, at) => placeOf(range, { ranges, at, folded, original }))
  const claimed = places.map((span, at) => {
    const isEmpty = ranges[at]!.from === ranges[at]!.to
    return isEmpty ? span : withMarks(span, { places, at, original })
  })
  return pieces.flatMap((piece, at) =>
    Array.from({ length: piece.tokens }, () => ({ ...claimed[at]!, ...ranges[at]! })),
  )
}

type Range = { readonly from: number; readonly to: number }

function findPieces(
  pieces: readonly Piece[],
  text: { folded: readonly FoldedCharacter[]; unknownWords: boolean },
): Range[] {
  const { folded, unknownWords } = text
  const surfaces = pieces.map(({ surface }) =>
    surface === undefined ? undefined : foldText(surface).map(({ character }) => character),
  )
  const followers = knownFollowers(surfaces)
  const stands = (piece: number, at: number): boolean =>
    surfaces[piece]?.every((character, i) => folded[at + i]?.character === character) ?? true
  let at = 0
  let unknown: Range | undefined // The range of the token before, if that is unknown.
  return surfaces.map((surface, piece) => {
    const from = at
    if (surface?.length === 0) {
      unknown = undefined
      return { from, to: from }
    }
    if (surface === undefined) {
      // Some tokenizers split an unknown word at symbols; its parts then share one range.
      if (isUsedUp(piece)) return unknown ?? { from, to: from }
      at = unknownEnd()
      unknown = { from, to: at }
      return unknown
    }
    unknown = undefined
    for (let offset = 0; offset < resyncMax && from + offset < folded.length; offset++) {
      const found = from + offset
      // Away from the expected place, the next token must follow as well.
      if (!stands(piece, found)) continue
      if (offset > 0 && piece + 1 < pieces.length && !stands(piece + 1, found + surface.length)) {
        continue
      }
      at = found + surface.length
      return { from: found, to: at }
    }
    return { from, to: from }

    /** Whether what comes next belongs to the next known token. */
    function isUsedUp(unknownPiece: number): boolean {
      return from >= folded.length || knownStands(unknownPiece, from)
    }

    /** The end of the unknown word at `from`: that of the word, or where a known token stands. */
    function unknownEnd(): number {
      let end = Math.min(from + 1, folded.length)
      while (end < folded.length && !folded[end]!.startsWord && !knownStands(piece, end)) end++
      return end
    }
  })

  /** Whether the known token that follows a piece stands at a place, inside a word. */
  function knownStands(piece: number, place: number): boolean {
    const known = followers[piece]
    return !unknownWords && known !== undefined && stands(known, place)
  }
}

/** For each piece the next one with characters of its own, if there is one. */
function knownFollowers(surfaces: readonly (readonly string[] | undefined)[]) {
  const followers: (number | undefined)[] = []
  let known: number | undefined
  for (let piece = surfaces.length - 1; piece >= 0; piece--) {
    followers[piece] = known
    if ((surfaces[piece]?.length ?? 0) > 0) known = piece
  }
  return followers
}

function placeOf(
  { from, to }: Range,
  text: {
    ranges: readonly Range[]
    at: number
    folded: readonly FoldedCharacter[]
    original: string
  },
): Span {
  const { folded, original } = text
  if (from < to) return { start: folded[from]!.start, end: folded[to - 1]!.end }
  const start = from === 0 ? 0 : folded[from - 1]!.end
  const end = Math.max(start, folded[from]?.start ?? original.length)
  const gap = original.slice(start, end)
  const inside = gap.trim()
  const before = inside === '' ? 0 : gap.indexOf(inside)
  return { start: start + before, end: start + before + inside.length }
}

/** The span with the marks that follow it, as far as no other token has them. */
function withMarks(
  span: Span,
  text: { places: readonly Span[]; at: number; original: string },
): Span {
  const { places, at, original } = text
  const next = places[at + 1]?.start ?? original.length
  const gap = original.slice(span.end, Math.max(span.end, next))
  const [marks] = /^[\p{M}\u200d]*/u.exec(gap)!
  return { start: span.start, end: span.end + marks.length }
}
