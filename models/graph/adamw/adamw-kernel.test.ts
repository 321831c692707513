// The kernel against the update and the norm in plain JavaScript, on arrays inside and outside its
// memory, with lengths that are no multiple of a vector or a chunk.
import { afterAll, describe, expect, it } from 'vitest'
import { until } from '../../../tests/support/until.ts'
import { AdamKernel, type AdamArrays, type QuantisedMatrix } from './adamw-kernel.ts'

const numbers = {
  factor: 0.25,
  rate: 0.01,
  decayFactor: 0.999,
  epsilon: 1e-6,
  beta1: 0.9,
  beta2: 0.99,
}

/** Pseudo-random elements in [-1, 1). */
function fill(elements: Float32Array, start: number): Float32Array {
  for (let i = 0; i < elements.length; i++) {
    elements[i] = (((i + start) * 0.6180339887498949) % 1) * 2 - 1
  }
  return elements
}

function arraysOf(count: number, floats: (count: number) => Float32Array): AdamArrays {
  const second = fill(floats(count), 4)
  for (let i = 0; i < count; i++) second[i] = second[i]! ** 2
  return {
    weight: fill(floats(count), 1),
    gradient: fill(floats(count), 2),
    first: fill(floats(count), 3),
    second,
  }
}

/** The same step in float64, rounded to float32 at the end. */
function expected({ weight, gradient, first, second }: AdamArrays): Omit<AdamArrays, 'gradient'> {
  const { factor, rate, decayFactor, epsilon, beta1, beta2 } = numbers
  const nextFirst = first.map((sum, i) => sum * beta1 + gradient[i]! * factor)
  const nextSecond = second.map((sum, i) => sum * beta2 + (gradient[i]! * factor) ** 2)
  const nextWeight = weight.map(
    (x, i) => x * decayFactor - (rate * nextFirst[i]!) / (Math.sqrt(nextSecond[i]!) + epsilon),
  )
  return { weight: nextWeight, first: nextFirst, second: nextSecond }
}

const ordinary = (count: number): Float32Array => new Float32Array(count)

describe.each([1, 3, 4, 1_000, 40_001])('AdamKernel on %i elements', (count) => {
  it.each(['its own', 'ordinary'])('takes a step on %s memory', (where) => {
    const kernel = new AdamKernel()
    const arrays = arraysOf(count, where === 'ordinary' ? ordinary : (n) => kernel.floats(n))
    const wanted = expected(arrays)
    kernel.step([{ arrays, numbers }])
    for (const name of ['weight', 'first', 'second'] as const) {
      const worst = arrays[name].reduce(
        (most, x, i) => Math.max(most, Math.abs(x - wanted[name][i]!)),
        0,
      )
      expect(worst, name).toBeLessThan(1e-6)
    }
  })

  it('gives the same bytes inside and outside its memory', () => {
    const kernel = new AdamKernel()
    const own = arraysOf(count, (n) => kernel.floats(n))
    const other = arraysOf(count, ordinary)
    kernel.step([own, other].map((arrays) => ({ arrays, numbers })))
    expect([...other.weight]).toEqual([...own.weight])
    expect([...other.second]).toEqual([...own.second])
  })

  it.each(['its own', 'ordinary'])('sums squares in %s memory', (where) => {
    const kernel = new AdamKernel()
    const elements = fill(where === 'ordinary' ? ordinary(count) : kernel.floats(count), 5)
    const sum = elements.reduce((total, x) => total + x ** 2, 0)
    expect(kernel.squares([elements])[0]).toBeCloseTo(sum, 9)
  })
})

it('keeps arrays separate and zeroed while its memory grows', () => {
  const kernel = new AdamKernel()
  const first = kernel.floats(3).fill(1)
  const second = kernel.floats(2_000_000)
  expect(second.every((x) => x === 0)).toBe(true)
  second.fill(2)
  expect([...first]).toEqual([1, 1, 1])
  expect(kernel.squares([first])).toEqual([3])
})

it('returns ordinary arrays when its memory is full', () => {
  const kernel = new AdamKernel()
  const elements = kernel.floats(2 ** 30)
  expect(elements.buffer).toBeInstanceOf(ArrayBuffer)
})

/** The nearest integer, ties to even. */
function nearest(x: number): number {
  const low = Math.floor(x)
  const isTie = x - low === 0.5
  return isTie ? low + (Math.abs(low) % 2) : Math.round(x)
}

