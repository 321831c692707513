// Bayesian optimisation: suggests where a Gaussian process expects the largest improvement. It is
// compared by its logarithm (Ament et al. 2023, "Unexpected Improvements to Expected Improvement
// for Bayesian Optimization", arXiv:2310.20708). The process is gaussian-process.ts.
import type { SeededRandom } from '../../../models/runtime/seeded-random.ts'
import { unitsOf, valuesAt, type SearchSpace, type TrialParameters } from '../space/space.ts'
import { fitGaussianProcess, type GaussianProcess, type Observations } from './gaussian-process.ts'
import { drawNormal, normalBelow } from './normal.ts'
import { trialRandom, type ObservedTrial, type Sampler } from './sampler.ts'
import { scalarised } from './scalarised.ts'
import { scrambledSobolPoint, sobolSampler } from './sobol.ts'

/** Trials that must have ended before there is a model; on six functions as good as 4 or 10. */
const startTrials = 6
/** Candidates: spread over the space, and near each of the best trials. */
const spread = 512
const nearTrials = 4
const nearDraws = 32
/** Candidates from which a local search starts. */
const searches = 4

/**
 * Suggests by expected improvement. Running trials count as if they had given what the process
 * expects of them (the Kriging believer of Ginsbourger et al. 2010), and failed ones as the worst
 * that was seen. Pruned trials do not count: their losses are those of shorter trainings.
 */
export const gpSampler: Sampler = (request) => {
  const { space, seed, number } = request
  const trials = scalarised(request)
  const complete = trials.filter(isComplete)
  if (complete.length < startTrials) return sobolSampler(request)
  const pointOf = ({ parameters }: ObservedTrial): Float64Array => pointAt(space, parameters)
  const failed = trials.filter(({ state }) => state === 'failed')
  const losses = complete.map(({ loss }) => loss)
  const others = {
    points: [...complete, ...failed].map(pointOf),
    isCategorical: space.map(({ domain }) => domain.kind === 'categorical'),
  }
  const worst = Math.max(...losses)
  const { fitted, values } = fitWarped([...losses, ...failed.map(() => worst)], others)
  const observed: Observations = { ...others, values }
  const process = believing(
    fitted,
    observed,
    trials.filter(({ state }) => state === 'running').map(pointOf),
  )
  // The lowest mean, and not the lowest value, which may be a lucky one: a loss that is measured
  // again differs (the plug-in of Picheny et al. 2013, "A Benchmark of Kriging-Based Infill
  // Criteria for Noisy Optimization").
  const lowest = Math.min(...observed.points.map((point) => process.posterior(point).mean))
  const merit = (point: Float64Array): number => {
    const { mean, deviation } = process.posterior(point)
    return logImprovement((lowest - mean) / deviation) + Math.log(deviation)
  }
  const random = trialRandom(request)
  const best = observed.points
    .map((point, index) => ({ point, value: values[index]! }))
    .toSorted((a, b) => a.value - b.value)
    .slice(0, nearTrials)
  const candidates = [
    ...Array.from({ length: spread }, (_, index) =>
      scrambledSobolPoint({ index, dimensions: space.length, seed: (seed + number) >>> 0 }),
    ),
    ...best.flatMap(({ point }) => nearPoints(point, random)),
  ].map((point) => snapped(space, point))
  const starts = candidates
    .map((point) => ({ point, merit: merit(point) }))
    .toSorted((a, b) => b.merit - a.merit)
    .slice(0, searches)
  const found = starts
    .map((start) => climb(start, { space, merit, steps: [0.1, 5e-4] }))
    .reduce((a, b) => (b.merit > a.merit ? b : a))
  return valuesAt(space, climb(found, { space, merit, steps: [2.5e-4, 1e-6] }).point)
}

function isComplete(trial: ObservedTrial): trial is ObservedTrial & { readonly loss: number } {
  return trial.state === 'complete' && Number.isFinite(trial.loss)
}

type Rated = { readonly point: Float64Array; readonly merit: number }

