// Byte-pair encoding of words (Sennrich, Haddow and Birch 2016; on bytes, as in GPT-2): merges the
// bytes of a word pair by pair, in the order in which the pairs were learnt. byte-words.ts splits
// texts into words.
import type { Work } from '../runtime/sliced-work.ts'
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

/** A bound on ids, so that a pair of ids fits into one exact number. */
const pairBase = 2 ** 22
/** Merges between two yields; a few milliseconds. */
const stepMerges = 16_384
/** A bound on the bytes of a word, so that rank and position fit into one exact number. */
const placeBase = 2 ** 27

/**
 * Prepares the encoder. A word of n bytes takes O(n log n) time; 1 MB takes about a second. Throws
 * Error, which names the token, if a merge is not in the vocabulary.
 */
export function createBytePairs(options: BytePairs): WordEncoder {
  const { ids, merges, wholeWordsFirst, unknown } = options
  const byteIds = byteCharacters().map((character) => ids.get(character))
  const symbolsOf = (bytes: Uint8Array): number[] => {
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
  const characters = byteCharacters()
  const ranks = new Map<number, number>()
  const merged = new Int32Array(merges.length)
  for (const [rank, [left, right]] of merges.entries()) {
    ranks.set(idOf(ids, left) * pairBase + idOf(ids, right), rank)
    merged[rank] = idOf(ids, left + right)
  }
  const encoder = new TextEncoder()
  return function* (word) {
    const bytes = encoder.encode(word)
    if (wholeWordsFirst) {
      const id = ids.get(Array.from(bytes, (byte) => characters[byte]!).join(''))
      if (id !== undefined) return [id]
    }
    return yield* mergePairs(symbolsOf(bytes), { ranks, merged })
  }
}

type Merges = { readonly ranks: ReadonlyMap<number, number>; readonly merged: Int32Array }

/** Merges `symbols` in place; of equal pairs, the leftmost is merged first. */
function* mergePairs(symbols: number[], { ranks, merged }: Merges): Work<number[]> {
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
    const rank = ranks.get(symbols[place]! * pairBase + symbols[right]!)
    if (rank !== undefined) push(heap, rank * placeBase + place)
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
    if (ranks.get(symbols[place]! * pairBase + symbols[right]!) !== rank) continue
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
