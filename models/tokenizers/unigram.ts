// The unigram model (Kudo 2018, arXiv:1804.10959): of all segmentations of a word into pieces, it
// finds the one with the largest sum of log-probabilities. piece-words.ts splits texts into words.

import type { Work } from '../runtime/sliced-work.ts'
import { createPieceTrie } from './tables/piece-trie.ts'

export type UnigramVocabulary = {
  /** Pieces with their log-probabilities, by id. */
  readonly pieces: readonly (readonly [string, number])[]
  readonly unknownId: number
}

/** Encodes a word; ids after the first `idsMin` may be left out. */
export type PieceEncoder = (word: string, idsMin: number) => Work<readonly number[]>

/** How much lower the log-probability of an unknown character is than that of any piece. */
const unknownPenalty = 10
/**
 * Positions after which a long word is first searched for final pieces; the interval then doubles.
 */
const settlingUnits = 4_096
/** Words of at most this length share one set of arrays. */
const shortUnitsMax = 64
/** Positions between two yields; a few milliseconds. */
const stepUnits = 4_096

/**
 * Prepares the encoder of a vocabulary. Adjacent unknown characters become one unknown token. The
 * time is proportional to the part of the word that the first `idsMin` ids need, times the length
 * of the longest piece that begins with each of its characters.
 */
export function createUnigram({ pieces, unknownId }: UnigramVocabulary): PieceEncoder {
  const trie = createPieceTrie(pieces.map(([piece]) => piece))
  let least = Infinity
  let longest = 1
  for (const [piece, score] of pieces) {
    least = Math.min(least, score)
    longest = Math.max(longest, piece.length)
  }
  const scores = Float64Array.from(pieces, ([, score]) => score)
  const unknownScore = least - unknownPenalty
  const scratch = newPath(shortUnitsMax)
  /** Extends the best segmentation up to `start` by each piece that begins there. */
  const extend = ({ best, from, chosen }: BestPath, word: string, start: number): number => {
    const width = word.codePointAt(start)! > 0xffff ? 2 : 1
    const before = best[start]!
    let isCovered = false
    for (let at = start, node = 0; at < word.length; at++) {
      node = trie.next(node, word.charCodeAt(at))
      if (node === 0) break
      const id = trie.idAt(node)
      const end = at + 1
      if (id < 0 || end < start + width) continue
      if (end === start + width) isCovered = true
      const total = scores[id]! + before
      if (from[end]! >= 0 && total <= best[end]!) continue
      best[end] = total
      from[end] = start
      chosen[end] = id
    }
    const end = start + width
    const unknown = unknownScore + before
    if (!isCovered && (from[end]! < 0 || unknown > best[end]!)) {
      best[end] = unknown
      from[end] = start
      chosen[end] = unknownId
    }
    return end
  }
  return function* (word, idsMin) {
    const isShort = word.length <= shortUnitsMax
    const path = isShort ? scratch : newPath(word.length)
    path.from.fill(-1, 0, word.length + 1)
    let settleAt = settlingUnits
    let stepAt = stepUnits
    // A short word is never interrupted, so no other word uses the scratch meanwhile.
    for (let start = 0; start < word.length; start = extend(path, word, start)) {
      if (start >= stepAt) {
        stepAt += stepUnits
        yield
      }
      if (start >= settleAt) {
        settleAt *= 2
        const settled = idsUpTo(path, settledEnd(path.from, start, longest), unknownId)
        if (settled.length >= idsMin) return settled
      }
    }
    return idsUpTo(path, word.length, unknownId)
  }
}

/** The best segmentations of the beginnings of a word. */
type BestPath = {
  /** float64 [units + 1], the score of the best one up to each position. */
  readonly best: Float64Array
  /** Where the last piece of the best segmentation up to each position begins; -1 if none ends. */
  readonly from: Int32Array
  readonly chosen: Int32Array
}

function newPath(units: number): BestPath {
  return {
    best: new Float64Array(units + 1),
    from: new Int32Array(units + 1),
    chosen: new Int32Array(units + 1),
  }
}

function idsUpTo({ from, chosen }: BestPath, end: number, unknownId: number): number[] {
  const ids: number[] = []
  for (let at = end; at > 0; at = from[at]!) {
    const id = chosen[at]!
    if (id !== unknownId || ids.at(-1) !== unknownId) ids.push(id)
  }
  return ids.reverse()
}

/**
 * The last position that is on the best segmentations to all positions where a piece across `start`
 * may begin. The segmentation before it is final.
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
