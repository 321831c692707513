// Finds near duplicates with MinHash signatures of character shingles (Broder 1997, "On the
// resemblance and containment of documents") and locality-sensitive hashing. Texts that share a
// band are compared exactly. data-rules.ts decides what happens to near duplicates.
import { seededRandom } from '../../models/runtime/seeded-random.ts'

/** The length of a shingle. The resemblance of two texts is the Jaccard index of their shingles. */
const shingleCharacters = 5
/** Only the beginning of a text is compared, which suffices and bounds the work on huge texts. */
const comparedCharactersMax = 4_000
/**
 * 12 bands of 8 hashes: a pair shares a band with probability 1 - (1 - J^8)^12, which is 0.999 at
 * J = 0.9, 0.89 at 0.8 and 0.05 at 0.5.
 */
const bands = 12
const bandHashes = 8
/** The most texts of a bucket that a new text is compared with, which bounds the work per text. */
const bucketTextsMax = 4

/** A MinHash signature: uint32 [hashes]. */
export type Signature = Uint32Array

/**
 * Groups texts whose resemblance is at least `threshold`, directly or through other texts. Returns,
 * for each text, the index of the first text of its group: int32 [texts]. It takes 12 bytes per
 * band and text in addition to the texts.
 */
export function nearDuplicateGroups(
  texts: readonly string[],
  options: { threshold: number },
): Int32Array {
  const keys = bandKeys(texts)
  const groups = disjointSets(texts.length)
  for (let band = 0; band < bands; band++) {
    const buckets = new Map<number, number[]>()
    for (let text = 0; text < texts.length; text++) {
      const key = keys[band * texts.length + text]!
      const bucket = buckets.get(key)
      if (bucket === undefined) {
        buckets.set(key, [text])
        continue
      }
      const joined = bucket.some((other) => {
        if (groups.find(other) === groups.find(text)) return true
        if (resemblance(texts[other]!, texts[text]!) < options.threshold) return false
        groups.join(other, text)
        return true
      })
      if (!joined && bucket.length < bucketTextsMax) bucket.push(text)
    }
  }
  return Int32Array.from(texts, (_, text) => groups.find(text))
}

/** The exact Jaccard index of two texts' shingles, from 0 to 1. */
export function resemblance(a: string, b: string): number {
  const [left, right] = [new Set(shingles(a)), new Set(shingles(b))]
  let both = 0
  for (const shingle of left) if (right.has(shingle)) both++
  return both / (left.size + right.size - both)
}

/** The MinHash signature of a text: for each hash function, the minimum over the shingles. */
export function minHashSignature(text: string, functions: HashFunctions): Signature {
  const { factors, offsets } = functions
  const signature = new Uint32Array(factors.length).fill(0xffffffff)
  for (const shingle of shingles(text)) {
    for (let i = 0; i < factors.length; i++) {
      const value = (Math.imul(factors[i]!, shingle) + offsets[i]!) >>> 0
      if (value < signature[i]!) signature[i] = value
    }
  }
  return signature
}

/** Hash functions x -> factor x + offset modulo 2^32. */
export type HashFunctions = { readonly factors: Uint32Array; readonly offsets: Uint32Array }

/** `count` hash functions, the same each time. */
export function hashFunctions(count: number): HashFunctions {
  const random = seededRandom(0x5eed)
  // An odd factor permutes the numbers below 2^32.
  const factors = Uint32Array.from({ length: count }, () => random.uint32() | 1)
  return { factors, offsets: Uint32Array.from({ length: count }, () => random.uint32()) }
}

/** uint32 [bands, texts]: the hash of each band of each signature; signatures are not stored. */
function bandKeys(texts: readonly string[]): Uint32Array {
  const functions = hashFunctions(bands * bandHashes)
  const keys = new Uint32Array(bands * texts.length)
  for (const [text, content] of texts.entries()) {
    const signature = minHashSignature(content, functions)
    for (let band = 0; band < bands; band++) {
      let key = band
      for (let i = 0; i < bandHashes; i++) {
        key = mixed(key ^ signature[band * bandHashes + i]!)
      }
      keys[band * texts.length + text] = key
    }
  }
  return keys
}

/** The hash of each shingle; a text shorter than a shingle is one shingle. */
function shingles(text: string): Uint32Array {
  const end = Math.min(text.length, comparedCharactersMax)
  const count = Math.max(1, end - shingleCharacters + 1)
  const hashes = new Uint32Array(count)
  for (let start = 0; start < count; start++) {
    let hash = 0x811c9dc5
    const last = Math.min(end, start + shingleCharacters)
    for (let i = start; i < last; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    hashes[start] = mixed(hash)
  }
  return hashes
}

/** The finaliser of MurmurHash3: every input bit affects every bit of the result. */
function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** A union-find structure: union by smallest member, path halving (Tarjan and van Leeuwen 1984). */
function disjointSets(count: number): {
  find: (member: number) => number
  join: (a: number, b: number) => void
} {
  const parent = Int32Array.from({ length: count }, (_, index) => index)
  const find = (member: number): number => {
    let current = member
    while (parent[current] !== current) {
      parent[current] = parent[parent[current]!]!
      current = parent[current]!
    }
    return current
  }
  const join = (a: number, b: number): void => {
    const [first, second] = [find(a), find(b)]
    parent[Math.max(first, second)] = Math.min(first, second)
  }
  return { find, join }
}
