// A small assembler for WebAssembly modules, so that building Winnow needs no compiler. It owns the
// encoding (https://webassembly.github.io/spec/core/binary/; SIMD opcodes have the prefix 0xfd).
// The functions are in adamw-module.ts and rounding-module.ts.

/** Bytes of instructions or of another part of a module. */
export type Code = readonly number[]

/** Value types. */
export const type = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const
/** Ends a function or a block. */
export const end = 0x0b

const vector = (...code: number[]): number[] => [0xfd, ...code]

/** Pushes a local. */
export const get = (local: number): number[] => [0x20, local]
/** Pops a value into a local. */
export const set = (local: number): number[] => [0x21, local]
/** Copies the top of the stack into a local. */
export const tee = (local: number): number[] => [0x22, local]

/** Pops an address and pushes the 16-byte vector that lies `offset` (below 128) bytes after it. */
export const load = (offset = 0): number[] => vector(0x00, 4, offset)
/** Pops a vector and an address, and writes the vector there. */
export const store = vector(0x0b, 4, 0)

/** Pushes the address in a local plus `bytes` (below 64); the default is one vector. */
export const advanced = (local: number, bytes = 16): number[] => [...get(local), 0x41, bytes, 0x6a]

/** Adds `bytes` (below 64) to the address in a local. */
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

/** Saturating conversions to narrower integers. */
export const narrowed = {
  floatsToInt32: vector(0xf8, 1),
  int32ToInt16: vector(0x85, 1),
  int16ToInt8: vector(0x65),
} as const

/** Copies the upper half of a vector into both halves. */
export const upperHalf = vector(
  0x0d,
  ...[8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15],
)

/** Opens a loop without a result. */
export const loop: Code = [0x03, 0x40]
/** Repeats the innermost loop while a < b (unsigned), then ends it. */
export const repeatBelow = (a: Code, b: Code): number[] => [...a, ...b, 0x49, 0x0d, 0, end]

/** A function to export; its `code` ends with `end`. */
export type WasmFunction = {
  readonly name: string
  readonly parameters: readonly number[]
  readonly results: readonly number[]
  /** The number of local variables after the parameters: addresses first, then vectors. */
  readonly locals: { readonly addresses?: number; readonly vectors: number }
  readonly code: Code
}

/** The bytes of a module that imports the shared memory `kernel.memory` and exports `functions`. */
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

/** Unsigned LEB128. */
function unsigned(number: number): number[] {
  const low = number & 0x7f
  return number < 0x80 ? [low] : [low | 0x80, ...unsigned(number >>> 7)]
}
