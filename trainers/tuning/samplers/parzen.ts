// A Parzen estimator over a search space: a mixture of one kernel per trial and a broad prior, each
// a product over the parameters. Parameters of one kernel belong together, so the estimator is
// multivariate (Falkner et al. 2018). What it is used for is tpe.ts.
import type { SeededRandom } from '../../../models/runtime/seeded-random.ts'
import { cellOf, isActive, unitOfValue, valueAtUnit, type Parameter } from '../space/space.ts'
import type { ParameterValue, SearchSpace, TrialParameters } from '../space/space.ts'
import { drawUnitNormal, unitNormalLogDensity, type UnitNormal } from './normal.ts'
import { uniform } from './sampler.ts'

/** A density over the values of a space. */
export type ParzenEstimator = {
  readonly draw: (random: SeededRandom) => TrialParameters
  readonly logDensity: (values: TrialParameters) => number
}

/** One factor of a kernel: a normal over the unit range, or a share for each choice. */
type Factor = UnitNormal | { readonly shares: Float64Array }

/** Observations up to which all count the same; of more, the oldest count less. */
const evenWeights = 25

/**
 * Builds the estimator of trials in the order in which they were made.
 *
 * In a conditional space, a kernel has the prior for a parameter that its trial has no value of,
 * and a parameter that is inactive at a point is left out of the product there. So each kernel is a
 * density over the whole space.
 */
export function parzenEstimator(
  space: SearchSpace,
  trials: readonly TrialParameters[],
): ParzenEstimator {
  const columns = space.map((parameter) => factorsOf(parameter, trials))
  const logWeights = kernelWeights(trials.length).map(Math.log)
  return {
    draw(random) {
      const kernel = drawIndex(logWeights.map(Math.exp), random)
      const values: Record<string, ParameterValue> = {}
      for (const [index, parameter] of space.entries()) {
        if (!isActive(parameter, values)) continue
        const unit = drawUnit(columns[index]![kernel]!, random)
        values[parameter.name] = valueAtUnit(parameter, unit)
      }
      return values
    },
    logDensity(values) {
      const terms = logWeights.slice()
      for (const [index, parameter] of space.entries()) {
        const unit = unitOf(parameter, values)
        if (unit === undefined) continue
        const cell = cellOf(parameter, unit)
        for (const [kernel, factor] of columns[index]!.entries()) {
          terms[kernel] = terms[kernel]! + logFactor(factor, cell)
        }
      }
      const most = Math.max(...terms)
      return most + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - most), 0))
    },
  }
}

/**
 * Float64 [trials + 1], the prior last, of sum 1: the newest 25 trials and the prior count 1, and
 * older ones less the older they are (Bergstra et al. 2013).
 */
function kernelWeights(count: number): Float64Array {
  const older = count - evenWeights
  const weights = Float64Array.from({ length: count + 1 }, (_, index) => {
    if (index >= older) return 1
    return older === 1 ? 1 / count : 1 / count + ((1 - 1 / count) * index) / (older - 1)
  })
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}

/** A factor per trial, and the prior's. */
function factorsOf(parameter: Parameter, trials: readonly TrialParameters[]): Factor[] {
  const units = trials.map((values) => unitOf(parameter, values))
  const { domain } = parameter
  if (domain.kind !== 'categorical') return normalFactors(units)
  const count = domain.choices.length
  const even: Factor = { shares: new Float64Array(count).fill(1 / count) }
  const kernels = units.filter((unit) => unit !== undefined).length + 1
  return [...units, undefined].map((unit): Factor => {
    if (unit === undefined) return even
    const shares = new Float64Array(count).fill(1 / kernels)
    const chosen = Math.floor(unit * count)
    shares[chosen] = shares[chosen]! + 1
    const sum = 1 + count / kernels
    return { shares: shares.map((share) => share / sum) }
  })
}

const prior: UnitNormal = { mean: 0.5, deviation: 1 }

/**
 * Each kernel is as wide as the gap to its farther neighbour (Bergstra et al. 2011), and not so
 * narrow that few trials end the search.
 */
function normalFactors(units: readonly (number | undefined)[]): Factor[] {
  const known = units.filter((unit) => unit !== undefined)
  const sorted = Float64Array.from(known).sort()
  const narrowest = 1 / Math.min(100, known.length + 2)
  const widthAt = (at: number): number => {
    const [first, second] = [sorted[at]!, sorted.length - 1]
    if (sorted.length === 1) return Math.max(first, 1 - first)
    const left = at === 0 ? -Infinity : first - sorted[at - 1]!
    const right = at === second ? -Infinity : sorted[at + 1]! - first
    return Math.max(left, right)
  }
  return [
    ...units.map((unit): Factor => {
      if (unit === undefined) return prior
      const deviation = Math.min(1, Math.max(narrowest, widthAt(sorted.indexOf(unit))))
      return { mean: unit, deviation }
    }),
    prior,
  ]
}

function unitOf(parameter: Parameter, values: TrialParameters): number | undefined {
  const value = values[parameter.name]
  return value === undefined ? undefined : unitOfValue(parameter, value)
}

function drawUnit(factor: Factor, random: SeededRandom): number {
  if (!('shares' in factor)) return drawUnitNormal(factor, random)
  return (drawIndex(factor.shares, random) + 0.5) / factor.shares.length
}

function logFactor(factor: Factor, cell: readonly [number, number]): number {
  if (!('shares' in factor)) return unitNormalLogDensity(factor, cell)
  const { shares } = factor
  const middle = (cell[0] + cell[1]) / 2
  return Math.log(shares[Math.floor(middle * shares.length)]!)
}

/** An index, drawn by shares that have the sum 1. */
function drawIndex(shares: Float64Array, random: SeededRandom): number {
  let left = uniform(random)
  for (const [index, share] of shares.entries()) {
    left -= share
    if (left < 0) return index
  }
  return shares.length - 1
}
