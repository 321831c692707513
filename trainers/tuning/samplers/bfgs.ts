// Minimises a smooth function of a few variables by BFGS with a backtracking line search (Nocedal
// and Wright 2006, "Numerical Optimization", 6.1). For many variables there is head/lbfgs.ts.

/** A value with its gradient, float64 [variables]; a value that is not finite is avoided. */
export type Slope = { readonly value: number; readonly gradient: Float64Array }

/** The point where it ended, and the value there. */
export function minimizeBfgs(
  evaluate: (point: Float64Array) => Slope,
  start: Float64Array,
  { iterationsMax, gradientMax }: { iterationsMax: number; gradientMax: number },
): { readonly point: Float64Array; readonly value: number } {
  const n = start.length
  let point = start
  let at = evaluate(point)
  let inverse = identity(n)
  for (let iteration = 0; iteration < iterationsMax; iteration++) {
    if (Math.max(...at.gradient.map(Math.abs)) < gradientMax) break
    let direction = times(inverse, at.gradient).map((value) => -value)
    if (dot(direction, at.gradient) >= 0) {
      inverse = identity(n)
      direction = at.gradient.map((value) => -value)
    }
    const found = lineSearch(evaluate, { point, at, direction })
    if (found === undefined) break
    updateInverse(inverse, {
      step: found.point.map((value, index) => value - point[index]!),
      change: found.at.gradient.map((value, index) => value - at.gradient[index]!),
    })
    ;({ point, at } = found)
  }
  return { point, value: at.value }
}

/** No variable moves further than this at once: they are logarithms. */
const stepMax = 2

function lineSearch(
  evaluate: (point: Float64Array) => Slope,
  { point, at, direction }: { point: Float64Array; at: Slope; direction: Float64Array },
): { point: Float64Array; at: Slope } | undefined {
  const descent = dot(direction, at.gradient)
  let length = Math.min(1, stepMax / Math.max(...direction.map(Math.abs)))
  for (let halving = 0; halving < 20; halving++) {
    const next = point.map((value, index) => value + length * direction[index]!)
    const there = evaluate(next)
    if (there.value <= at.value + 1e-4 * length * descent) return { point: next, at: there }
    length /= 2
  }
  return undefined
}

function updateInverse(
  inverse: Float64Array,
  { step, change }: { step: Float64Array; change: Float64Array },
): void {
  const n = step.length
  const curvature = dot(step, change)
  if (curvature < 1e-10) return
  const moved = times(inverse, change)
  const scale = (1 + dot(change, moved) / curvature) / curvature
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < n; column++) {
      const at = row * n + column
      inverse[at] =
        inverse[at]! +
        scale * step[row]! * step[column]! -
        (moved[row]! * step[column]! + step[row]! * moved[column]!) / curvature
    }
  }
}

function identity(n: number): Float64Array {
  const matrix = new Float64Array(n * n)
  for (let row = 0; row < n; row++) matrix[row * n + row] = 1
  return matrix
}

function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const n = vector.length
  return vector.map((_, row) => dot(matrix.subarray(row * n, (row + 1) * n), vector))
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!
  return sum
}
