// AdamW, the gradient norm and weights in 8 bits: few passes over the weights, as WebAssembly with 128-bit SIMD on
// several threads. It owns the memory in which weights, moments and gradients lie for it, and what is done
// with arrays that lie elsewhere. The update as nodes of a graph (adamw.ts) takes 14 passes: 170 ms of CPU
// time for MiniLM, this 17.
import assert from 'node:assert/strict'
import { adamFunctions } from './adamw-module.ts'
import { KernelTeam, sharedMemory, type KernelCall, type SharedMemory } from './kernel-team.ts'
import { roundingFunctions } from './rounding-module.ts'
import { wasmModule } from './wasm-code.ts'

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

/** A matrix [rows, columns] and its rounded form: elements int8 times the scale of their column. */
export type RoundedMatrix = {
  readonly matrix: Float32Array
  readonly elements: Int8Array
  /** float32 [columns]; a multiple of 16. */
  readonly scales: Float32Array
  /** float32 [columns]: what elements of a column were multiplied by. */
  readonly factors: Float32Array
}

type Quartet = readonly [
  weight: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
]

const pageBytes = 65_536
/** What 32-bit addresses reach: 4 GiB. */
const pagesMax = 65_536
/** Elements that are copied at once: four times 64 kB stay in the cache of a core. */
const chunk = 16_384
/** SIMD reads and writes 4 elements at once, so arrays begin at multiples of 16 bytes. */
const alignment = 16
/** A column of zeros has a scale, too. */
const smallestColumn = 1e-30

/**
 * Sums run in a fixed order, each array on one thread, so results are the same bytes with any number of
 * threads. `close` ends the threads.
 *
 * @example
 * const kernel = new AdamKernel()
 * const gradient = kernel.floats(weight.length)
 */
export class AdamKernel {
  readonly #memory: SharedMemory
  readonly #team: KernelTeam
  /** Copies of arrays that lie elsewhere. */
  readonly #scratch: readonly Float32Array[]
  readonly #scratchBytes: Int8Array
  /** Arrays of this memory as a whole: they end in padding of their own. */
  readonly #own = new WeakSet()
  #used = 0

  constructor({ threads }: { threads: number } = { threads: 1 }) {
    this.#memory = sharedMemory(pagesMax)
    const module = wasmModule([...adamFunctions, ...roundingFunctions], { pagesMax })
    this.#team = new KernelTeam(module, { memory: this.#memory, threads })
    this.#scratch = Array.from({ length: 4 }, () => this.floats(chunk))
    this.#scratchBytes = this.bytes(chunk)
  }

