// The ranks of the merges of a byte-level vocabulary in an open-addressed hash table: a lookup per
// pair of tokens is what merging words consists of, and it reads one line of memory.

/** Finds the rank of a pair of ids; `noRank` if the two are never merged. */
export type PairRanks = (left: number, right: number) => number

/** Greater than any rank. */
export const noRank = 0x7fff_ffff

/** Builds the table. The rank of a pair is its index; of equal pairs, the last one counts. */
export function createPairRanks(pairs: readonly (readonly [number, number])[]): PairRanks {
  // Twice to four times as many slots as pairs.
  const slots = 2 ** Math.ceil(Math.log2(2 * pairs.length + 1))
  const mask = slots - 1
  /** int32 [slots, 3]: both ids plus 1, and the rank; 0 for a free slot. */
  const table = new Int32Array(3 * slots)
  const placeOf = (left: number, right: number): number => {
    let slot = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)
    slot = (slot ^ (slot >>> 15)) & mask
    let place = 3 * slot
    while (table[place] !== 0 && (table[place] !== left + 1 || table[place + 1] !== right + 1)) {
      slot = (slot + 1) & mask
      place = 3 * slot
    }
    return place
  }
  for (const [rank, [left, right]] of pairs.entries()) {
    const place = placeOf(left, right)
    table[place] = left + 1
    table[place + 1] = right + 1
    table[place + 2] = rank
  }
  return (left, right) => {
    const place = placeOf(left, right)
    return table[place] === 0 ? noRank : table[place + 2]!
  }
}
