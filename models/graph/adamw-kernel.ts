// AdamW and the gradient norm in one pass each over the weights, as WebAssembly with 128-bit SIMD. It owns
// the memory in which weights, moments and gradients lie for it, and the bytes of its two functions.
// The same update as nodes of a graph (adamw.ts) takes 14 passes: 170 ms of CPU time for MiniLM, this 17.
import assert from 'node:assert/strict'
import { kernelModule } from './adamw-module.ts'

/** One parameter: float32 arrays of one length; all but the gradient are changed. */
export type AdamArrays = {
  readonly weight: Float32Array
  readonly first: Float32Array
  readonly second: Float32Array
  readonly gradient: Float32Array
}

/** Numbers of a step: `factor` shortens the gradient; for the others see adamw.ts. */
export type AdamNumbers = {
  readonly factor: number
  readonly rate: number
  readonly kept: number
  readonly epsilon: number
  readonly beta1: number
  readonly beta2: number
}

type Quartet = readonly [
  weight: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
]

type Exports = {
  readonly squares: (first: number, end: number) => number
  /** Addresses of weight, gradient and moments, the end of the weight, then the numbers. */
  readonly step: (...operands: number[]) => void
}

// Node has WebAssembly; its types for TypeScript come with those of browsers, which are not used here.
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number; maximum: number; shared: true }) => Memory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object, imports: unknown) => { readonly exports: unknown }
}
type Memory = { readonly buffer: SharedArrayBuffer; readonly grow: (pages: number) => number }

const pageBytes = 65_536
/** What 32-bit addresses reach: 4 GiB. */
const pagesMax = 65_536
/** Elements that are copied at once: four times 64 kB stay in the cache of a core. */
const chunk = 16_384
/** SIMD reads and writes 4 elements at once, so arrays begin at multiples of 16 bytes. */
const alignment = 16

/**
 * Sums run in a fixed order on the calling thread, so results are the same bytes on every machine.
 *
 * @example
 * const kernel = new AdamKernel()
 * const gradient = kernel.floats(weight.length)
 */
export class AdamKernel {
  readonly #memory: Memory
  readonly #exports: Exports
  /** Copies of arrays that lie elsewhere. */
  readonly #scratch: readonly Float32Array[]
  /** Arrays of this memory as a whole: they end in padding of their own. */
  readonly #own = new WeakSet()
  #used = 0

  constructor() {
    // A shared memory can grow while views of it stay valid.
    this.#memory = new WebAssembly.Memory({ initial: 0, maximum: pagesMax, shared: true })
    const module = new WebAssembly.Module(kernelModule({ pagesMax }))
    const imports = { kernel: { memory: this.#memory } }
    this.#exports = new WebAssembly.Instance(module, imports).exports as Exports
    this.#scratch = Array.from({ length: 4 }, () => this.floats(chunk))
  }

  /**
   * Zeroed elements where the kernel changes them in place. Beyond 4 GiB they are ordinary ones, which
   * are copied there and back in every step: 43 instead of 17 ms for MiniLM.
   */
  floats(count: number): Float32Array {
    const bytes = Math.ceil((count * 4) / alignment) * alignment
    const missing = Math.ceil((this.#used + bytes - this.#memory.buffer.byteLength) / pageBytes)
    if (missing > 0 && !this.#grow(missing)) return new Float32Array(count)
    const floats = new Float32Array(this.#memory.buffer, this.#used, count)
    this.#used += bytes
    this.#own.add(floats)
    // Tensors take memory that is shared as they take any other; only types tell them apart.
    return floats
  }

  /** The sum of the squares of all elements, added in float64. */
  squares(elements: Float32Array): number {
    if (this.#own.has(elements)) return this.#squaresAt(elements)
    const [copy] = this.#scratch as [Float32Array]
    let sum = 0
    for (let start = 0; start < elements.length; start += chunk) {
      const part = elements.subarray(start, start + chunk)
      copy.fill(0)
      copy.set(part)
      sum += this.#squaresAt(copy)
    }
    return sum
  }

  /** One step of AdamW (arXiv:1711.05101) over the arrays. */
  step(arrays: AdamArrays, numbers: AdamNumbers): void {
    const { weight, gradient, first, second } = arrays
    const parts = [weight, gradient, first, second]
    assert.ok(parts.every(({ length }) => length === weight.length))
    if (parts.every((part) => this.#own.has(part))) {
      this.#stepAt(parts, numbers)
      return
    }
    for (let start = 0; start < weight.length; start += chunk) {
      const own = parts.map((part) => part.subarray(start, start + chunk))
      for (const [i, part] of own.entries()) this.#scratch[i]!.set(part)
      this.#stepAt(this.#scratch, numbers)
      for (const i of [0, 2, 3]) {
        const part = own[i]!
        part.set(this.#scratch[i]!.subarray(0, part.length))
      }
    }
  }

  #grow(pages: number): boolean {
    try {
      this.#memory.grow(pages)
      return true
    } catch (cause) {
      if (cause instanceof RangeError) return false
      throw cause
    }
  }

  #squaresAt(elements: Float32Array): number {
    return this.#exports.squares(elements.byteOffset, paddedEnd(elements))
  }

  #stepAt(arrays: readonly Float32Array[], numbers: AdamNumbers): void {
    const [weight, gradient, first, second] = arrays as Quartet
    const { factor, rate, kept, epsilon, beta1, beta2 } = numbers
    const places = [weight, gradient, first, second].map(({ byteOffset }) => byteOffset)
    const [w = 0, g = 0, m = 0, v = 0] = places
    const end = paddedEnd(weight)
    this.#exports.step(w, g, m, v, end, factor, rate, kept, epsilon, beta1, beta2)
  }
}

/** Where the memory of an array ends; what is beyond its last element is zero and stays so. */
function paddedEnd({ byteOffset, byteLength }: Float32Array): number {
  return byteOffset + Math.ceil(byteLength / alignment) * alignment
}
