// A Gaussian process over the unit cube: the kernel of Matérn with ν = 5/2 and a length scale per
// dimension, whose parameters are the most probable ones given the observations (Rasmussen and
// Williams 2006, "Gaussian Processes for Machine Learning", 5.4). What is sought with it is gp.ts.
import { minimizeBfgs, type Slope } from './bfgs.ts'
import { cholesky, inverseOf, solveLower, solveUpper } from './cholesky.ts'

/** Points, and the standardised value at each. */
export type Observations = {
  readonly points: readonly Float64Array[]
  readonly values: Float64Array
  /** Dimensions in which points are equal or not, instead of near. */
  readonly isCategorical: readonly boolean[]
}

export type GaussianProcess = {
  readonly posterior: (point: Float64Array) => { mean: number; deviation: number }
  /** The same kernel with other observations. */
  readonly conditionedOn: (observations: Observations) => GaussianProcess
}

type Kernel = {
  readonly lengths: Float64Array
  readonly scale: number
  readonly noise: number
}

/** Keeps the matrix positive definite. */
const noiseMin = 1e-8

/**
 * Fits the kernel, deterministically. Takes time in proportion to the cube of the observations.
 * `loss` is minus the logarithm of the density of values and kernel, up to a constant.
 */
export function fitGaussianProcess(observations: Observations): {
  readonly process: GaussianProcess
  readonly loss: number
} {
  const dimensions = observations.isCategorical.length
  const differences = squaredDifferences(observations)
  const start = new Float64Array(dimensions + 2)
  start.fill(Math.log(0.5), 0, dimensions)
  start[dimensions + 1] = Math.log(1e-2)
  const { point, value: loss } = minimizeBfgs(
    (logs) => lossOfKernel(logs, { observations, differences }),
    start,
    { iterationsMax: 50, gradientMax: 1e-2 },
  )
  return { process: processOf(kernelOf(point), observations), loss }
}

/** Logarithms of the length scales, the variance and the noise. */
function kernelOf(logs: Float64Array): Kernel {
  const dimensions = logs.length - 2
  return {
    lengths: logs.slice(0, dimensions).map(Math.exp),
    scale: Math.exp(logs[dimensions]!),
    noise: noiseMin + Math.exp(logs[dimensions + 1]!),
  }
}

function processOf(kernel: Kernel, observations: Observations): GaussianProcess {
  const { points, values, isCategorical } = observations
  const n = points.length
  const squares = squaredDifferences(observations)
  const lower = cholesky(covariance(kernel, squares, n), n)
  if (lower === undefined) {
    return processOf({ ...kernel, noise: kernel.noise * 10 }, observations)
  }
  const weights = solveUpper(lower, solveLower(lower, values))
  return {
    posterior(point) {
      const covariances = Float64Array.from(points, (other) => {
        const distance = kernel.lengths.reduce((sum, length, dimension) => {
          const [a, b] = [point[dimension]!, other[dimension]!]
          return sum + squareOf(a, b, isCategorical[dimension]!) / length ** 2
        }, 0)
        return kernel.scale * matern(distance)
      })
      const mean = covariances.reduce((sum, value, index) => sum + value * weights[index]!, 0)
      const explained = solveLower(lower, covariances).reduce((sum, value) => sum + value ** 2, 0)
      return { mean, deviation: Math.sqrt(Math.max(kernel.scale - explained, 1e-12)) }
    },
    conditionedOn: (others) => processOf(kernel, others),
  }
}

