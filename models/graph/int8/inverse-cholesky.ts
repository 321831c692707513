// The matrix that GPTQ rounds with: the upper Cholesky factor of the inverse of second moments.
import assert from 'node:assert/strict'

/**
 * The upper triangular U, float64 [size, size] row-major, with (moments + d I)^-1 = U^T U, where d
 * is `damping` times the mean of the diagonal. `moments` is symmetric, float32 [size, size].
 */
export function inverseCholesky(
  moments: Float32Array,
  { size, damping }: { size: number; damping: number },
): Float64Array {
  assert.equal(moments.length, size * size)
  let trace = 0
  for (let i = 0; i < size; i++) trace += moments[i * size + i]!
  const added = (damping * trace) / size || 1
  // With the order of rows and columns reversed, M = L L^T. Then M^-1 = L^-T L^-1, and reversing
  // L^-1 again gives the upper factor of the inverse.
  const lower = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    const row = i * size
    for (let j = 0; j <= i; j++) {
      const column = j * size
      let sum = moments[(size - 1 - i) * size + (size - 1 - j)]! + (i === j ? added : 0)
      for (let k = 0; k < j; k++) sum -= lower[row + k]! * lower[column + k]!
      lower[row + j] = i === j ? Math.sqrt(Math.max(sum, added * 1e-6)) : sum / lower[column + j]!
    }
  }
  const upper = new Float64Array(size * size)
  const solved = new Float64Array(size)
  // Column by column, L X = I by forward substitution.
  for (let column = 0; column < size; column++) {
    solved.fill(0)
    for (let i = column; i < size; i++) {
      let sum = i === column ? 1 : 0
      for (let k = column; k < i; k++) sum -= lower[i * size + k]! * solved[k]!
      solved[i] = sum / lower[i * size + i]!
      upper[(size - 1 - i) * size + (size - 1 - column)] = solved[i]!
    }
  }
  return upper
}
