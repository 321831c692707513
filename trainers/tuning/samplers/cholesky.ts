// Small dense linear algebra on symmetric positive definite matrices, float64 [n, n] row-major.

/**
 * The lower triangle L with L Lᵀ = `matrix`, zeros above. Undefined when the matrix is not positive
 * definite.
 */
export function cholesky(matrix: Float64Array, n: number): Float64Array | undefined {
  const lower = new Float64Array(n * n)
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * n + column]!
      for (let k = 0; k < column; k++) sum -= lower[row * n + k]! * lower[column * n + k]!
      if (row === column) {
        if (!(sum > 0)) return undefined
        lower[row * n + row] = Math.sqrt(sum)
      } else {
        lower[row * n + column] = sum / lower[column * n + column]!
      }
    }
  }
  return lower
}

/** Solves L x = `right`, float64 [n]. */
export function solveLower(lower: Float64Array, right: Float64Array): Float64Array {
  const n = right.length
  const solved = new Float64Array(n)
  for (let row = 0; row < n; row++) {
    let sum = right[row]!
    for (let k = 0; k < row; k++) sum -= lower[row * n + k]! * solved[k]!
    solved[row] = sum / lower[row * n + row]!
  }
  return solved
}

/** Solves Lᵀ x = `right`, float64 [n]. */
export function solveUpper(lower: Float64Array, right: Float64Array): Float64Array {
  const n = right.length
  const solved = new Float64Array(n)
  for (let row = n - 1; row >= 0; row--) {
    let sum = right[row]!
    for (let k = row + 1; k < n; k++) sum -= lower[k * n + row]! * solved[k]!
    solved[row] = sum / lower[row * n + row]!
  }
  return solved
}

/** The inverse of L Lᵀ, float64 [n, n]. */
export function inverseOf(lower: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n)
  const column = new Float64Array(n)
  for (let at = 0; at < n; at++) {
    // Above `at` the column of L⁻¹ is zero, and the inverse is symmetric.
    for (let row = at; row < n; row++) {
      let sum = row === at ? 1 : 0
      for (let k = at; k < row; k++) sum -= lower[row * n + k]! * column[k]!
      column[row] = sum / lower[row * n + row]!
    }
    for (let row = n - 1; row >= at; row--) {
      const value = column[row]! / lower[row * n + row]!
      for (let k = at; k < row; k++) column[k] = column[k]! - lower[row * n + k]! * value
      inverse[row * n + at] = value
      inverse[at * n + row] = value
    }
  }
  return inverse
}
