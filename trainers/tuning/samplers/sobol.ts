// Quasi-random search: points of a scrambled Sobol sequence, which fill the space more evenly than
// random ones. It owns the sequence in up to 32 dimensions.
import assert from 'node:assert/strict'
import { seededRandom } from '../../../models/runtime/seeded-random.ts'
import { valuesAt } from '../space/space.ts'
import type { Sampler } from './sampler.ts'

/**
 * Degree and coefficients of a primitive polynomial with the first direction numbers, for the
 * dimensions from the second on: rows of new-joe-kuo-6.21201 (Joe and Kuo 2008, "Constructing Sobol
 * sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30).
 */
const polynomials: readonly (readonly [coefficients: number, first: readonly number[]])[] = [
  [0, [1]],
  [1, [1, 3]],
  [1, [1, 3, 1]],
  [2, [1, 1, 1]],
  [1, [1, 1, 3, 3]],
  [4, [1, 3, 5, 13]],
  [2, [1, 1, 5, 5, 17]],
  [4, [1, 1, 5, 5, 5]],
  [7, [1, 1, 7, 11, 19]],
  [11, [1, 1, 5, 1, 1]],
  [13, [1, 1, 1, 3, 11]],
  [14, [1, 3, 5, 5, 31]],
  [1, [1, 3, 3, 9, 7, 49]],
  [13, [1, 1, 1, 15, 21, 21]],
  [16, [1, 3, 1, 13, 27, 49]],
  [19, [1, 1, 1, 15, 7, 5]],
  [22, [1, 3, 1, 15, 13, 25]],
  [25, [1, 1, 5, 5, 19, 61]],
  [1, [1, 3, 7, 11, 23, 15, 103]],
  [4, [1, 3, 7, 13, 13, 15, 69]],
  [7, [1, 1, 3, 13, 7, 35, 63]],
  [8, [1, 3, 5, 9, 1, 25, 53]],
  [14, [1, 3, 1, 13, 9, 35, 107]],
  [19, [1, 3, 1, 5, 27, 61, 31]],
  [21, [1, 1, 5, 11, 19, 41, 61]],
  [28, [1, 3, 5, 3, 3, 13, 69]],
  [31, [1, 1, 7, 13, 1, 19, 1]],
  [32, [1, 3, 7, 5, 13, 19, 59]],
  [37, [1, 1, 3, 9, 25, 29, 41]],
  [41, [1, 3, 5, 13, 23, 1, 55]],
  [42, [1, 3, 7, 3, 13, 59, 17]],
]

/** The most dimensions that the table has. */
export const sobolDimensionsMax = polynomials.length + 1

const bits = 32

/** Suggests the point of the trial's number. Different seeds scramble the sequence differently. */
export const sobolSampler: Sampler = ({ space, seed, number }) =>
  valuesAt(space, scrambledSobolPoint({ index: number, dimensions: space.length, seed }))

/**
 * A point of the sequence, float64 [dimensions], scrambled by seed: each dimension by a hash that
 * flips a bit depending on the bits above it, as Owen's nested scrambling does (Burley 2020,
 * "Practical Hash-based Owen Scrambling", JCGT 9).
 */
export function scrambledSobolPoint(options: {
  index: number
  dimensions: number
  seed: number
}): Float64Array {
  const random = seededRandom(options.seed)
  return sobolIntegers(options).map((integer) => {
    const mixed = laineKarras(reversedBits(integer), random.uint32())
    return reversedBits(mixed) / 2 ** bits
  })
}

/** A point of the sequence as it is, float64 [dimensions]. */
export function sobolPoint(options: { index: number; dimensions: number }): Float64Array {
  return sobolIntegers(options).map((integer) => integer / 2 ** bits)
}

/** Binary fractions of 32 bits; the bits of the Gray code of the index choose what is added. */
function sobolIntegers({ index, dimensions }: { index: number; dimensions: number }): Float64Array {
  assert.ok(dimensions <= sobolDimensionsMax, `at most ${sobolDimensionsMax} dimensions`)
  const gray = (index ^ (index >>> 1)) >>> 0
  return Float64Array.from({ length: dimensions }, (_, dimension) => {
    const directions = directionsOf(dimension)
    let integer = 0
    for (let bit = 0; bit < bits; bit++) {
      if ((gray >>> bit) & 1) integer ^= directions[bit]!
    }
    return integer >>> 0
  })
}

/** Uint32 [32]: the direction numbers of a dimension, by the recurrence of its polynomial. */
function directionsOf(dimension: number): Uint32Array {
  const directions = new Uint32Array(bits)
  if (dimension === 0) return directions.map((_, bit) => 2 ** (bits - 1 - bit))
  const [coefficients, first] = polynomials[dimension - 1]!
  const degree = first.length
  for (let bit = 0; bit < bits; bit++) {
    if (bit < degree) {
      directions[bit] = first[bit]! * 2 ** (bits - 1 - bit)
      continue
    }
    const before = directions[bit - degree]!
    let direction = before ^ (before >>> degree)
    for (let term = 1; term < degree; term++) {
      if ((coefficients >>> (degree - 1 - term)) & 1) direction ^= directions[bit - term]!
    }
    directions[bit] = direction
  }
  return directions
}

/** A hash in which a bit changes only the bits above it (Laine and Karras 2011). */
function laineKarras(value: number, seed: number): number {
  let mixed = (value + seed) >>> 0
  for (const factor of [0x6c50b47c, 0xb82f1e52, 0xc7afe638, 0x8d22f6e6]) {
    mixed ^= Math.imul(mixed, factor)
  }
  return mixed >>> 0
}

function reversedBits(value: number): number {
  let reversed = value
  reversed = ((reversed >>> 1) & 0x55555555) | ((reversed & 0x55555555) << 1)
  reversed = ((reversed >>> 2) & 0x33333333) | ((reversed & 0x33333333) << 2)
  reversed = ((reversed >>> 4) & 0x0f0f0f0f) | ((reversed & 0x0f0f0f0f) << 4)
  reversed = ((reversed >>> 8) & 0x00ff00ff) | ((reversed & 0x00ff00ff) << 8)
  return ((reversed >>> 16) | (reversed << 16)) >>> 0
}
