// Rounds the weights of a small model to int8, each row with a scale of its own.
import type { RowWeights } from '../../models/cascade/small-model.ts'

/** The rows of float32 [rows, width]; a row differs by at most half of 1/127 of its largest. */
export function quantizedRows(rows: Float32Array, width: number): RowWeights {
  const count = rows.length / width
  const scales = new Float32Array(count)
  const weights = new Int8Array(rows.length)
  for (let row = 0; row < count; row++) {
    let largest = 0
    for (let at = row * width; at < (row + 1) * width; at++) {
      largest = Math.max(largest, Math.abs(rows[at]!))
    }
    scales[row] = largest / 127
    const scale = scales[row]!
    if (scale === 0) continue
    for (let at = row * width; at < (row + 1) * width; at++) {
      weights[at] = Math.max(-127, Math.min(127, Math.round(rows[at]! / scale)))
    }
  }
  return { weights, scales }
}