function matrixOf(kernel: AdamKernel, where: string, sizes: [number, number]): QuantisedMatrix {
  const [rows, columns] = sizes
  const own = where === 'its own'
  const matrix = fill(own ? kernel.floats(rows * columns) : ordinary(rows * columns), 7)
  // A column of zeros, and one whose scaled elements are halves.
  for (let row = 0; row < rows; row++) {
    matrix[row * columns] = 0
    matrix[row * columns + 1] = (row % 255) / 2 - 63.5
  }
  return {
    matrix,
    elements: own ? kernel.bytes(rows * columns) : new Int8Array(rows * columns),
    scales: ordinary(columns),
    factors: own ? kernel.floats(columns) : ordinary(columns),
    maxima: own ? kernel.floats(columns) : ordinary(columns),
  }
}

describe.each([
  [3, 16],
  [700, 48],
] as [number, number][])('rounding %i rows of %i columns', (rows, columns) => {
  it.each(['its own', 'ordinary'])('by columns, on %s memory', (where) => {
    const kernel = new AdamKernel()
    const one = matrixOf(kernel, where, [rows, columns])
    kernel.findMaxima([one])
    kernel.quantise([one], 127)
    for (let column = 0; column < columns; column++) {
      const places = Array.from({ length: rows }, (_, row) => row * columns + column)
      const most = places.reduce((max, i) => Math.max(max, Math.abs(one.matrix[i]!)), 0)
      const factor = Math.fround(127 / Math.max(most, Math.fround(1e-30)))
      const wanted = places.map((i) => nearest(Math.fround(one.matrix[i]! * factor)))
      expect(places.map((i) => one.elements[i]!)).toEqual(wanted.map((x) => x + 0))
      expect(one.scales[column]! * 127).toBeCloseTo(most, 5)
    }
  })

  it('stays within the range that the processor can add without overflow', () => {
    const kernel = new AdamKernel()
    const one = matrixOf(kernel, 'its own', [rows, columns])
    kernel.findMaxima([one])
    kernel.quantise([one], 63)
    expect(Math.max(...one.elements)).toBe(63)
    expect(Math.min(...one.elements)).toBeGreaterThanOrEqual(-63)
  })
})

describe.each(['its own', 'ordinary'])('a step on a matrix in %s memory', (where) => {
  it('returns the largest absolute element of each column of the new weight', () => {
    const kernel = new AdamKernel()
    const quantised = matrixOf(kernel, where, [50, 32])
    const floats = where === 'its own' ? (n: number) => kernel.floats(n) : ordinary
    const { gradient, first, second } = arraysOf(1_600, floats)
    const weight = quantised.matrix
    const plain = { ...arraysOf(1_600, floats), weight: floats(1_600) }
    plain.weight.set(weight)
    kernel.step([{ arrays: { weight, gradient, first, second }, numbers, quantised }])
    kernel.step([{ arrays: plain, numbers }])
    expect([...weight]).toEqual([...plain.weight])
    const columns = Array.from({ length: 32 }, (_, column) =>
      Math.max(...weight.filter((_, i) => i % 32 === column).map(Math.abs)),
    )
    expect([...quantised.maxima]).toEqual(columns)
  })
})

it('works in place on subarrays that are aligned to vectors', () => {
  const kernel = new AdamKernel()
  const all = fill(kernel.floats(64), 3)
  expect(kernel.squares([all.subarray(4, 12), all.subarray(5, 12)])).toEqual([
    kernel.squares([Float32Array.from(all.subarray(4, 12))])[0],
    kernel.squares([Float32Array.from(all.subarray(5, 12))])[0],
  ])
})

describe('several threads', () => {
  const kernels: AdamKernel[] = []
  afterAll(async () => {
    for (const kernel of kernels) await kernel.close()
  })

  it('give the same bytes as one thread', async () => {
    const results: number[][] = []
    for (const threads of [1, 3]) {
      const kernel = new AdamKernel({ threads })
      kernels.push(kernel)
      await until('the threads', () => kernel.threads === threads)
      const updates = Array.from({ length: 40 }, (_, i) => ({
        arrays: arraysOf(1_000 + 37 * i, (n) => kernel.floats(n)),
        numbers,
      }))
      const matrix = matrixOf(kernel, 'its own', [70, 32])
      kernel.step(updates)
      kernel.findMaxima([matrix])
      kernel.quantise([matrix], 127)
      const sums = kernel.squares(updates.map(({ arrays }) => arrays.weight))
      results.push([
        ...sums,
        ...matrix.elements,
        ...updates.flatMap(({ arrays }) => [...arrays.first]),
      ])
    }
    expect(results[1]).toEqual(results[0])
  })
})
