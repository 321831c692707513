// The similarity of texts by the runs of characters that they share: Jaccard's coefficient over
// sets of shingles (Broder: On the resemblance and containment of documents, 1997).

/** The characters of a shingle. */
const shingleLength = 5

/** Only this much of a text is compared, so that the work is bounded. */
export const comparedCharactersMax = 1_000

/** The set of shingles of a text, as sorted hashes without repeats. */
export type Shingles = Uint32Array

/**
 * The shingles of the start of a text. Case and runs of white space do not count; a text shorter
 * than a shingle is one shingle itself.
 */
export function shinglesOf(text: string): Shingles {
  const start = text.slice(0, 4 * comparedCharactersMax).replace(/\s+/g, ' ')
  const plain = start.slice(0, comparedCharactersMax).trim().toLowerCase()
  const count = Math.max(1, plain.length - shingleLength + 1)
  const hashes = new Uint32Array(count)
  for (let at = 0; at < count; at++) {
    // FNV-1a over UTF-16 units.
    let hash = 0x811c9dc5
    for (let unit = at; unit < Math.min(at + shingleLength, plain.length); unit++) {
      hash = Math.imul(hash ^ plain.charCodeAt(unit), 0x01000193)
    }
    hashes[at] = hash >>> 0
  }
  hashes.sort()
  let kept = 0
  for (let at = 0; at < count; at++) {
    if (at === 0 || hashes[at] !== hashes[at - 1]) hashes[kept++] = hashes[at]!
  }
  return hashes.subarray(0, kept)
}

/** The share of the shingles of both texts that both have, 0 to 1. */
export function similarity(a: Shingles, b: Shingles): number {
  let shared = 0
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [left, right] = [a[i]!, b[j]!]
    if (left === right) shared++
    if (left <= right) i++
    if (right <= left) j++
  }
  return shared / (a.length + b.length - shared)
}
