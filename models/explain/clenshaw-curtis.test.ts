// A rule of n steps is exact for polynomials up to the degree n, and one of 2n has all its points.
import { expect, it } from 'vitest'
import { quadraturePoints } from './clenshaw-curtis.ts'

it.each([2, 4, 8, 16, 512])('integrates polynomials exactly with %i steps', (steps) => {
  const points = quadraturePoints(steps)
  for (const degree of [0, 1, 2, steps - 1, steps]) {
    const sum = points.reduce((total, { at, weight }) => total + weight * at ** degree, 0)
    expect(sum).toBeCloseTo(1 / (degree + 1), 10)
  }
})

it('keeps the points when the steps are doubled', () => {
  const finer = quadraturePoints(16)
  expect(quadraturePoints(8).map(({ at }) => at)).toEqual(
    finer.filter((_, index) => index % 2 === 0).map(({ at }) => at),
  )
  expect([finer[0]!.at, finer[16]!.at]).toEqual([0, 1])
})
