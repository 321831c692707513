// The WebAssembly instructions of AdamW: the update and the sum of squares, each in one pass over
// float32 arrays whose memory is a multiple of 16 bytes long. adamw.ts explains the algorithm.
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
 * The exported functions:
 * - `squares(first, end)` -> float64, the sum of squares;
 * - `step(weight, gradient, first, second, weightEnd, factor, rate, decayFactor, epsilon, beta1,
 *   beta2)`, one update;
 * - `stepMaxima(…, largest, largestEnd)`, which also raises the largest absolute element of each
 *   column of the new weight.
 */
export const adamFunctions: readonly WasmFunction[] = [
  {
    name: 'squares',
    parameters: [i32, i32],
    results: [f64],
    locals: { vectors: 4 },
    code: squares(),
  },
  {
    name: 'step',
    parameters: [i32, i32, i32, i32, i32, f32, f32, f32, f32, f32, f32],
    results: [],
    locals: { addresses: 1, vectors: 10 },
    code: stepOverAll(),
  },
  {
    name: 'stepMaxima',
    parameters: [i32, i32, i32, i32, i32, f32, f32, f32, f32, f32, f32, i32, i32],
    results: [],
    locals: { addresses: 1, vectors: 10 },
    code: stepOverColumns(),
  },
]

/**
 * Parameters: 0 address, 1 end. Vectors: 2 four elements; 3 and 4 sums of two float64 each; 5 two
 * elements as float64.
 */
function squares(): Code {
  const addSquares = (sum: number): number[] => [
    ...tee(5),
    ...get(5),
    ...f64x2.multiply,
    ...get(sum),
    ...f64x2.add,
    ...set(sum),
  ]
  return [
    ...loop,
    ...get(0),
    ...load(),
    ...tee(2),
    ...f64x2.promoteLow,
    ...addSquares(3),
    ...get(2),
    ...get(2),
    ...upperHalf,
    ...f64x2.promoteLow,
    ...addSquares(4),
    ...repeatBelow([...advanced(0), ...tee(0)], get(1)),
    ...get(3),
    ...get(4),
    ...f64x2.add,
    ...tee(3),
    ...f64x2.lane(0),
    ...get(3),
    ...f64x2.lane(1),
    0xa0,
    end,
  ]
}

/** The index of a step's address local, and of its first vector local, after the parameters. */
type StepLocals = { readonly column: number; readonly vectors: number }

/** Parameters: 4 end of the weight; the others as in `spreadNumbers` and `fourWeights`. */
function stepOverAll(): Code {
  const locals = { column: 11, vectors: 12 }
  return [
    ...spreadNumbers(locals),
    ...loop,
    ...fourWeights(locals),
    ...repeatBelow(get(0), get(4)),
    end,
  ]
}

/** As `stepOverAll`, with parameters 11 (largest elements of columns) and 12 (their end). */
function stepOverColumns(): Code {
  const locals = { column: 13, vectors: 14 }
  const { column } = locals
  const weight = locals.vectors + 9
  return [
    ...spreadNumbers(locals),
    ...loop,
    ...get(11),
    ...set(column),
    ...loop,
    ...fourWeights(locals),
    ...get(column),
    ...get(column),
    ...load(),
    ...get(weight),
    ...f32x4.absolute,
    ...f32x4.maximum,
    ...store,
    ...repeatBelow([...advanced(column), ...tee(column)], get(12)),
    ...repeatBelow(get(0), get(4)),
    end,
  ]
}

/**
 * Fills vectors 0 to 5 with four copies each of parameters 5 factor, 6 rate, 7 decay factor,
 * 8 epsilon, 9 beta1 and 10 beta2.
 */
function spreadNumbers({ vectors }: StepLocals): Code {
  const numbers = [5, 6, 7, 8, 9, 10]
  return numbers.flatMap((number, i) => [...get(number), ...f32x4.splat, ...set(vectors + i)])
}

/**
 * Updates four weights and advances the addresses. Parameters: addresses of 0 weight, 1 gradient,
 * 2 first, 3 second. Vectors: 6 gradient, 7 first, 8 second, 9 the new weights.
 */
function fourWeights({ vectors }: StepLocals): Code {
  const { squareRoot, add, subtract, multiply, divide } = f32x4
  const at = (address: number): number[] => [...get(address), ...load()]
  const [factor, rate, decayFactor, epsilon, beta1, beta2] = [0, 1, 2, 3, 4, 5].map((i) =>
    get(vectors + i),
  )
  const [gradient, first, second, weight] = [6, 7, 8, 9].map((i) => vectors + i) as [
    ...[number, number, number, number],
  ]
  return [
    // gradient = gradient factor
    ...at(1),
    ...factor!,
    ...multiply,
    ...set(gradient),
    // first = first beta1 + gradient
    ...get(2),
    ...at(2),
    ...beta1!,
    ...multiply,
    ...get(gradient),
    ...add,
    ...tee(first),
    ...store,
    // second = second beta2 + gradient gradient
    ...get(3),
    ...at(3),
    ...beta2!,
    ...multiply,
    ...get(gradient),
    ...get(gradient),
    ...multiply,
    ...add,
    ...tee(second),
    ...store,
    // weight = weight decayFactor - first / (sqrt(second) + epsilon) rate
    ...get(0),
    ...at(0),
    ...decayFactor!,
    ...multiply,
    ...get(first),
    ...get(second),
    ...squareRoot,
    ...epsilon!,
    ...add,
    ...divide,
    ...rate!,
    ...multiply,
    ...subtract,
    ...tee(weight),
    ...store,
    ...[0, 1, 2, 3].flatMap((address) => advance(address)),
  ]
}
