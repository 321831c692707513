// The WebAssembly instructions that quantise weights to int8: the largest element of each column,
// and rounding, over float32 matrices whose number of columns is a multiple of 16. adamw-kernel.ts
// computes the scales.
import {
  advance,
  advanced,
  end,
  f32x4,
  get,
  load,
  loop,
  narrowed,
  repeatBelow,
  set,
  store,
  tee,
  type,
  type Code,
  type WasmFunction,
} from './wasm-code.ts'

const { i32 } = type

/**
 * The exported functions:
 * - `maxima(matrix, matrixEnd, largest, largestEnd)` raises the largest absolute element of each
 *   column;
 * - `round(matrix, matrixEnd, factors, factorsEnd, bytes)` multiplies each column by its factor,
 *   rounds to the nearest integer, ties to even, and writes int8 elements.
 */
export const roundingFunctions: readonly WasmFunction[] = [
  {
    name: 'maxima',
    parameters: [i32, i32, i32, i32],
    results: [],
    locals: { addresses: 1, vectors: 0 },
    code: maxima(),
  },
  {
    name: 'round',
    parameters: [i32, i32, i32, i32, i32],
    results: [],
    locals: { addresses: 1, vectors: 0 },
    code: round(),
  },
]

/** Parameters: 0 matrix, 1 its end, 2 largest, 3 its end. Local: 4 address in `largest`. */
function maxima(): Code {
  return [
    ...loop,
    ...get(2),
    ...set(4),
    ...loop,
    ...get(4),
    ...get(4),
    ...load(),
    ...get(0),
    ...load(),
    ...f32x4.absolute,
    ...f32x4.maximum,
    ...store,
    ...advance(0),
    ...repeatBelow([...advanced(4), ...tee(4)], get(3)),
    ...repeatBelow(get(0), get(1)),
    end,
  ]
}

/**
 * Parameters: 0 matrix, 1 its end, 2 factors, 3 their end, 4 bytes. Local: 5 address in `factors`.
 */
function round(): Code {
  const fourAt = (offset: number): number[] => [
    ...get(0),
    ...load(offset),
    ...get(5),
    ...load(offset),
    ...f32x4.multiply,
    ...f32x4.nearest,
    ...narrowed.floatsToInt32,
  ]
  return [
    ...loop,
    ...get(2),
    ...set(5),
    ...loop,
    ...get(4),
    ...fourAt(0),
    ...fourAt(16),
    ...narrowed.int32ToInt16,
    ...fourAt(32),
    ...fourAt(48),
    ...narrowed.int32ToInt16,
    ...narrowed.int16ToInt8,
    ...store,
    ...advance(4),
    ...advance(0, 32),
    ...advance(0, 32),
    ...advance(5, 32),
    ...repeatBelow([...advanced(5, 32), ...tee(5)], get(3)),
    ...repeatBelow(get(0), get(1)),
    end,
  ]
}
