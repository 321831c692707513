// The kernel against the update and the norm written out in JavaScript, on arrays of its own memory
// and of others, of lengths that no vector and no chunk divides.
import { describe, expect, it } from 'vitest'
import { AdamKernel, type AdamArrays } from './adamw-kernel.ts'

const numbers = { factor: 0.25, rate: 0.01, kept: 0.999, epsilon: 1e-6, beta1: 0.9, beta2: 0.99 }

/** Made-up elements in [-1, 1). */
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
    ...{ weight: fill(floats(count), 1), gradient: fill(floats(count), 2) },
    ...{ first: fill(floats(count), 3), second },
  }
}

/** The same step in float64, rounded at the end. */
function expected({ weight, gradient, first, second }: AdamArrays): Omit<AdamArrays, 'gradient'> {
  const { factor, rate, kept, epsilon, beta1, beta2 } = numbers
  const nextFirst = first.map((sum, i) => sum * beta1 + gradient[i]! * factor)
  const nextSecond = second.map((sum, i) => sum * beta2 + (gradient[i]! * factor) ** 2)
  const nextWeight = weight.map(
    (x, i) => x * kept - (rate * nextFirst[i]!) / (Math.sqrt(nextSecond[i]!) + epsilon),
  )
  return { weight: nextWeight, first: nextFirst, second: nextSecond }
}

const ordinary = (count: number): Float32Array => new Float32Array(count)

describe.each([1, 3, 4, 1_000, 40_001])('AdamKernel on %i elements', (count) => {
  it.each(['its own', 'ordinary'])('takes a step on %s memory', (where) => {
    const kernel = new AdamKernel()
    const arrays = arraysOf(count, where === 'ordinary' ? ordinary : (n) => kernel.floats(n))
    const wanted = expected(arrays)
    kernel.step(arrays, numbers)
    for (const name of ['weight', 'first', 'second'] as const) {
      const worst = arrays[name].reduce(
        (most, x, i) => Math.max(most, Math.abs(x - wanted[name][i]!)),
        0,
      )
      expect(worst, name).toBeLessThan(1e-6)
    }
  })

  it('gives the same bytes wherever the arrays lie', () => {
    const kernel = new AdamKernel()
    const own = arraysOf(count, (n) => kernel.floats(n))
    const other = arraysOf(count, ordinary)
    kernel.step(own, numbers)
    kernel.step(other, numbers)
    expect([...other.weight]).toEqual([...own.weight])
    expect([...other.second]).toEqual([...own.second])
  })

  it.each(['its own', 'ordinary'])('adds squares of %s memory', (where) => {
    const kernel = new AdamKernel()
    const elements = fill(where === 'ordinary' ? ordinary(count) : kernel.floats(count), 5)
    const sum = elements.reduce((total, x) => total + x ** 2, 0)
    expect(kernel.squares(elements)).toBeCloseTo(sum, 9)
  })
})

it('keeps arrays apart and zeroed while the memory grows', () => {
  const kernel = new AdamKernel()
  const first = kernel.floats(3).fill(1)
  const second = kernel.floats(2_000_000)
  expect(second.every((x) => x === 0)).toBe(true)
  second.fill(2)
  expect([...first]).toEqual([1, 1, 1])
  expect(kernel.squares(first)).toBe(3)
})

it('gives ordinary arrays when its memory is full', () => {
  const kernel = new AdamKernel()
  const elements = kernel.floats(2 ** 30)
  expect(elements.buffer).toBeInstanceOf(ArrayBuffer)
})
