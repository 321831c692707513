// The WebAssembly module of adamw-kernel.ts, put together byte by byte, since it has two short functions
// and no compiler is needed to build Winnow. It owns their instructions; opcodes are those of the
// specification (https://webassembly.github.io/spec/core/binary/), SIMD ones with the prefix 0xfd.

const type = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const
const vector = (...code: number[]): number[] => [0xfd, ...code]
const get = (local: number): number[] => [0x20, local]
const set = (local: number): number[] => [0x21, local]
const tee = (local: number): number[] => [0x22, local]
/** Adds 16 to an address: the size of a vector. */
const advanced = (local: number): number[] => [...get(local), 0x41, 16, 0x6a]
const load = vector(0x00, 4, 0)
const store = vector(0x0b, 4, 0)
/** Operations on 4 float32. */
const f32x4 = {
  splat: vector(0x13),
  squareRoot: vector(0xe3, 1),
  add: vector(0xe4, 1),
  subtract: vector(0xe5, 1),
  multiply: vector(0xe6, 1),
  divide: vector(0xe7, 1),
} as const
/** Operations on 2 float64. */
const f64x2 = {
  promoteLow: vector(0x5f),
  add: vector(0xf0, 1),
  multiply: vector(0xf2, 1),
  lane: (lane: number): number[] => vector(0x21, lane),
} as const
/** The upper half of a vector in both halves. */
const upperHalf = vector(0x0d, ...[8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15])
const end = 0x0b
/** Opens a loop without a result; `repeatBelow` goes back to its start while a < b, unsigned. */
const loop = [0x03, 0x40]
const repeatBelow = (a: number[], b: number[]): number[] => [...a, ...b, 0x49, 0x0d, 0, end]

/**
 * A module that imports `kernel.memory` and exports two functions over float32 arrays, whose memory is
 * a multiple of 16 bytes long: `squares(first, end)` -> float64, and
 * `step(weight, gradient, first, second, weightEnd, factor, rate, kept, epsilon, beta1, beta2)`.
 */
export function kernelModule({ pagesMax }: { pagesMax: number }): Uint8Array {
  const shared = 3
  const memory = [...name('kernel'), ...name('memory'), 2, shared, 0, ...unsigned(pagesMax)]
  const { i32, f32, f64 } = type
  const addresses = [i32, i32, i32, i32, i32]
  const numbers = [f32, f32, f32, f32, f32, f32]
  const signatures = [
    [0x60, 2, i32, i32, 1, f64],
    [0x60, addresses.length + numbers.length, ...addresses, ...numbers, 0],
  ]
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [2, ...signatures.flat()]),
    ...section(2, [1, ...memory]),
    ...section(3, [2, 0, 1]),
    ...section(7, [2, ...name('squares'), 0, 0, ...name('step'), 0, 1]),
    ...section(10, [2, ...body(4, squares()), ...body(9, adamStep())]),
  ])
}

/** Parameters: 0 address, 1 end. Vectors: 2 elements, 3 and 4 sums of two, 5 two of them wide. */
function squares(): number[] {
  const addSquares = (sum: number): number[] => [
    ...[...tee(5), ...get(5), ...f64x2.multiply],
    ...[...get(sum), ...f64x2.add, ...set(sum)],
  ]
  return [
    ...loop,
    ...[...get(0), ...load, ...tee(2), ...f64x2.promoteLow, ...addSquares(3)],
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
function adamStep(): number[] {
  const { splat, squareRoot, add, subtract, multiply, divide } = f32x4
  const at = (address: number): number[] => [...get(address), ...load]
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
    ...[1, 2, 3].flatMap((address) => [...advanced(address), ...set(address)]),
    ...repeatBelow([...advanced(0), ...tee(0)], get(4)),
    end,
  ]
}

/** A function's code with local variables that are vectors. */
function body(vectors: number, code: readonly number[]): number[] {
  const all = [1, vectors, type.v128, ...code]
  return [...unsigned(all.length), ...all]
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text, 'ascii')]
}

/** LEB128. */
function unsigned(number: number): number[] {
  const low = number & 0x7f
  return number < 0x80 ? [low] : [low | 0x80, ...unsigned(number >>> 7)]
}
