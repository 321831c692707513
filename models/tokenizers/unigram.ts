// The unigram model (Kudo 2018, arXiv:1804.10959): of all ways to write a word as pieces, the one whose
// log-probabilities add up to most. It knows neither texts nor special tokens.

export type UnigramVocabulary = {
  /** Piece and its log-probability, by id. */
  readonly pieces: readonly (readonly [string, number])[]
  readonly unknownId: number
}

/** A word to ids, of which those after the first `idsMin` may be left out. */
export type PieceEncoder = (word: string, idsMin: number) => readonly number[]

/** How much less likely than the least likely piece an unknown character is. */
const unknownPenalty = 10
/** Places after which a long word is looked at for pieces that are settled. */
const settlingUnits = 4_096

/**
 * Prepares a vocabulary. Neighbouring unknown characters are one unknown token. The time is in
 * proportion to the part of the word that the first `idsMin` ids need, times the longest piece that
 * begins with each of its characters.
 */
export function createUnigram({ pieces, unknownId }: UnigramVocabulary): PieceEncoder {
  const ids = new Map<string, number>()
  const unitsMax = new Map<number, number>()
  let least = Infinity
  for (const [id, [piece, score]] of pieces.entries()) {
    ids.set(piece, id)
    least = Math.min(least, score)
    const first = piece.codePointAt(0) ?? 0
    unitsMax.set(first, Math.max(unitsMax.get(first) ?? 0, piece.length))
  }
  const longest = Math.max(1, ...unitsMax.values())
  const scores = Float64Array.from(pieces, ([, score]) => score)
  const unknownScore = least - unknownPenalty
  return (word, idsMin) => {
    const best = new Float64Array(word.length + 1)
    const from = new Int32Array(word.length + 1).fill(-1)
    const chosen = new Int32Array(word.length + 1)
    const path: BestPath = { from, chosen, unknownId }
    const offer = (start: number, end: number, id: number, score: number): void => {
      const total = score + best[start]!
      if (from[end]! >= 0 && total <= best[end]!) return
      best[end] = total
      from[end] = start
      chosen[end] = id
    }
    let settleAt = settlingUnits
    for (let start = 0, width = 1; start < word.length; start += width) {
      if (start >= settleAt) {
        settleAt += settlingUnits
        const settled = idsUpTo(path, settledEnd(from, start, longest))
        if (settled.length >= idsMin) return settled
      }
      const codePoint = word.codePointAt(start)!
      width = codePoint > 0xffff ? 2 : 1
      const endMax = Math.min(word.length, start + (unitsMax.get(codePoint) ?? 0))
      let isCovered = false
      for (let end = start + width; end <= endMax; end++) {
        const id = ids.get(word.slice(start, end))
        if (id === undefined) continue
        offer(start, end, id, scores[id]!)
        if (end === start + width) isCovered = true
      }
      if (!isCovered) offer(start, start + width, unknownId, unknownScore)
    }
    return idsUpTo(path, word.length)
  }
}

type BestPath = {
  /** Where the last piece of the best way to each place begins; -1 where none ends. */
  readonly from: Int32Array
  readonly chosen: Int32Array
  readonly unknownId: number
}

function idsUpTo({ from, chosen, unknownId }: BestPath, end: number): number[] {
  const ids: number[] = []
  for (let at = end; at > 0; at = from[at]!) {
    const id = chosen[at]!
    if (id !== unknownId || ids.at(-1) !== unknownId) ids.push(id)
  }
  return ids.reverse()
}

/**
 * The last place that lies on the best ways to all places where a piece over `start` may begin: what is
 * before it cannot change any more.
 */
function settledEnd(from: Int32Array, start: number, longest: number): number {
  let low = start
  const open: number[] = []
  for (let at = start; at > Math.max(0, start - longest); at--) if (from[at]! >= 0) open.push(at)
  for (;;) {
    const high = Math.max(...open)
    low = Math.min(...open)
    if (high === low) return low
    const at = open.indexOf(high)
    const before = from[high]!
    if (open.includes(before)) open.splice(at, 1)
    else open[at] = before
  }
}
