// WordPiece: splits one normalized word into the longest pieces of a vocabulary, from the left
// (Schuster and Nakajima 2012, as BERT uses it). It knows neither texts nor special tokens.

export type WordPieceVocabulary = {
  /** Token to id; pieces inside a word begin with `continuingPrefix`. */
  readonly ids: ReadonlyMap<string, number>
  readonly unknownId: number
  readonly continuingPrefix: string
}

/** Splits words into ids of pieces. */
export type WordPiece = (word: string) => readonly number[]

/**
 * Prepares a vocabulary for splitting. A word with a part that no piece covers is one unknown
 * token. Tries at most as many lengths a position as the longest piece has (18 for BERT), so that
 * a word costs time in proportion to its length.
 */
export function createWordPiece(vocabulary: WordPieceVocabulary): WordPiece {
  const { ids, unknownId, continuingPrefix } = vocabulary
  const first = new Map<string, number>()
  const continuing = new Map<string, number>()
  let unitsMax = 1
  for (const [token, id] of ids) {
    first.set(token, id)
    unitsMax = Math.max(unitsMax, token.length)
    if (token.startsWith(continuingPrefix)) {
      continuing.set(token.slice(continuingPrefix.length), id)
    }
  }
  return (word) => {
    const pieces: number[] = []
    let start = 0
    while (start < word.length) {
      const pieceIds = start === 0 ? first : continuing
      let end = Math.min(word.length, start + unitsMax)
      let id: number | undefined
      while (end > start && (id = pieceIds.get(word.slice(start, end))) === undefined) end--
      if (id === undefined) return [unknownId]
      pieces.push(id)
      start = end
    }
    return pieces
  }
}
