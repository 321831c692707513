// Byte-pair encoding of words (Sennrich, Haddow and Birch 2016; on bytes, as in GPT-2): merges the
// bytes of a word pair by pair, in the order in which the pairs were learnt. byte-words.ts splits
// texts into words.
import type { Work } from '../runtime/sliced-work.ts'
import { createPairRanks, noRank, type PairRanks } from './tables/pair-ranks.ts'
import type { WordEncoder } from './scanner.ts'

export type BytePairs = {
  /** Token to id; a byte is written as its character in `byteCharacters`. */
  readonly ids: ReadonlyMap<string, number>
  /** Pairs of tokens in the order in which they were learnt. */
  readonly merges: readonly (readonly [string, string])[]
  /** Whether a word that is a token is kept whole. */
  readonly wholeWordsFirst: boolean
  /** The token for bytes that are not in the vocabulary; without it they are left out. */
  readonly unknown: { readonly id: number; readonly isFused: boolean } | undefined
}

/** Merges between two yields; a few milliseconds. */
const stepMerges = 16_384
/** A bound on the bytes of a word, so that rank and position fit into one exact number. */
const placeBase = 2 ** 27
/** Up to this many bytes, searching all pairs for the next merge is faster than a heap. */
const shortBytesMax = 48

/**
 * Prepares the encoder. A word of n bytes takes O(n log n) time; 1 MB takes about a second. Throws
 * Error, which names the token, if a merge is not in the vocabulary.
 */
export function createBytePairs(options: BytePairs): WordEncoder {
  const { ids, merges, wholeWordsFirst } = options
  const characters = byteCharacters()
  const symbolsOf = createSymbols(options)
  const rankOf = createPairRanks(
    merges.map(([left, right]) => [idOf(ids, left), idOf(ids, right)] as const),
  )
  const merged = Int32Array.from(merges, ([left, right]) => idOf(ids, left + right))
  const mergeShort = createShortMerge({ rankOf, merged })
  return function* (word) {
    const bytes = utf8.encode(word)
    if (wholeWordsFirst) {
      const id = ids.get(Array.from(bytes, (byte) => characters[byte]!).join(''))
      if (id !== undefined) return [id]
    }
    const symbols = symbolsOf(bytes)
    return symbols.length <= shortBytesMax
      ? mergeShort(symbols)
      : yield* mergePairs(symbols, { rankOf, merged })
  }
}

const utf8 = new TextEncoder()

/** The ids of bytes; bytes that are not in the vocabulary are unknown, or left out. */
function createSymbols({ ids, unknown }: BytePairs): (bytes: Uint8Array) => number[] {
  const byteIds = byteCharacters().map((character) => ids.get(character))
  return (bytes) => {
    const symbols: number[] = []
    let wasKnown = true
    for (const byte of bytes) {
      const id = byteIds[byte]
      if (id !== undefined) symbols.push(id)
      else if (unknown !== undefined && (wasKnown || !unknown.isFused)) symbols.push(unknown.id)
      wasKnown = id !== undefined
    }
    return symbols
  }
}

type Merges = { readonly rankOf: PairRanks; readonly merged: Int32Array }

/**
 * Merges at most `shortBytesMax` symbols in place; of equal pairs, the leftmost is merged first.
 */
function createShortMerge({ rankOf, merged }: Merges): (symbols: number[]) => number[] {
  /** The rank of each symbol with the next one. */
  const ranks = new Int32Array(shortBytesMax)
  return (symbols) => {
    let last = symbols.length - 1
    for (let at = 0; at < last; at++) ranks[at] = rankOf(symbols[at]!, symbols[at + 1]!)
    for (;;) {
      let least = noRank
      let place = 0
      for (let at = 0; at < last; at++) {
        if (ranks[at]! < least) {
          least = ranks[at]!
          place = at
        }
      }
      if (least === noRank) break
      symbols[place] = merged[least]!
      for (let at = place + 1; at < last; at++) {
        symbols[at] = symbols[at + 1]!
        ranks[at] = ranks[at + 1]!
      }
      last--
      if (place > 0) ranks[place - 1] = rankOf(symbols[place - 1]!, symbols[place]!)
      if (place < last) ranks[place] = rankOf(symbols[place]!, symbols[place + 1]!)
    }
    symbols.length = last + 1
    return symbols
  }
}

/** Merges `symbols` in place, like `createShortMerge`, with a heap. */
function* mergePairs(symbols: number[], { rankOf, merged }: Merges): Work<number[]> {
  const count = symbols.length
  const next = new Int32Array(count)
  const previous = new Int32Array(count)
  for (let place = 0; place < count; place++) {
    next[place] = place + 1
    previous[place] = place - 1
  }
  const heap: number[] = []
  const offer = (place: number): void => {
    const right = place < 0 ? count : next[place]!
    if (right >= count) return
    const rank = rankOf(symbols[place]!, symbols[right]!)
    if (rank !== noRank) push(heap, rank * placeBase + place)
  }
  let steps = 0
  for (let place = 0; place < count - 1; place++) {
    if (++steps % stepMerges === 0) yield
    offer(place)
  }
  while (heap.length > 0) {
    if (++steps % stepMerges === 0) yield
    const least = pop(heap)
    const place = least % placeBase
    const rank = (least - place) / placeBase
    const right = next[place]!
    // The pair may have changed since it was added to the heap.
    if (symbols[place]! < 0 || right >= count) continue
    if (rankOf(symbols[place]!, symbols[right]!) !== rank) continue
    symbols[place] = merged[rank]!
    symbols[right] = -1
    const after = next[right]!
    next[place] = after
    if (after < count) previous[after] = place
    offer(previous[place]!)
    offer(place)
  }
  return symbols.filter((symbol) => symbol >= 0)
}

/** The printable character that stands for each byte in byte-level vocabularies. */
export function byteCharacters(): string[] {
  let substitutes = 0
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad && byte <= 0xff)
    return String.fromCharCode(isPrintable ? byte : 256 + substitutes++)
  })
}

function idOf(ids: ReadonlyMap<string, number>, token: string): number {
  const id = ids.get(token)
  if (id === undefined) throw new Error(`its vocabulary has no '${token}'`)
  return id
}

/** Adds to a binary min-heap. */
function push(heap: number[], number: number): void {
  let at = heap.length
  heap.push(number)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (heap[parent]! <= number) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = number
}

function pop(heap: number[]): number {
  const least = heap[0]!
  const last = heap.pop()!
  const count = heap.length
  if (count === 0) return least
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= count) break
    if (child + 1 < count && heap[child + 1]! < heap[child]!) child++
    if (heap[child]! >= last) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
  return least
}
