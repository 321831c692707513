// One step of AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) with clipping by the global
// norm, as nodes of the training graph. It owns the arithmetic; rates and their schedule are fed by
// runs.
import * as op from '../tensors/operations.ts'
import type { GraphBuilder, Value } from '../tensors/tensor-graph.ts'

/** Decay rates of the two moments, and the norm to which longer gradients are shortened. */
export type AdamSettings = {
  readonly beta1: number
  readonly beta2: number
  readonly clipNorm: number
}

/**
 * What one run feeds so that moments need no correction of their own: see `adamScalars`. All are
 * float32 [].
 */
export type AdamRates = { readonly rate: Value; readonly kept: Value; readonly epsilon: Value }

/**
 * Numbers to feed at step t (from 1). Moments are kept as plain sums M = m / (1 - beta1) and
 * V = v / (1 - beta2), which saves two passes over the weights; their corrections are folded into
 * the rate and epsilon: rate m̂ / (sqrt(v̂) + epsilon) = rate' M / (sqrt(V) + epsilon').
 */
export function adamScalars(
  settings: AdamSettings & { epsilon: number },
  step: { rate: number; decay: number; t: number },
): { rate: number; kept: number; epsilon: number } {
  const { beta1, beta2, epsilon } = settings
  const spread = Math.sqrt((1 - beta2 ** step.t) / (1 - beta2))
  return {
    rate: (step.rate * spread * (1 - beta1)) / (1 - beta1 ** step.t),
    kept: 1 - step.rate * step.decay,
    epsilon: epsilon * spread,
  }
}

/** The Euclidean norm of all gradients together, and the factor that shortens it: float32 []. */
export function clipping(
  graph: GraphBuilder,
  gradients: readonly Value[],
  { clipNorm }: AdamSettings,
): { norm: Value; factor: Value } {
  const squares = gradients.map((gradient) =>
    op.reduceSum(graph, op.multiply(graph, gradient, gradient), {
      axes: [...gradient.shape.keys()],
      keepDims: false,
    }),
  )
  const norm = op.squareRoot(
    graph,
    squares.reduce((sum, square) => op.add(graph, sum, square)),
  )
  const room = op.divide(graph, op.scalar(graph, clipNorm), norm)
  return { norm, factor: op.minimum(graph, op.scalar(graph, 1), room) }
}

/** The new weight and moment sums; all have the weight's shape. */
export function adamStep(
  graph: GraphBuilder,
  operands: { weight: Value; gradient: Value; first: Value; second: Value; factor: Value },
  options: AdamSettings & { rates: AdamRates; decay: 'decays' | 'stays' },
): { weight: Value; first: Value; second: Value } {
  const { rates, decay, beta1, beta2 } = options
  const { weight, factor } = operands
  const gradient = op.multiply(graph, operands.gradient, factor)
  const first = op.add(graph, op.scale(graph, operands.first, beta1), gradient)
  const square = op.multiply(graph, gradient, gradient)
  const second = op.add(graph, op.scale(graph, operands.second, beta2), square)
  const divisor = op.add(graph, op.squareRoot(graph, second), rates.epsilon)
  const change = op.multiply(graph, op.divide(graph, first, divisor), rates.rate)
  const kept = decay === 'decays' ? op.multiply(graph, weight, rates.kept) : weight
  return { weight: op.subtract(graph, kept, change), first, second }
}
