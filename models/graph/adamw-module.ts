// What AdamW needs of WebAssembly: a step of the update and the sum of squares, each in one pass over float32
// arrays whose memory is a multiple of 16 bytes long. It owns their instructions.
import {
  advance,
  advanced,
  end,
  f32x4,
  f64x2,
  get,
  load,
  loop,
  repeatBelow,
  set,
  store,
  tee,
  type,
  upperHalf,
  type Code,
  type WasmFunction,
} from './wasm-code.ts'

const { i32, f32, f64 } = type

/**
 * `squares(first, end)` -> float64, and
 * `step(weight, gradient, first, second, weightEnd, factor, rate, kept, epsilon, beta1, beta2)`.
 */
export const adamFunctions: readonly WasmFunction[] = [
  {
    ...{ name: 'squares', parameters: [i32, i32], results: [f64] },
    ...{ locals: { vectors: 4 }, code: squares() },
  },
  {
    name: 'step',
    parameters: [i32, i32, i32, i32, i32, f32, f32, f32, f32, f32, f32],
    ...{ results: [], locals: { vectors: 9 }, code: adamStep() },
  },
]

/** Parameters: 0 address, 1 end. Vectors: 2 elements, 3 and 4 sums of two, 5 two of them wide. */
function squares(): Code {
  const addSquares = (sum: number): number[] => [
    ...[...tee(5), ...get(5), ...f64x2.multiply],
    ...[...get(sum), ...f64x2.add, ...set(sum)],
  ]
  return [
    ...loop,
    ...[...get(0), ...load(), ...tee(2), ...f64x2.promoteLow, ...addSquares(3)],
    ...[...get(2), ...get(2), ...upperHalf, ...f64x2.promoteLow, ...addSquares(4)],
    ...repeatBelow([...advanced(0), ...tee(0)], get(1)),
    ...[...get(3), ...get(4), ...f64x2.add, ...tee(3), ...f64x2.lane(0)],
    ...[...get(3), ...f64x2.lane(1), 0xa0, end],
  ]
}

/**
 * Parameters: 0 weight, 1 gradient, 2 first, 3 second (addresses), 4 end of the weight, 5 factor,
 * 6 rate, 7 kept, 8 epsilon, 9 beta1, 10 beta2. Vectors: 11 to 16 those numbers four times each,
 * 17 gradient, 18 first, 19 second.
 */
function adamStep(): Code {
  const { splat, squareRoot, add, subtract, multiply, divide } = f32x4
  const at = (address: number): number[] => [...get(address), ...load()]
  const numbers = [5, 6, 7, 8, 9, 10]
  return [
    ...numbers.flatMap((number) => [...get(number), ...splat, ...set(number + 6)]),
    ...loop,
    // gradient = gradient factor
    ...[...at(1), ...get(11), ...multiply, ...set(17)],
    // first = first beta1 + gradient
    ...[...get(2), ...at(2), ...get(15), ...multiply, ...get(17), ...add, ...tee(18), ...store],
    // second = second beta2 + gradient gradient
    ...[...get(3), ...at(3), ...get(16), ...multiply],
    ...[...get(17), ...get(17), ...multiply, ...add, ...tee(19), ...store],
    // weight = weight kept - first / (root of second + epsilon) rate
    ...[...get(0), ...at(0), ...get(13), ...multiply],
    ...[...get(18), ...get(19), ...squareRoot, ...get(14), ...add, ...divide, ...get(12)],
    ...[...multiply, ...subtract, ...store],
    ...[1, 2, 3].flatMap((address) => advance(address)),
    ...repeatBelow([...advanced(0), ...tee(0)], get(4)),
    end,
  ]
}
