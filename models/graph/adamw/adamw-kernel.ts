// Runs AdamW, the gradient norm and int8 quantisation as WebAssembly with 128-bit SIMD on several
// threads. It owns the memory for weights, moments and gradients, and copies arrays that lie
// outside this memory; adamw-module.ts and rounding-module.ts have the instructions. The same
// update as graph nodes (adamw.ts) makes 14 passes over the weights, which take 170 ms of CPU time
// for MiniLM; this one takes 17 ms.
import assert from 'node:assert/strict'
import { adamFunctions } from './adamw-module.ts'
import { KernelTeam, sharedMemory, type KernelCall, type SharedMemory } from './kernel-team.ts'
import { roundingFunctions } from './rounding-module.ts'
import { wasmModule } from './wasm-code.ts'

/** The float32 arrays of one parameter, of the same length; a step changes all but the gradient. */
export type AdamArrays = {
  readonly weight: Float32Array
  readonly first: Float32Array
  readonly second: Float32Array
  readonly gradient: Float32Array
}

/** The numbers of a step: `factor` clips the gradient; `adamScalars` gives most of the others. */
export type AdamNumbers = {
  readonly factor: number
  readonly rate: number
  readonly decayFactor: number
  readonly epsilon: number
  readonly beta1: number
  readonly beta2: number
}

/** A matrix float32 [rows, columns], quantised as int8 elements times the scale of their column. */
export type QuantisedMatrix = {
  readonly matrix: Float32Array
  readonly elements: Int8Array
  /** float32 [columns]; the number of columns is a multiple of 16. */
  readonly scales: Float32Array
  /** float32 [columns]: the inverse of `scales`, which the elements are multiplied by. */
  readonly factors: Float32Array
  /**
   * float32 [columns]: the largest absolute element of each column, from `step` or `findMaxima`.
   */
  readonly maxima: Float32Array
}

/** The step of one parameter. If `quantised` is given, its matrix is the weight. */
export type AdamUpdate = {
  readonly arrays: AdamArrays
  readonly numbers: AdamNumbers
  readonly quantised?: QuantisedMatrix | undefined
}

type ParameterArrays = readonly [
  weight: Float32Array,
  gradient: Float32Array,
  first: Float32Array,
  second: Float32Array,
]

const pageBytes = 65_536
/** 4 GiB, the limit of 32-bit addresses. */
const pagesMax = 65_536
/** Elements that are copied at a time: four arrays of 64 KiB stay in the cache of a core. */
const chunk = 16_384
/** SIMD reads and writes 16 bytes at a time, so arrays begin at multiples of 16 bytes. */
const alignment = 16
/** The least maximum of a column, so that a column of zeros has a finite scale. */
const columnMaximumMin = 1e-30

/**
 * The optimiser's kernel. Each array is summed in a fixed order on one thread, so the number of
 * threads does not change a byte of the results. `close` ends the threads.
 *
 * @example
 * const kernel = new AdamKernel()
 * const gradient = kernel.floats(weight.length)
 */