/** Goes up along the dimensions, with steps that shrink; of a categorical one, to any choice. */
function climb(
  start: Rated,
  options: {
    readonly space: SearchSpace
    readonly merit: (point: Float64Array) => number
    /** Of the unit range; each is half of the one before. */
    readonly steps: readonly [first: number, last: number]
  },
): Rated {
  const { space, merit } = options
  const [first, last] = options.steps
  let at = start
  for (let step = first; step > last; step /= 2) {
    for (const [dimension, { domain }] of space.entries()) {
      const place = at.point[dimension]!
      const places =
        domain.kind === 'categorical'
          ? domain.choices.map((_, index) => (index + 0.5) / domain.choices.length)
          : [place - step, place + step]
      for (const moved of places) {
        const point = snapped(space, at.point.with(dimension, clamped(moved)))
        if (point.every((value, index) => value === at.point[index])) continue
        const there = { point, merit: merit(point) }
        if (there.merit > at.merit) at = there
      }
    }
  }
  return at
}

function nearPoints(point: Float64Array, random: SeededRandom): Float64Array[] {
  return Array.from({ length: nearDraws }, (_, draw) => {
    const deviation = 0.1 / 2 ** (draw % 5)
    return point.map((value) => clamped(value + deviation * drawNormal(random)))
  })
}

function clamped(unit: number): number {
  return Math.min(1 - 2 ** -32, Math.max(0, unit))
}

/** The point of the values that a point stands for: inactive parameters do not differ. */
function snapped(space: SearchSpace, point: Float64Array): Float64Array {
  return pointAt(space, valuesAt(space, point))
}

function pointAt(space: SearchSpace, parameters: TrialParameters): Float64Array {
  return Float64Array.from(unitsOf(space, parameters), (unit) => unit ?? 0.5)
}

function believing(
  process: GaussianProcess,
  { points, values, isCategorical }: Observations,
  running: readonly Float64Array[],
): GaussianProcess {
  if (running.length === 0) return process
  const believed = running.map((point) => process.posterior(point).mean)
  return process.conditionedOn({
    points: [...points, ...running],
    values: Float64Array.from([...values, ...believed]),
    isCategorical,
  })
}

/**
 * The process under the scale of losses on which they are most probable: log(loss - lowest + shift)
 * for one of a few shifts (a warped process; Snelson et al. 2004, "Warped Gaussian Processes", with
 * the transformation of Box and Cox 1964). So a few bad trials do not flatten the differences
 * between the good ones.
 */
function fitWarped(
  losses: readonly number[],
  others: Omit<Observations, 'values'>,
): { fitted: GaussianProcess; values: Float64Array } {
  const lowest = Math.min(...losses)
  const sorted = losses.toSorted((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)]! - lowest || 1
  const fits = shifts.map((shift) => {
    const logs = losses.map((loss) => Math.log((loss - lowest) / middle + shift))
    const { values, deviation } = standardised(logs)
    const { process: fitted, loss } = fitGaussianProcess({ ...others, values })
    // The change of scale belongs to the density of the losses.
    const change = logs.reduce((sum, each) => sum + each + Math.log(deviation), 0)
    return { fitted, values, loss: loss + change }
  })
  return fits.reduce((a, b) => (b.loss < a.loss ? b : a))
}

/** Of the median above the lowest loss: from nearly a logarithm to hardly a change. */
const shifts = [0.03, 0.3, 3, 100] as const

function standardised(losses: readonly number[]): { values: Float64Array; deviation: number } {
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length
  const variance = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / losses.length
  const deviation = Math.sqrt(variance) || 1
  const values = Float64Array.from(losses, (loss) => (loss - mean) / deviation)
  return { values, deviation }
}

/** The logarithm of z Φ(z) + φ(z), also where that is too small for a number. */
function logImprovement(z: number): number {
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI)
  if (z > -6) return Math.log(z * normalBelow(z) + density)
  // Asymptotic expansion: φ(z) / z² (1 - 3 / z² + 15 / z⁴ - 105 / z⁶).
  const square = z * z
  const tail = 1 - 3 / square + 15 / square ** 2 - 105 / square ** 3
  return -0.5 * square - 0.5 * Math.log(2 * Math.PI) - Math.log(square) + Math.log(tail)
}
