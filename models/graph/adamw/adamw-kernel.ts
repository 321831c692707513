// AdamW, the gradient norm and weights in 8 bits: few passes over the weights, as WebAssembly with
// 128-bit SIMD on several threads. It owns the memory in which weights, moments and gradients lie
// for it, and what is done with arrays that lie elsewhere. The update as nodes of a graph
// (adamw.ts) takes 14 passes: 170 ms of CPU time for MiniLM, this 17.
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
  /**
   * float32 [columns]: the largest absolute element of each column, as `step` or `measure` left it.
   */
  readonly maxima: Float32Array
}

/** A parameter's step, and its rounded form where it has one, whose matrix is the weight. */
export type AdamUpdate = {
  readonly arrays: AdamArrays
  readonly numbers: AdamNumbers
  readonly rounded?: RoundedMatrix | undefined
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
 * Sums run in a fixed order, each array on one thread, so results are the same bytes with any
 * number of threads. `close` ends the threads.
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
  /**
   * What the memory's buffer was while arrays were made of it; it is another object after growth.
   */
  readonly #buffers = new WeakSet()
  #used = 0

  constructor({ threads }: { threads: number } = { threads: 1 }) {
    this.#memory = sharedMemory(pagesMax)
    const module = wasmModule([...adamFunctions, ...roundingFunctions], { pagesMax })
    this.#team = new KernelTeam(module, { memory: this.#memory, threads })
    this.#scratch = Array.from({ length: 4 }, () => this.floats(chunk))
    this.#scratchBytes = this.bytes(chunk)
  }

  /**
   * Zeroed elements where the kernel changes them in place. Beyond 4 GiB they are ordinary ones,
   * which are copied there and back in every step: 43 instead of 17 ms for MiniLM.
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
    const own = arrays.filter((array) => this.#isOwn(array))
    const sums = this.#team.run(own.map(squaresOf))
    const sumOf = new Map(own.map((array, i) => [array, sums[i]!]))
    return arrays.map((array) => sumOf.get(array) ?? this.#squaresElsewhere(array))
  }

  /**
   * A step of AdamW (arXiv:1711.05101) for each parameter; `rounded` gets the maxima of the new
   * weight.
   */
  step(updates: readonly AdamUpdate[]): void {
    const calls: KernelCall[] = []
    for (const { arrays, numbers, rounded } of updates) {
      const { weight, gradient, first, second } = arrays
      const parts: Quartet = [weight, gradient, first, second]
      assert.ok(parts.every(({ length }) => length === weight.length))
      const isOwn = parts.every((part) => this.#isOwn(part))
      if (!isOwn) {
        this.#stepElsewhere(parts, numbers)
        if (rounded !== undefined) this.measure([rounded])
        continue
      }
      rounded?.maxima.fill(smallestColumn)
      calls.push(stepOf(parts, numbers, rounded?.maxima))
    }
    this.#team.run(calls)
  }

  /** Finds the largest absolute element of each column. */
  measure(matrices: readonly RoundedMatrix[]): void {
    for (const { maxima } of matrices) maxima.fill(smallestColumn)
    const own = matrices.filter((one) => this.#isInMemory(one))
    this.#team.run(own.map(({ matrix, maxima }) => maximaOf(matrix, maxima)))
    for (const one of matrices) if (!this.#isInMemory(one)) this.#measureElsewhere(one)
  }

  /**
   * Rounds matrices to whole numbers from -`largest` to `largest` (at most 127), ties to even, by
   * their maxima; each column has a scale, which is written, too.
   */
  round(matrices: readonly RoundedMatrix[], largest: number): void {
    for (const { maxima, factors, scales } of matrices) {
      for (let column = 0; column < maxima.length; column++) {
        const most = maxima[column]!
        scales[column] = most / largest
        factors[column] = largest / most
      }
    }
    const own = matrices.filter((one) => this.#isInMemory(one))
    this.#team.run(own.map((one) => roundingOf(one.matrix, one.factors, one.elements)))
    for (const one of matrices) if (!this.#isInMemory(one)) this.#roundElsewhere(one)
  }

  /** Threads that take part, the caller's included. */
  get threads(): number {
    return this.#team.threads
  }

  /** Ends the threads. */
  close(): Promise<void> {
    return this.#team.close()
  }

  /** Whether the kernel reads and changes the elements where they lie, up to a vector's end. */
  #isOwn(array: Float32Array | Int8Array): boolean {
    const { buffer, byteOffset, byteLength } = array
    if (this.#own.has(array)) return true
    return this.#buffers.has(buffer) && (byteOffset | byteLength) % alignment === 0
  }

  #isInMemory({ matrix, elements, factors, maxima }: RoundedMatrix): boolean {
    return [matrix, elements, factors, maxima].every((array) => this.#isOwn(array))
  }

  /** An address with room for so many bytes, which are zero; undefined beyond 4 GiB. */
  #place(byteLength: number): number | undefined {
    const bytes = Math.ceil(byteLength / alignment) * alignment
    const missing = Math.ceil((this.#used + bytes - this.#memory.buffer.byteLength) / pageBytes)
    if (missing > 0 && !this.#grow(missing)) return undefined
    const place = this.#used
    this.#used += bytes
    this.#buffers.add(this.#memory.buffer)
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

  #measureElsewhere(one: RoundedMatrix): void {
    const { matrix, maxima } = one
    const [copy, most] = this.#rowsAndColumns(one)
    most.set(maxima)
    for (let start = 0; start < matrix.length; start += copy.length) {
      const part = matrix.subarray(start, start + copy.length)
      copy.set(part)
      this.#team.run([maximaOf(copy.subarray(0, part.length), most)])
    }
    maxima.set(most)
  }

  #roundElsewhere(one: RoundedMatrix): void {
    const { matrix, factors, elements } = one
    const [copy, columns] = this.#rowsAndColumns(one)
    columns.set(factors)
    for (let start = 0; start < matrix.length; start += copy.length) {
      const part = matrix.subarray(start, start + copy.length)
      copy.set(part)
      this.#team.run([roundingOf(copy.subarray(0, part.length), columns, this.#scratchBytes)])
      elements.set(this.#scratchBytes.subarray(0, part.length), start)
    }
  }

  /** Room for whole rows of a matrix, and for a number a column. */
  #rowsAndColumns({ factors: { length: columns } }: RoundedMatrix): [Float32Array, Float32Array] {
    const rows = Math.floor(chunk / columns)
    assert.ok(rows > 0, 'a row does not fit into a chunk')
    const [copy, own] = this.#scratch as [Float32Array, Float32Array]
    return [copy.subarray(0, rows * columns), own.subarray(0, columns)]
  }
}

function squaresOf(elements: Float32Array): KernelCall {
  const operands = [elements.byteOffset, paddedEnd(elements)]
  return { name: 'squares', operands, cost: elements.length }
}

function stepOf(parts: Quartet, numbers: AdamNumbers, maxima?: Float32Array): KernelCall {
  const { factor, rate, kept, epsilon, beta1, beta2 } = numbers
  const places = parts.map(({ byteOffset }) => byteOffset)
  const operands = [...places, paddedEnd(parts[0]), factor, rate, kept, epsilon, beta1, beta2]
  const cost = parts[0].length
  if (maxima === undefined) return { name: 'step', operands, cost }
  return { name: 'stepMaxima', operands: [...operands, ...rangeOf(maxima)], cost }
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
