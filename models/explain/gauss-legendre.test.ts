// A rule of n points is exact for polynomials up to the degree 2n - 1.
import { expect, it } from 'vitest'
import { gaussLegendre } from './gauss-legendre.ts'

it.each([1, 2, 5, 16, 512])('integrates polynomials exactly with %i points', (count) => {
  const points = gaussLegendre(count)
  for (const degree of [0, 1, count, 2 * count - 1]) {
    const sum = points.reduce((total, { at, weight }) => total + weight * at ** degree, 0)
    expect(sum).toBeCloseTo(1 / (degree + 1), 10)
  }
})
