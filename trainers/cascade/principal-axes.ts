// Reduces vectors to their directions of largest variance (principal component analysis), by
// orthogonal iteration on the covariance matrix (Golub and Van Loan, Matrix Computations, 8.2.4).

/** Rows float32 [count, width], row-major. */
export type VectorRows = { readonly rows: Float32Array; readonly width: number }

/** After so many iterations the subspace has settled for the use as a start of a training. */
const iterations = 20

/**
 * The rows, centred and projected on the `axes` directions of largest variance, as float32 [count,
 * axes]. Fewer columns come back if the rows have fewer.
 */
export function principalAxes({ rows, width }: VectorRows, axes: number): VectorRows {
  const count = rows.length / width
  const kept = Math.min(axes, width)
  const mean = new Float64Array(width)
  for (let at = 0; at < rows.length; at++) mean[at % width]! += rows[at]! / count
  const covariance = covarianceOf({ rows, width }, mean)
  // The first unit vectors, of which none is orthogonal to the subspace but by accident.
  let basis = new Float64Array(kept * width)
  for (let axis = 0; axis < kept; axis++) {
    for (let d = 0; d < width; d++) basis[axis * width + d] = Math.cos((axis + 1) * (d + 0.5))
  }
  orthonormalize(basis, width)
  for (let turn = 0; turn < iterations; turn++) {
    basis = timesSymmetric(basis, covariance, width)
    orthonormalize(basis, width)
  }
  const projected = new Float32Array(count * kept)
  for (let row = 0; row < count; row++) {
    for (let axis = 0; axis < kept; axis++) {
      let sum = 0
      for (let d = 0; d < width; d++) {
        sum += (rows[row * width + d]! - mean[d]!) * basis[axis * width + d]!
      }
      projected[row * kept + axis] = sum
    }
  }
  return { rows: projected, width: kept }
}

/** float64 [width, width]. */
function covarianceOf({ rows, width }: VectorRows, mean: Float64Array): Float64Array {
  const covariance = new Float64Array(width * width)
  const centred = new Float64Array(width)
  for (let row = 0; row < rows.length / width; row++) {
    for (let d = 0; d < width; d++) centred[d] = rows[row * width + d]! - mean[d]!
    for (let i = 0; i < width; i++) {
      const value = centred[i]!
      for (let j = i; j < width; j++) covariance[i * width + j]! += value * centred[j]!
    }
  }
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < i; j++) covariance[i * width + j] = covariance[j * width + i]!
  }
  return covariance
}

/** Each row of `basis` float64 [axes, width] times the symmetric matrix. */
function timesSymmetric(
  basis: Float64Array,
  matrix: Float64Array,
  width: number,
): Float64Array<ArrayBuffer> {
  const product = new Float64Array(basis.length)
  for (let row = 0; row < basis.length; row += width) {
    for (let i = 0; i < width; i++) {
      const value = basis[row + i]!
      for (let j = 0; j < width; j++) product[row + j]! += value * matrix[i * width + j]!
    }
  }
  return product
}

/** Modified Gram-Schmidt on the rows, in place. */
function orthonormalize(basis: Float64Array, width: number): void {
  for (let row = 0; row < basis.length; row += width) {
    for (let other = 0; other < row; other += width) {
      let inner = 0
      for (let d = 0; d < width; d++) inner += basis[row + d]! * basis[other + d]!
      for (let d = 0; d < width; d++) basis[row + d]! -= inner * basis[other + d]!
    }
    let squares = 0
    for (let d = 0; d < width; d++) squares += basis[row + d]! ** 2
    const length = Math.sqrt(squares)
    for (let d = 0; d < width; d++) basis[row + d] = length === 0 ? 0 : basis[row + d]! / length
  }
}
