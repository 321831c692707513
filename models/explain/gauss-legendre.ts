// The points and weights of Gauss-Legendre quadrature on [0, 1], by which integrated gradients
// approximate their integral, as Captum does by default.

/** One point between 0 and 1, and its weight; all weights add up to 1. */
export type QuadraturePoint = { readonly at: number; readonly weight: number }

const newtonStepsMax = 100

/**
 * The points in order. Each is a root of the Legendre polynomial of degree `count`, found by
 * Newton's method (Press et al., Numerical Recipes, section 4.6).
 */
export function gaussLegendre(count: number): QuadraturePoint[] {
  return Array.from({ length: count }, (_, index) => {
    let x = -Math.cos((Math.PI * (index + 0.75)) / (count + 0.5))
    let derivative = 1
    for (let step = 0; step < newtonStepsMax; step++) {
      let [before, value] = [0, 1]
      for (let degree = 1; degree <= count; degree++) {
        const next = ((2 * degree - 1) * x * value - (degree - 1) * before) / degree
        before = value
        value = next
      }
      derivative = (count * (x * value - before)) / (x * x - 1)
      const change = value / derivative
      x -= change
      if (Math.abs(change) < 1e-15) break
    }
    return { at: (1 + x) / 2, weight: 1 / ((1 - x * x) * derivative * derivative) }
  })
}
