// The normal distribution, as the samplers need it: its distribution function and draws from it.
import type { SeededRandom } from '../../../models/runtime/seeded-random.ts'
import { uniform } from './sampler.ts'

/**
 * The probability of a standard normal number below `at`, with a relative error of about 1e-7: the
 * rational Chebyshev fit of erfc in Press et al., "Numerical Recipes", 6.2.
 */
export function normalBelow(at: number): number {
  const tail = 0.5 * erfcOfPositive(Math.abs(at) / Math.SQRT2)
  return at > 0 ? 1 - tail : tail
}

const erfcTerms = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
] as const

function erfcOfPositive(at: number): number {
  const t = 1 / (1 + 0.5 * at)
  const exponent = erfcTerms.reduceRight<number>((sum, term) => sum * t + term, 0)
  return t * Math.exp(exponent - at * at)
}

/** A normal distribution cut to [0, 1]. Its mean before the cut lies in that range. */
export type UnitNormal = { readonly mean: number; readonly deviation: number }

/** A draw. At least a third of the normal numbers are inside the range, so few are drawn again. */
export function drawUnitNormal({ mean, deviation }: UnitNormal, random: SeededRandom): number {
  for (;;) {
    const value = mean + deviation * drawNormal(random)
    if (value >= 0 && value < 1) return value
  }
}

/** The logarithm of the density at a point of [0, 1], or of the probability of a cell. */
export function unitNormalLogDensity(
  { mean, deviation }: UnitNormal,
  [from, to]: readonly [number, number],
): number {
  const below = (at: number): number => normalBelow((at - mean) / deviation)
  const inside = Math.log(below(1) - below(0))
  if (to > from) return Math.log(Math.max(below(to) - below(from), 1e-300)) - inside
  const distance = (from - mean) / deviation
  return -0.5 * distance * distance - Math.log(deviation * Math.sqrt(2 * Math.PI)) - inside
}

/** Box and Muller 1958. */
export function drawNormal(random: SeededRandom): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(random)))
  return radius * Math.cos(2 * Math.PI * uniform(random))
}
