// The points and weights of Clenshaw-Curtis quadrature on [0, 1], by which integrated gradients
// approximate their integral. Twice as many steps use all points of before, and both ends, at which
// the log-odds are needed anyway. Gauss-Legendre quadrature, which shares no points, is hardly more
// precise (Trefethen 2008, "Is Gauss quadrature better than Clenshaw-Curtis?", SIAM Review 50).

/** One point from 0 to 1, and its weight; all weights add up to 1. */
export type QuadraturePoint = { readonly at: number; readonly weight: number }

/** The `steps` + 1 points in order; `steps` is even. */
export function quadraturePoints(steps: number): QuadraturePoint[] {
  return Array.from({ length: steps + 1 }, (_, index) => {
    const angle = (index * Math.PI) / steps
    let sum = 1
    for (let j = 1; j <= steps / 2; j++) {
      const factor = j === steps / 2 ? 1 : 2
      sum -= (factor * Math.cos(2 * j * angle)) / (4 * j * j - 1)
    }
    const isEnd = index === 0 || index === steps
    return { at: (1 - Math.cos(angle)) / 2, weight: (isEnd ? 0.5 : 1) * (sum / steps) }
  })
}
