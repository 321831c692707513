// The features of a small model: every token of a text and every pair of neighbours, each as one
// 32-bit key. Training and serving both call this, so that they agree.

/** The keys of a text of so many tokens: one per token, one per pair. */
export function gramCount(tokens: number): number {
  return Math.max(0, 2 * tokens - 1)
}

/**
 * Writes the keys of token ids int32 [tokens] into `keys`, never 0, and returns how many. Special
 * tokens count too, so that the first and the last word have pairs of their own.
 */
export function tokenGrams(ids: Int32Array, keys: Int32Array): number {
  let count = 0
  let before = 0
  for (let at = 0; at < ids.length; at++) {
    const own = mixed(ids[at]! + 1)
    keys[count++] = own === 0 ? 1 : own
    if (at > 0) {
      const pair = mixed(Math.imul(before, 31) ^ own)
      keys[count++] = pair === 0 ? 1 : pair
    }
    before = own
  }
  return count
}

/** The finaliser of MurmurHash3, a bijection of 32-bit numbers. */
function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
