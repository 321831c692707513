// Words for putting a WebAssembly module together byte by byte, since Winnow's has a few short
// functions and no compiler is needed to build it. Opcodes are those of the specification
// (https://webassembly.github.io/spec/core/binary/), SIMD ones with the prefix 0xfd. It owns the
// encoding; the functions are adamw-module.ts and rounding-module.ts.

/** Bytes of a module, of a part of one, or of instructions. */
export type Code = readonly number[]

export const type = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const
export const end = 0x0b

const vector = (...code: number[]): number[] => [0xfd, ...code]

export const get = (local: number): number[] => [0x20, local]
export const set = (local: number): number[] => [0x21, local]
export const tee = (local: number): number[] => [0x22, local]

/** A vector of 16 bytes at an address on the stack, `offset` (below 128) bytes further on. */
export const load = (offset = 0): number[] => vector(0x00, 4, offset)
export const store = vector(0x0b, 4, 0)

/** The address in a local and `bytes` (below 64): by default the next vector's. */
export const advanced = (local: number, bytes = 16): number[] => [...get(local), 0x41, bytes, 0x6a]

/** Adds that to the local. */
export const advance = (local: number, bytes = 16): number[] => [
  ...advanced(local, bytes),
  ...set(local),
]

/** Operations on 4 float32. */
export const f32x4 = {
  splat: vector(0x13),
  nearest: vector(0x6a),
  absolute: vector(0xe0, 1),
  squareRoot: vector(0xe3, 1),
  add: vector(0xe4, 1),
  subtract: vector(0xe5, 1),
  multiply: vector(0xe6, 1),
  divide: vector(0xe7, 1),
  maximum: vector(0xe9, 1),
} as const

/** Operations on 2 float64. */
export const f64x2 = {
  promoteLow: vector(0x5f),
  add: vector(0xf0, 1),
  multiply: vector(0xf2, 1),
  lane: (lane: number): number[] => vector(0x21, lane),
} as const

/** To narrower whole numbers; what is out of range becomes the nearest that is in it. */
export const narrowed = {
  floatsToInt32: vector(0xf8, 1),
  int32ToInt16: vector(0x85, 1),
  int16ToInt8: vector(0x65),
} as const

/** The upper half of a vector in both halves. */
export const upperHalf = vector(
  0x0d,
  ...[8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15],
)

/** Opens a loop without a result; `repeatBelow` goes back to its start while a < b, unsigned. */
export const loop: Code = [0x03, 0x40]
export const repeatBelow = (a: Code, b: Code): number[] => [...a, ...b, 0x49, 0x0d, 0, end]

/** A function to export. `code` ends in `end`. */
export type WasmFunction = {
  readonly name: string
  readonly parameters: readonly number[]
  readonly results: readonly number[]
  /** Local variables behind the parameters: addresses first, then vectors. */
  readonly locals: { readonly addresses?: number; readonly vectors: number }
  readonly code: Code
}

/** A module that imports the shared memory `kernel.memory` and exports the functions. */
export function wasmModule(
  functions: readonly WasmFunction[],
  { pagesMax }: { pagesMax: number },
): Uint8Array {
  const shared = 3
  const memory = [...name('kernel'), ...name('memory'), 2, shared, 0, ...unsigned(pagesMax)]
  const signatures = functions.flatMap(({ parameters, results }) => [
    0x60,
    parameters.length,
    ...parameters,
    results.length,
    ...results,
  ])
  const count = functions.length
  return Uint8Array.from([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(1, [count, ...signatures]),
    ...section(2, [1, ...memory]),
    ...section(3, [count, ...functions.keys()]),
    ...section(7, [count, ...functions.flatMap((one, index) => [...name(one.name), 0, index])]),
    ...section(10, [count, ...functions.flatMap((one) => body(one))]),
  ])
}

function body({ locals: { addresses = 0, vectors }, code }: WasmFunction): number[] {
  const groups = [
    ...(addresses === 0 ? [] : [[addresses, type.i32]]),
    ...(vectors === 0 ? [] : [[vectors, type.v128]]),
  ]
  const all = [groups.length, ...groups.flat(), ...code]
  return [...unsigned(all.length), ...all]
}

function section(id: number, content: Code): number[] {
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
