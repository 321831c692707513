// Minimises a smooth function with limited-memory BFGS (Liu and Nocedal 1989, Mathematical
// Programming 45; Nocedal and Wright 2006, algorithms 7.4, 7.5, 3.5 and 3.6). The caller provides
// the function and, if it has one, a preconditioner.
import { WinnowError } from '../../schemas/errors.ts'

/** A function's value and gradient at a point. The next call may overwrite the gradient. */
export type Evaluation = { readonly value: number; readonly gradient: Float64Array }

/** The function to minimise. */
export type Objective = (point: Float64Array) => Promise<Evaluation>

/** When the search stops, and what it may use. */
export type LbfgsOptions = {
  /** The search stops when no component of the gradient is larger. */
  readonly gradientMax: number
  readonly iterationsMax: number
  /**
   * The relative rounding error of the objective's value, not of its gradient. If two values differ
   * by less, only their slopes count. Default 0; use about 1e-7 for float32 products.
   */
  readonly valueNoise?: number | undefined
  /**
   * Multiplies by an approximate inverse Hessian, which must be symmetric and positive definite. A
   * better approximation needs fewer steps; its scale does not matter. Default: the identity.
   */
  readonly precondition?: ((vector: Float64Array) => Promise<Float64Array>) | undefined
  /** The corrections of an earlier search on a function of similar curvature; not changed. */
  readonly corrections?: readonly Correction[] | undefined
  readonly signal?: AbortSignal | undefined
  /** Called with the largest component of the gradient at the start and after each step. */
  readonly onStep?: ((gradientLargest: number) => void) | undefined
}

/** `converged` is false if the iterations ran out, or rounding errors left no descent direction. */
export type LbfgsResult = {
  readonly point: Float64Array
  readonly value: number
  readonly iterations: number
  readonly evaluations: number
  readonly converged: boolean
  /** The last corrections, for a later search; see `LbfgsOptions.corrections`. */
  readonly corrections: readonly Correction[]
}

/** A step, and the change of the gradient along it; their inner product is positive. */
export type Correction = { readonly step: Float64Array; readonly change: Float64Array }

/** The number of corrections to remember; 5 to 20 are usual. */
const historyMax = 10
/** The constants c1 and c2 of the strong Wolfe conditions, with the usual quasi-Newton values. */
const decreaseFactor = 1e-4
const curvatureFactor = 0.9
const searchStepsMax = 25

/**
 * Minimises `objective` from `start`, which is not changed.
 *
 * @throws WinnowError `training_diverged` if the value at the start is not finite; `cancelled` when
 * the signal fires.
 */
export async function minimizeLbfgs(
  objective: Objective,
  start: Float64Array,
  options: LbfgsOptions,
): Promise<LbfgsResult> {
  let current = await positionAt(objective, start.slice())
  if (!Number.isFinite(current.value)) {
    throw new WinnowError('training_diverged', 'The loss is not a finite number at the start.')
  }
  options.onStep?.(largest(current.gradient))
  const precondition = options.precondition ?? ((vector) => Promise.resolve(vector.slice()))
  const history = [...(options.corrections ?? [])]
  let evaluations = 1
  let iterations = 0
  while (largest(current.gradient) > options.gradientMax && iterations < options.iterationsMax) {
    if (options.signal?.aborted === true)
      throw new WinnowError('cancelled', 'Training was cancelled.')
    const direction = await descentDirection(current.gradient, { history, precondition })
    // Without history the scale of the direction is unknown, so the first trial step has length 1
    // at most.
    const firstStep = history.length > 0 ? 1 : Math.min(1, 1 / norm(direction))
    const found = await searchLine(objective, {
      origin: current,
      direction,
      firstStep,
      noise: (options.valueNoise ?? 0) * Math.abs(current.value),
    })
    evaluations += found.evaluations
    iterations++
    if (found.position === undefined) {
      if (history.length === 0) break
      // The remembered curvature is misleading. Continue without it.
      history.length = 0
      continue
    }
    remember(history, { from: current, to: found.position })
    current = found.position
    options.onStep?.(largest(current.gradient))
  }
  return {
    point: current.point,
    value: current.value,
    iterations,
    evaluations,
    converged: largest(current.gradient) <= options.gradientMax,
    corrections: history,
  }
}

type Position = { point: Float64Array; value: number; gradient: Float64Array }

async function positionAt(objective: Objective, point: Float64Array): Promise<Position> {
  const { value, gradient } = await objective(point)
  return { point, value, gradient: gradient.slice() }
}