  /**
   * Zeroed elements where the kernel changes them in place. Beyond 4 GiB they are ordinary ones, which
   * are copied there and back in every step: 43 instead of 17 ms for MiniLM.
   */
  floats(count: number): Float32Array {
    const place = this.#place(count * 4)
    if (place === undefined) return new Float32Array(count)
    // Tensors take memory that is shared as they take any other; only types tell them apart.
    const floats = new Float32Array(this.#memory.buffer, place, count)
    this.#own.add(floats)
    return floats
  }

  /** The same for int8. */
  bytes(count: number): Int8Array {
    const place = this.#place(count)
    if (place === undefined) return new Int8Array(count)
    const bytes = new Int8Array(this.#memory.buffer, place, count)
    this.#own.add(bytes)
    return bytes
  }

  /** The sum of the squares of each array's elements, added in float64. */
  squares(arrays: readonly Float32Array[]): number[] {
    const own = arrays.filter((array) => this.#own.has(array))
    const sums = this.#team.run(own.map(squaresOf))
    const sumOf = new Map(own.map((array, i) => [array, sums[i]!]))
    return arrays.map((array) => sumOf.get(array) ?? this.#squaresElsewhere(array))
  }

  /** A step of AdamW (arXiv:1711.05101) for each parameter. */
  step(updates: readonly { readonly arrays: AdamArrays; readonly numbers: AdamNumbers }[]): void {
    const calls: KernelCall[] = []
    for (const { arrays, numbers } of updates) {
      const { weight, gradient, first, second } = arrays
      const parts: Quartet = [weight, gradient, first, second]
      assert.ok(parts.every(({ length }) => length === weight.length))
      if (parts.every((part) => this.#own.has(part))) calls.push(stepOf(parts, numbers))
      else this.#stepElsewhere(parts, numbers)
    }
    this.#team.run(calls)
  }

  /**
   * Rounds matrices to whole numbers from -`largest` to `largest` (at most 127), ties to even; each column
   * has a scale, which is written, too.
   */
  round(matrices: readonly RoundedMatrix[], largest: number): void {
    for (const { factors } of matrices) factors.fill(smallestColumn)
    const inMemory = (one: RoundedMatrix): boolean =>
      [one.matrix, one.elements, one.factors].every((array) => this.#own.has(array))
    const own = matrices.filter(inMemory)
    const elsewhere = matrices.filter((one) => !inMemory(one))
    this.#team.run(own.map(({ matrix, factors }) => maximaOf(matrix, factors)))
    for (const one of elsewhere) this.#byRows(one, maximaOf)
    for (const { factors, scales } of matrices) {
      for (let column = 0; column < factors.length; column++) {
        const most = factors[column]!
        scales[column] = most / largest
        factors[column] = largest / most
      }
    }
    this.#team.run(own.map((one) => roundingOf(one.matrix, one.factors, one.elements)))
    for (const one of elsewhere) {
      this.#byRows(one, (rows, factors) => roundingOf(rows, factors, this.#scratchBytes))
    }
  }

  /** Threads that take part, the caller's included. */
  get threads(): number {
    return this.#team.threads
  }

  /** Ends the threads. */
  close(): Promise<void> {
    return this.#team.close()
  }

  /** An address with room for so many bytes, which are zero; undefined beyond 4 GiB. */
  #place(byteLength: number): number | undefined {
    const bytes = Math.ceil(byteLength / alignment) * alignment
    const missing = Math.ceil((this.#used + bytes - this.#memory.buffer.byteLength) / pageBytes)
    if (missing > 0 && !this.#grow(missing)) return undefined
    const place = this.#used
    this.#used += bytes
    return place
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

  #squaresElsewhere(elements: Float32Array): number {
    const [copy] = this.#scratch as [Float32Array]
    let sum = 0
    for (let start = 0; start < elements.length; start += chunk) {
      const part = elements.subarray(start, start + chunk)
      copy.fill(0)
      copy.set(part)
      sum += this.#team.run([squaresOf(copy)])[0]!
    }
    return sum
  }

  #stepElsewhere(parts: Quartet, numbers: AdamNumbers): void {
    for (let start = 0; start < parts[0].length; start += chunk) {
      const own = parts.map((part) => part.subarray(start, start + chunk))
      for (const [i, part] of own.entries()) this.#scratch[i]!.set(part)
      this.#team.run([stepOf(this.#scratch as unknown as Quartet, numbers)])
      for (const i of [0, 2, 3]) {
        const part = own[i]!
        part.set(this.#scratch[i]!.subarray(0, part.length))
      }
    }
  }

  /** A call for some rows at a time of a matrix that lies elsewhere, on copies that are taken back. */
  #byRows(
    { matrix, factors, elements }: RoundedMatrix,
    callOf: (rows: Float32Array, factors: Float32Array) => KernelCall,
  ): void {
    const columns = factors.length
    const rows = Math.floor(chunk / columns)
    assert.ok(rows > 0, 'a row does not fit into a chunk')
    const [copy, columnCopy] = this.#scratch as [Float32Array, Float32Array]
    for (let start = 0; start < matrix.length; start += rows * columns) {
      const part = matrix.subarray(start, start + rows * columns)
      copy.set(part)
      columnCopy.set(factors)
      this.#team.run([callOf(copy.subarray(0, part.length), columnCopy.subarray(0, columns))])
      factors.set(columnCopy.subarray(0, columns))
      elements.set(this.#scratchBytes.subarray(0, part.length), start)
    }
  }
}

function squaresOf(elements: Float32Array): KernelCall {
  const operands = [elements.byteOffset, paddedEnd(elements)]
  return { name: 'squares', operands, cost: elements.length }
}

function stepOf(parts: Quartet, numbers: AdamNumbers): KernelCall {
  const { factor, rate, kept, epsilon, beta1, beta2 } = numbers
  const places = parts.map(({ byteOffset }) => byteOffset)
  const operands = [...places, paddedEnd(parts[0]), factor, rate, kept, epsilon, beta1, beta2]
  return { name: 'step', operands, cost: parts[0].length }
}

function maximaOf(matrix: Float32Array, largest: Float32Array): KernelCall {
  const operands = [...rangeOf(matrix), ...rangeOf(largest)]
  return { name: 'maxima', operands, cost: matrix.length }
}

function roundingOf(matrix: Float32Array, factors: Float32Array, bytes: Int8Array): KernelCall {
  const operands = [...rangeOf(matrix), ...rangeOf(factors), bytes.byteOffset]
  return { name: 'round', operands, cost: matrix.length }
}

function rangeOf({ byteOffset, byteLength }: Float32Array): [number, number] {
  return [byteOffset, byteOffset + byteLength]
}

/** Where the memory of an array ends; what is beyond its last element is zero and stays so. */
function paddedEnd({ byteOffset, byteLength }: Float32Array): number {
  return byteOffset + Math.ceil(byteLength / alignment) * alignment
}