/** Minus the logarithm of the posterior density of the kernel, and its gradient. */
function lossOfKernel(
  logs: Float64Array,
  { observations, differences }: { observations: Observations; differences: Float64Array[] },
): Slope {
  const { values } = observations
  const n = values.length
  const dimensions = logs.length - 2
  const kernel = kernelOf(logs)
  const lower = cholesky(covariance(kernel, differences, n), n)
  const gradient = new Float64Array(logs.length)
  if (lower === undefined) return { value: Infinity, gradient }
  const solved = solveLower(lower, values)
  const weights = solveUpper(lower, solved)
  const inverse = inverseOf(lower, n)
  let value = 0.5 * solved.reduce((sum, each) => sum + each ** 2, 0)
  for (let row = 0; row < n; row++) {
    value += Math.log(lower[row * n + row]!)
    // Half the trace of (K⁻¹ - w wᵀ) dK; off the diagonal, each pair counts twice.
    const outer = 0.5 * (inverse[row * n + row]! - weights[row]! ** 2)
    gradient[dimensions] = gradient[dimensions]! + outer * kernel.scale
    gradient[dimensions + 1] = gradient[dimensions + 1]! + outer * (kernel.noise - noiseMin)
    for (let column = 0; column < row; column++) {
      const at = row * n + column
      const pair = inverse[at]! - weights[row]! * weights[column]!
      const distance = distanceAt(kernel, differences, at)
      const root = Math.sqrt(5 * distance)
      gradient[dimensions] = gradient[dimensions] + pair * kernel.scale * matern(distance)
      const slope = pair * kernel.scale * (5 / 3) * (1 + root) * Math.exp(-root)
      for (let dimension = 0; dimension < dimensions; dimension++) {
        const scaled = differences[dimension]![at]! / kernel.lengths[dimension]! ** 2
        gradient[dimension] = gradient[dimension]! + slope * scaled
      }
    }
  }
  return { value: value + addPriors(logs, gradient), gradient }
}

/**
 * Adds the gradient of minus the logarithm of the priors, and gives its value. Length scales are
 * log-normal and grow with the root of the dimensions (Hvarfner et al. 2024, arXiv:2402.02229);
 * variance and noise have the gamma priors of Optuna 5: (2, 1) and (1.1, 30).
 */
function addPriors(logs: Float64Array, gradient: Float64Array): number {
  const dimensions = logs.length - 2
  const middle = Math.SQRT2 + Math.log(dimensions) / 2
  let value = 0
  for (let dimension = 0; dimension < dimensions; dimension++) {
    const away = logs[dimension]! - middle
    value += logs[dimension]! + away ** 2 / 6
    gradient[dimension] = gradient[dimension]! + 1 + away / 3
  }
  const gammas = [
    { at: dimensions, shape: 2, rate: 1 },
    { at: dimensions + 1, shape: 1.1, rate: 30 },
  ]
  for (const { at, shape, rate } of gammas) {
    const number = Math.exp(logs[at]!)
    value += rate * number - (shape - 1) * logs[at]!
    gradient[at] = gradient[at]! + rate * number - (shape - 1)
  }
  return value
}

/** Float64 [n, n] for each dimension; filled below the diagonal. */
function squaredDifferences({ points, isCategorical }: Observations): Float64Array[] {
  const n = points.length
  return isCategorical.map((isEqualOrNot, dimension) => {
    const squares = new Float64Array(n * n)
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < row; column++) {
        const [a, b] = [points[row]![dimension]!, points[column]![dimension]!]
        squares[row * n + column] = squareOf(a, b, isEqualOrNot)
      }
    }
    return squares
  })
}

function squareOf(a: number, b: number, isEqualOrNot: boolean): number {
  if (isEqualOrNot) return a === b ? 0 : 1
  return (a - b) ** 2
}

function distanceAt(kernel: Kernel, differences: readonly Float64Array[], at: number): number {
  let sum = 0
  for (let dimension = 0; dimension < differences.length; dimension++) {
    sum += differences[dimension]![at]! / kernel.lengths[dimension]! ** 2
  }
  return sum
}

/** The lower triangle of the covariances of the observations, noise included. */
function covariance(kernel: Kernel, differences: readonly Float64Array[], n: number): Float64Array {
  const matrix = new Float64Array(n * n)
  for (let row = 0; row < n; row++) {
    matrix[row * n + row] = kernel.scale + kernel.noise
    for (let column = 0; column < row; column++) {
      const at = row * n + column
      matrix[at] = kernel.scale * matern(distanceAt(kernel, differences, at))
    }
  }
  return matrix
}

/** The correlation at a squared distance. */
function matern(distance: number): number {
  const root = Math.sqrt(5 * distance)
  return (1 + root + (5 / 3) * distance) * Math.exp(-root)
}
