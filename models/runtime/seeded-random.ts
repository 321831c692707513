// The random number generator of Winnow, which gives the same numbers for the same seed on
// every machine. Callers decide what to draw.
import assert from 'node:assert/strict'

/** A random number generator whose results depend on the seed only. */
export type SeededRandom = {
  /** An integer in [0, 2^32). */
  uint32: () => number
  /** An integer in [0, limit), without modulo bias; `limit` is at most 2^32. */
  below: (limit: number) => number
  /** Shuffles an array or typed array in place (Fisher-Yates) and returns it. */
  shuffle: <Sequence extends Shuffleable>(sequence: Sequence) => Sequence
}

type Shuffleable = { readonly length: number; [index: number]: unknown }

/**
 * Creates a xoshiro128** generator (Blackman and Vigna 2021, "Scrambled linear pseudorandom number
 * generators", arXiv:1805.01407). SplitMix32 fills its state from a seed in [0, 2^32).
 */
export function seededRandom(seed: number): SeededRandom {
  assert.ok(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32, 'a seed is a uint32')
  const state = new Uint32Array(4)
  let counter = seed
  for (let i = 0; i < state.length; i++) {
    counter = (counter + 0x9e3779b9) >>> 0
    state[i] = mix32(counter)
  }
  const uint32 = (): number => step(state)
  const below = (limit: number): number => {
    // Rejection sampling: values beyond the last full multiple of `limit` are drawn again.
    const end = 2 ** 32 - (2 ** 32 % limit)
    for (;;) {
      const draw = uint32()
      if (draw < end) return draw % limit
    }
  }
  const shuffle = <Sequence extends Shuffleable>(sequence: Sequence): Sequence => {
    for (let last = sequence.length - 1; last > 0; last--) {
      const other = below(last + 1)
      const kept = sequence[last]
      sequence[last] = sequence[other]
      sequence[other] = kept
    }
    return sequence
  }
  return { uint32, below, shuffle }
}

function step(state: Uint32Array): number {
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state
  const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0
  const crossed2 = s2 ^ s0
  const crossed3 = s3 ^ s1
  state[0] = s0 ^ crossed3
  state[1] = s1 ^ crossed2
  state[2] = crossed2 ^ (s1 << 9)
  state[3] = rotateLeft(crossed3, 11)
  return result
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

/** The finaliser of SplitMix32, which is that of MurmurHash3. */
function mix32(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
