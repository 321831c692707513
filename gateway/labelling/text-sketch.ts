// The similarity of texts by the runs of characters that they share: Jaccard's coefficient over
// sets of shingles, estimated from a sketch of each (Broder: On the resemblance and containment of
// documents, 1997). With sketches, hundreds of texts are compared with each other in milliseconds.

/** The characters of a shingle. */
const shingleLength = 5

/** Only this much of a text is compared. */
export const comparedCharactersMax = 2_000

/** The most hashes in a sketch: the standard error of a similarity is at most 0.044. */
const sketchMax = 128

/** The smallest hashes of the shingles of a text, in order; all of them, if they are few. */
export type Sketch = Uint32Array

/**
 * The sketch of the start of a text. Case and runs of white space do not count; a text shorter than
 * a shingle is one shingle itself.
 */
export function sketchOf(text: string): Sketch {
  const start = text.slice(0, 2 * comparedCharactersMax).replace(/\s+/g, ' ')
  const plain = start.slice(0, comparedCharactersMax).trim().toLowerCase()
  const hashes = new Uint32Array(Math.max(1, plain.length - shingleLength + 1))
  for (let at = 0; at < hashes.length; at++) {
    hashes[at] = hashOf(plain, at, Math.min(at + shingleLength, plain.length))
  }
  hashes.sort()
  let kept = 0
  for (let at = 0; at < hashes.length && kept < sketchMax; at++) {
    if (at === 0 || hashes[at] !== hashes[at - 1]) hashes[kept++] = hashes[at]!
  }
  return hashes.slice(0, kept)
}

/**
 * The share of the shingles of both texts that both have, 0 to 1. Exact if both together have at
 * most as many as a sketch; else the share among the smallest hashes of both.
 */
export function similarity(a: Sketch, b: Sketch): number {
  let shared = 0
  let seen = 0
  let [i, j] = [0, 0]
  while (seen < sketchMax && (i < a.length || j < b.length)) {
    const left = a[i] ?? Infinity
    const right = b[j] ?? Infinity
    if (left === right) shared++
    if (left <= right) i++
    if (right <= left) j++
    seen++
  }
  return shared / seen
}

/** FNV-1a over UTF-16 units, then the mixing step of MurmurHash3, so that all bits are even. */
function hashOf(text: string, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let unit = from; unit < to; unit++) {
    hash = Math.imul(hash ^ text.charCodeAt(unit), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