function remember(history: Correction[], move: { from: Position; to: Position }): void {
  const step = difference(move.to.point, move.from.point)
  const change = difference(move.to.gradient, move.from.gradient)
  const product = dot(step, change)
  // Without positive curvature the approximation would not stay positive definite.
  if (product <= 1e-12 * dot(change, change)) return
  history.push({ step, change })
  if (history.length > historyMax) history.shift()
}

/**
 * The negated product of the approximate inverse Hessian and the gradient, by the two-loop
 * recursion (algorithm 7.4). Between the loops comes the preconditioner, scaled to the curvature
 * along the last step.
 */
async function descentDirection(
  gradient: Float64Array,
  inverse: {
    history: readonly Correction[]
    precondition: (vector: Float64Array) => Promise<Float64Array>
  },
): Promise<Float64Array> {
  const { history, precondition } = inverse
  const inner = gradient.slice()
  const passes = history.map(({ step, change }) => ({ product: dot(step, change), weight: 0 }))
  for (let i = history.length - 1; i >= 0; i--) {
    const { step, change } = history[i]!
    const pass = passes[i]!
    pass.weight = dot(step, inner) / pass.product
    addScaled(inner, change, -pass.weight)
  }
  const direction = await precondition(inner)
  const last = history.at(-1)
  if (last !== undefined) {
    const curvature = dot(last.change, await precondition(last.change))
    scaleBy(direction, passes.at(-1)!.product / curvature)
  }
  for (const [i, { step, change }] of history.entries()) {
    const { product, weight } = passes[i]!
    addScaled(direction, step, weight - dot(change, direction) / product)
  }
  scaleBy(direction, -1)
  return direction
}

type LineSearch = { origin: Position; direction: Float64Array; firstStep: number; noise: number }
type Trial = { length: number; slope: number; position: Position }

/**
 * Line search by bracketing and interpolation. It finds a step that meets the strong Wolfe
 * conditions, or their approximate form if differences of values are only rounding errors (Hager
 * and Zhang 2005, SIAM J. Optim. 16). Otherwise it returns the best decrease that it saw, or
 * undefined if there was none.
 */
async function searchLine(
  objective: Objective,
  { origin, direction, firstStep, noise }: LineSearch,
): Promise<{ position: Position | undefined; evaluations: number }> {
  const slope = dot(origin.gradient, direction)
  if (slope >= 0) return { position: undefined, evaluations: 0 }
  let low: Trial = { length: 0, slope, position: origin }
  let high: Trial | undefined
  let length = firstStep
  let evaluations = 0
  while (evaluations < searchStepsMax) {
    const point = origin.point.slice()
    addScaled(point, direction, length)
    const position = await positionAt(objective, point)
    evaluations++
    const trial = { length, slope: dot(position.gradient, direction), position }
    const flat = Math.abs(position.value - origin.value) <= noise
    const enough = position.value <= origin.value + decreaseFactor * length * slope
    if (flat ? trial.slope > 0 : !enough || position.value >= low.position.value) {
      high = trial
      // The trial is past the minimum, but so close that the values do not show it.
      if (flat && trial.slope <= -curvatureFactor * slope) return { position, evaluations }
    } else {
      if (Math.abs(trial.slope) <= -curvatureFactor * slope) return { position, evaluations }
      if (high === undefined ? trial.slope > 0 : trial.slope * (high.length - low.length) >= 0) {
        high = low
      }
      low = trial
    }
    length = high === undefined ? 2 * length : interpolate(low, high)
    if (length === low.length || length === high?.length) break
  }
  return { position: low.length === 0 ? undefined : low.position, evaluations }
}

/** The minimum of the cubic with both values and slopes, or the middle if that is near an end. */
function interpolate(low: Trial, high: Trial): number {
  const width = high.length - low.length
  const secant = (high.position.value - low.position.value) / width
  const shape = low.slope + high.slope - 3 * secant
  const root = Math.sign(width) * Math.sqrt(shape * shape - low.slope * high.slope)
  const cubic =
    high.length - (width * (high.slope + root - shape)) / (high.slope - low.slope + 2 * root)
  const [from, to] = width > 0 ? [low.length, high.length] : [high.length, low.length]
  const margin = 0.1 * Math.abs(width)
  if (cubic > from + margin && cubic < to - margin) return cubic
  return low.length + width / 2
}

function difference(a: Float64Array, b: Float64Array): Float64Array {
  const result = new Float64Array(a.length)
  for (let i = 0; i < a.length; i++) result[i] = a[i]! - b[i]!
  return result
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a))
}

function addScaled(target: Float64Array, direction: Float64Array, scale: number): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! + scale * direction[i]!
}

function scaleBy(target: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! * factor
}

function largest(gradient: Float64Array): number {
  let bound = 0
  for (const component of gradient) bound = Math.max(bound, Math.abs(component))
  return bound
}
