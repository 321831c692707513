// WordPiece: splits a normalized word from the left into the longest pieces of a vocabulary
// (Schuster and Nakajima 2012, as used in BERT). bert-words.ts splits texts into words.

export type WordPieceVocabulary = {
  /** Token to id; pieces inside a word begin with `continuingPrefix`. */
  readonly ids: ReadonlyMap<string, number>
  readonly unknownId: number
  readonly continuingPrefix: string
}

/** Splits a word into the ids of its pieces. */
export type WordPiece = (word: string) => readonly number[]

/**
 * Prepares the splitter of a vocabulary. A word with a part that no piece covers is one unknown
 * token. At each position it tries at most as many lengths as the longest piece has (18 for BERT),
 * so the time is linear in the length of the word.
 */
export function createWordPiece(vocabulary: WordPieceVocabulary): WordPiece {
  const { ids, unknownId, continuingPrefix } = vocabulary
  const continuing = new Map<string, number>()
  let unitsMax = 1
  for (const [token, id] of ids) {
    unitsMax = Math.max(unitsMax, token.length)
    if (token.startsWith(continuingPrefix)) {
      continuing.set(token.slice(continuingPrefix.length), id)
    }
  }
  return (word) => {
    const pieces: number[] = []
    let start = 0
    while (start < word.length) {
      const pieceIds = start === 0 ? ids : continuing
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
