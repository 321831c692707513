// An approximate inverse Hessian for logistic regression, from a random sketch of the features'
// covariance (Frangella, Tropp and Udell 2023, "Randomized Nyström preconditioning", SIAM J. Matrix
// Anal. Appl. 44). It computes with small matrices only; logistic-preconditioner.ts multiplies by
// the features.
import { seededRandom } from '../../models/runtime/seeded-random.ts'

/** The covariance in the directions where it is large, and its mean elsewhere. */
export type CurvatureSketch = {
  /** Orthonormal columns, float32 [width, rank] row-major. */
  readonly basis: Float32Array
  /** The transpose of `basis`, float32 [rank, width]. */
  readonly basisTransposed: Float32Array
  readonly rank: number
  /** basis^T covariance basis: float64 [rank, rank]. */
  readonly core: Float64Array
  /** The mean of the covariance's eigenvalues outside the basis. */
  readonly rest: number
}

/** The number of sketched directions. With 128, as with 512, 2,689 features need half the steps. */
const rankMax = 128
/**
 * A direction is dropped if orthogonalisation leaves less than this fraction of its length, because
 * it depends linearly on the earlier ones.
 */
const independentFractionMin = 1e-4
/**
 * The seed is fixed because the sketch only needs some randomness: any seed gives the same minimum.
 */
const seed = 1

/**
 * Sketches a covariance [width, width] that is known only through products with it.
 *
 * @param covariance.times multiplies the covariance by float32 [width, rank].
 * @param covariance.trace the sum of the covariance's eigenvalues.
 */
export async function sketchCurvature(covariance: {
  readonly width: number
  readonly trace: number
  readonly times: (columns: Float32Array, rank: number) => Promise<Float32Array>
}): Promise<CurvatureSketch> {
  const { width, trace, times } = covariance
  const probes = Math.min(rankMax, width)
  const random = seededRandom(seed)
  // The sum of three uniform numbers is close enough to a normal distribution here.
  const normal = (): number => (random.uint32() + random.uint32() + random.uint32()) / 2 ** 32 - 1.5
  const start = Float32Array.from({ length: width * probes }, normal)
  const { basis, basisTransposed, rank } = orthonormal(await times(start, probes), width)
  const image = await times(basis, rank)
  const core = new Float64Array(rank * rank)
  for (let i = 0; i < width; i++) {
    for (let a = 0; a < rank; a++) {
      const left = basis[i * rank + a]!
      for (let b = 0; b <= a; b++) {
        core[a * rank + b] = core[a * rank + b]! + left * image[i * rank + b]!
      }
    }
  }
  let inside = 0
  for (let a = 0; a < rank; a++) {
    inside += core[a * rank + a]!
    for (let b = 0; b < a; b++) core[b * rank + a] = core[a * rank + b]!
  }
  const rest = width > rank ? Math.max(0, trace - inside) / (width - rank) : 0
  return { basis, basisTransposed, rank, core, rest }
}

/**
 * The inverse of curvature * covariance + penalty * I, as outside * I + Q inner Q^T for the basis Q
 * and `inner` float32 [rank, rank]. It is outside (I - Q Q^T) + Q (curvature core + penalty)^-1
 * Q^T.
 */
export function inverseCurvature(
  { core, rank, rest }: CurvatureSketch,
  { curvature, penalty }: { curvature: number; penalty: number },
): { outside: number; inner: Float32Array } {
  const shifted = core.map((value) => curvature * value)
  for (let a = 0; a < rank; a++) {
    shifted[a * rank + a] = shifted[a * rank + a]! + penalty
  }
  const outside = 1 / (curvature * rest + penalty)
  const inner = Float32Array.from(inverseOf(shifted, rank))
  for (let a = 0; a < rank; a++) inner[a * rank + a] = inner[a * rank + a]! - outside
  return { outside, inner }
}

/** Gram-Schmidt over the columns of float32 [width, probes], done twice because of rounding. */
function orthonormal(
  columns: Float32Array,
  width: number,
): Pick<CurvatureSketch, 'basis' | 'basisTransposed' | 'rank'> {
  const probes = columns.length / width
  const found: Float64Array[] = []
  for (let probe = 0; probe < probes; probe++) {
    const column = Float64Array.from({ length: width }, (_, i) => columns[i * probes + probe]!)
    const before = length(column)
    for (let pass = 0; pass < 2; pass++) {
      for (const other of found) {
        let product = 0
        for (let i = 0; i < width; i++) product += other[i]! * column[i]!
        for (let i = 0; i < width; i++) column[i] = column[i]! - product * other[i]!
      }
    }
    const left = length(column)
    if (!(left > independentFractionMin * before)) continue
    found.push(column.map((value) => value / left))
  }
  const rank = found.length
  const basis = new Float32Array(width * rank)
  const basisTransposed = new Float32Array(width * rank)
  for (const [a, column] of found.entries()) {
    basisTransposed.set(column, a * width)
    for (let i = 0; i < width; i++) basis[i * rank + a] = column[i]!
  }
  return { basis, basisTransposed, rank }
}

function length(column: Float64Array): number {
  let squares = 0
  for (const value of column) squares += value * value
  return Math.sqrt(squares)
}

/** The inverse of a symmetric positive definite matrix, float64 [size, size], by Gauss-Jordan. */
function inverseOf(matrix: Float64Array, size: number): Float64Array {
  const inverse = matrix.slice()
  for (let pivot = 0; pivot < size; pivot++) {
    const scale = 1 / inverse[pivot * size + pivot]!
    inverse[pivot * size + pivot] = 1
    for (let j = 0; j < size; j++) inverse[pivot * size + j] = inverse[pivot * size + j]! * scale
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue
      const factor = inverse[row * size + pivot]!
      inverse[row * size + pivot] = 0
      for (let j = 0; j < size; j++) {
        inverse[row * size + j] = inverse[row * size + j]! - factor * inverse[pivot * size + j]!
      }
    }
  }
  return inverse
}