export class AdamKernel {
  readonly #memory: SharedMemory
  readonly #team: KernelTeam
  /** Buffers into which chunks of outside arrays are copied. */
  readonly #scratch: readonly Float32Array[]
  readonly #scratchBytes: Int8Array
  /** The arrays that this kernel allocated. Each ends in its own padding. */
  readonly #allocated = new WeakSet()
  /** Every buffer object that the memory has had: it is a new object after each growth. */
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
   * A zeroed float32 array that the kernel can update in place. Beyond 4 GiB it is an ordinary
   * array, which every step copies in and out: 43 ms instead of 17 ms for MiniLM.
   */
  floats(count: number): Float32Array {
    const address = this.#allocate(count * 4)
    if (address === undefined) return new Float32Array(count)
    // Tensors accept shared memory like any other memory; only the TypeScript types differ.
    const floats = new Float32Array(this.#memory.buffer, address, count)
    this.#allocated.add(floats)
    return floats
  }

  /** A zeroed int8 array, allocated as `floats` does. */
  bytes(count: number): Int8Array {
    const address = this.#allocate(count)
    if (address === undefined) return new Int8Array(count)
    const bytes = new Int8Array(this.#memory.buffer, address, count)
    this.#allocated.add(bytes)
    return bytes
  }

  /** The sum of the squares of each array's elements, added in float64. */
  squares(arrays: readonly Float32Array[]): number[] {
    const inside = arrays.filter((array) => this.#isInside(array))
    const sums = this.#team.run(inside.map(squaresOf))
    const sumOf = new Map(inside.map((array, i) => [array, sums[i]!]))
    return arrays.map((array) => sumOf.get(array) ?? this.#squaresOutside(array))
  }

  /**
   * Takes a step of AdamW (arXiv:1711.05101) for each parameter, and writes the column maxima of
   * the new weight to `quantised`.
   */
  step(updates: readonly AdamUpdate[]): void {
    const calls: KernelCall[] = []
    for (const { arrays, numbers, quantised } of updates) {
      const { weight, gradient, first, second } = arrays
      const parts: ParameterArrays = [weight, gradient, first, second]
      assert.ok(parts.every(({ length }) => length === weight.length))
      const isInside = parts.every((part) => this.#isInside(part))
      if (!isInside) {
        this.#stepOutside(parts, numbers)
        if (quantised !== undefined) this.findMaxima([quantised])
        continue
      }
      quantised?.maxima.fill(columnMaximumMin)
      calls.push(stepOf(parts, numbers, quantised?.maxima))
    }
    this.#team.run(calls)
  }

  /** Writes the largest absolute element of each column to `maxima`. */
  findMaxima(matrices: readonly QuantisedMatrix[]): void {
    for (const { maxima } of matrices) maxima.fill(columnMaximumMin)
    const inside = matrices.filter((one) => this.#isMatrixInside(one))
    this.#team.run(inside.map(({ matrix, maxima }) => maximaOf(matrix, maxima)))
    for (const one of matrices) if (!this.#isMatrixInside(one)) this.#findMaximaOutside(one)
  }

  /**
   * Quantises each matrix to integers from -`largest` to `largest` (at most 127), ties to even, and
   * writes the scale of each column. `maxima` must be those of the matrix.
   */
  quantise(matrices: readonly QuantisedMatrix[], largest: number): void {
    for (const { maxima, factors, scales } of matrices) {
      for (let column = 0; column < maxima.length; column++) {
        const most = maxima[column]!
        scales[column] = most / largest
        factors[column] = largest / most
      }
    }
    const inside = matrices.filter((one) => this.#isMatrixInside(one))
    this.#team.run(inside.map((one) => roundingOf(one.matrix, one.factors, one.elements)))
    for (const one of matrices) if (!this.#isMatrixInside(one)) this.#quantiseOutside(one)
  }

  /** The number of threads that take part, the caller's included. */
  get threads(): number {
    return this.#team.threads
  }

  /** Ends the threads. */
  close(): Promise<void> {
    return this.#team.close()
  }

  /** Whether the kernel can work on the array in place, in whole vectors. */
  #isInside(array: Float32Array | Int8Array): boolean {
    const { buffer, byteOffset, byteLength } = array
    if (this.#allocated.has(array)) return true
    return this.#buffers.has(buffer) && (byteOffset | byteLength) % alignment === 0
  }

  #isMatrixInside({ matrix, elements, factors, maxima }: QuantisedMatrix): boolean {
    return [matrix, elements, factors, maxima].every((array) => this.#isInside(array))
  }

  /** The address of `byteLength` new zero bytes; undefined beyond 4 GiB. */
  #allocate(byteLength: number): number | undefined {
    const bytes = Math.ceil(byteLength / alignment) * alignment
    const missing = Math.ceil((this.#used + bytes - this.#memory.buffer.byteLength) / pageBytes)
    if (missing > 0 && !this.#grow(missing)) return undefined
    const address = this.#used
    this.#used += bytes
    this.#buffers.add(this.#memory.buffer)
    return address
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

  #squaresOutside(elements: Float32Array): number {
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

  #stepOutside(parts: ParameterArrays, numbers: AdamNumbers): void {
    for (let start = 0; start < parts[0].length; start += chunk) {
      const own = parts.map((part) => part.subarray(start, start + chunk))
      for (const [i, part] of own.entries()) this.#scratch[i]!.set(part)
      this.#team.run([stepOf(this.#scratch as unknown as ParameterArrays, numbers)])
      for (const i of [0, 2, 3]) {
        const part = own[i]!
        part.set(this.#scratch[i]!.subarray(0, part.length))
      }
    }
  }

  #findMaximaOutside(one: QuantisedMatrix): void {
    const { matrix, maxima } = one
    const [copy, largest] = this.#matrixScratch(one)
    largest.set(maxima)
    for (let start = 0; start < matrix.length; start += copy.length) {
      const part = matrix.subarray(start, start + copy.length)
      copy.set(part)
      this.#team.run([maximaOf(copy.subarray(0, part.length), largest)])
    }
    maxima.set(largest)
  }

  #quantiseOutside(one: QuantisedMatrix): void {
    const { matrix, factors, elements } = one
    const [copy, columns] = this.#matrixScratch(one)
    columns.set(factors)
    for (let start = 0; start < matrix.length; start += copy.length) {
      const part = matrix.subarray(start, start + copy.length)
      copy.set(part)
      this.#team.run([roundingOf(copy.subarray(0, part.length), columns, this.#scratchBytes)])
      elements.set(this.#scratchBytes.subarray(0, part.length), start)
    }
  }

  /** Scratch arrays for as many whole rows as fit into a chunk, and for one number per column. */
  #matrixScratch({ factors: { length: columns } }: QuantisedMatrix): [Float32Array, Float32Array] {
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

function stepOf(parts: ParameterArrays, numbers: AdamNumbers, maxima?: Float32Array): KernelCall {
  const { factor, rate, decayFactor, epsilon, beta1, beta2 } = numbers
  const addresses = parts.map(({ byteOffset }) => byteOffset)
  const operands = [
    ...addresses,
    paddedEnd(parts[0]),
    factor,
    rate,
    decayFactor,
    epsilon,
    beta1,
    beta2,
  ]
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

/** The end of an array's memory. The padding beyond its last element is and remains zero. */
function paddedEnd({ byteOffset, byteLength }: Float32Array): number {
  return byteOffset + Math.ceil(byteLength / alignment) * alignment
}
