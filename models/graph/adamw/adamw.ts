// One step of AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) with clipping by the global
// norm, as nodes of the training graph. The trainer computes the learning rates and feeds them.
import * as op from '../tensors/operations.ts'
import type { GraphBuilder, Value } from '../tensors/tensor-graph.ts'

/** The decay rates of the two moments, and the norm to which longer gradients are clipped. */
export type AdamSettings = {
  readonly beta1: number
  readonly beta2: number
  readonly clipNorm: number
}

/** The inputs that every step feeds, all float32 []; `adamScalars` computes them. */
export type AdamRates = {
  readonly rate: Value
  /** What decayed weights are multiplied by: 1 - learning rate times weight decay. */
  readonly decayFactor: Value
  readonly epsilon: Value
}

/**
 * The numbers to feed at step t, which counts from 1. Moments are stored as plain sums
 * M = m / (1 - beta1) and V = v / (1 - beta2), which saves two passes over the weights. The bias
 * corrections are part of the rate and epsilon: rate m̂ / (sqrt(v̂) + epsilon) =
 * rate' M / (sqrt(V) + epsilon').
 */
export function adamScalars(
  settings: AdamSettings & { epsilon: number },
  step: { rate: number; decay: number; t: number },
): { rate: number; decayFactor: number; epsilon: number } {
  const { beta1, beta2, epsilon } = settings
  const secondScale = Math.sqrt((1 - beta2 ** step.t) / (1 - beta2)) // sqrt(V) / sqrt(v̂)
  return {
    rate: (step.rate * secondScale * (1 - beta1)) / (1 - beta1 ** step.t),
    decayFactor: 1 - step.rate * step.decay,
    epsilon: epsilon * secondScale,
  }
}

/** The Euclidean norm of all gradients together, and the factor that clips it, both float32 []. */
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
  const factor = op.divide(graph, op.scalar(graph, clipNorm), norm)
  return { norm, factor: op.minimum(graph, op.scalar(graph, 1), factor) }
}

/** The next weight and moment sums, all of the weight's shape. */
export function adamStep(
  graph: GraphBuilder,
  operands: { weight: Value; gradient: Value; first: Value; second: Value; factor: Value },
  options: AdamSettings & { rates: AdamRates; weightDecay: 'applied' | 'none' },
): { weight: Value; first: Value; second: Value } {
  const { rates, weightDecay, beta1, beta2 } = options
  const { weight, factor } = operands
  const gradient = op.multiply(graph, operands.gradient, factor)
  const first = op.add(graph, op.scale(graph, operands.first, beta1), gradient)
  const square = op.multiply(graph, gradient, gradient)
  const second = op.add(graph, op.scale(graph, operands.second, beta2), square)
  const divisor = op.add(graph, op.squareRoot(graph, second), rates.epsilon)
  const change = op.multiply(graph, op.divide(graph, first, divisor), rates.rate)
  const decayed = weightDecay === 'applied' ? op.multiply(graph, weight, rates.decayFactor) : weight
  return { weight: op.subtract(graph, decayed, change), first, second }
}
