// The TensorFlow.js kernel of each arithmetic operation, in a table keyed by the closed union.
// Operations that only move elements are in tfjs-layout-kernels.ts, and matrix products in
// tfjs-products.ts; tfjs-graph.ts runs a graph.
import assert from 'node:assert/strict'
import type { Tensor } from '@tensorflow/tfjs-core'
import { layoutKernels } from './tfjs-layout-kernels.ts'
import { matMulKernel, product } from './tfjs-products.ts'
import { sizesIn, tensorIn, type Kernel, type KernelCall, type Kernels } from './tfjs-values.ts'
import type { Operation } from '../tensors/tensor-graph.ts'

/** A kernel for every operation; a new operation does not compile until it has one. */
export const tfjsKernels: Kernels<Operation['kind']> = {
  ...layoutKernels,
  add: binary(({ tf }, a, b) => tf.add(a, b)),
  subtract: binary(({ tf }, a, b) => tf.sub(a, b)),
  multiply: binary(({ tf }, a, b) => tf.mul(a, b)),
  divide: binary(({ tf }, a, b) => {
    // Integers round down here and towards zero in ONNX; no graph of Winnow divides integers.
    assert.equal(a.dtype, 'float32', 'only floats are divided')
    return tf.div(a, b)
  }),
  minimum: binary(({ tf }, a, b) => tf.minimum(a, b)),
  maximum: binary(({ tf }, a, b) => tf.maximum(a, b)),
  less: binary(({ tf }, a, b) => tf.less(a, b)),
  squareRoot: unary(({ tf }, x) => tf.sqrt(x)),
  exponential: unary(({ tf }, x) => tf.exp(x)),
  errorFunction: unary(({ tf }, x) => tf.erf(x)),
  rowMaximum: unary(({ tf }, x) => tf.max(x, -1, true)),
  rowMinimum: unary(({ tf }, x) => tf.min(x, -1, true)),
  gelu: unary(({ tf }, x) => {
    const cumulative = tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)
    return tf.mul(tf.mul(x, 0.5), cumulative) // x times the normal cumulative distribution at x
  }),
  softmax: unary(({ tf }, x) => tf.softmax(x)),
  logSoftmax: unary(({ tf }, x) => tf.logSoftmax(x)),
  l2Normalize: unary(({ tf }, x) => {
    const length = tf.sqrt(tf.sum(tf.mul(x, x), -1, true)) // [.., 1]
    return tf.div(x, tf.maximum(length, smallestLength))
  }),
  matMul: matMulKernel,
  int8Product: (call) => [int8Product(call)],
  quantise: ({ tf, inputs }) => {
    const [x, scale, zero] = tensorsIn(tf, inputs, 3)
    const levels = tf.add(tf.round(tf.div(x!, scale!)), tf.cast(zero!, 'float32'))
    return [tf.cast(tf.clipByValue(levels, 0, 255), 'int32')]
  },
  int8Linear: (call) => [int8Linear(call)],
  gather: ({ tf, inputs }) => [tf.gather(tensorIn(tf, inputs[0]), tensorIn(tf, inputs[1]))],
  oneHot: ({ tf, inputs }) => {
    const [count = 0] = sizesIn(inputs[1])
    const ids = tf.cast(tensorIn(tf, inputs[0]), 'int32')
    // The third input is always the pair 0 and 1. With floats, the WebAssembly backend 4.22 would
    // return the bits of the integers.
    return [tf.cast(tf.oneHot(ids, count, 1, 0, 'int32'), 'float32')]
  },
  reduceSum: ({ tf, operation, inputs }) => [
    tf.sum(tensorIn(tf, inputs[0]), [...operation.axes], operation.keepDims),
  ],
  layerNorm: (call) => layerNorm(call),
  attention: (call) => [attention(call)],
}

/** A lower bound of the divisor, so that a zero row stays zero. */
const smallestLength = 1e-30
/** What ONNX Runtime adds to the scores of masked keys. */
const maskedScore = -10_000

/** The first `count` inputs as tensors. */
function tensorsIn(
  tf: KernelCall<'quantise'>['tf'],
  inputs: KernelCall<'quantise'>['inputs'],
  count: number,
): readonly Tensor[] {
  return inputs.slice(0, count).map((input) => tensorIn(tf, input))
}

function unary<Kind extends Operation['kind']>(
  compute: (call: KernelCall<Kind>, x: Tensor) => Tensor,
): Kernel<Kind> {
  return (call) => [compute(call, tensorIn(call.tf, call.inputs[0]))]
}

function binary<Kind extends Operation['kind']>(
  compute: (call: KernelCall<Kind>, a: Tensor, b: Tensor) => Tensor,
): Kernel<Kind> {
  return (call) => {
    const { tf, inputs } = call
    return [compute(call, tensorIn(tf, inputs[0]), tensorIn(tf, inputs[1]))]
  }
}

/**
 * The normalised rows [.., width], their mean [.., 1] and inverse standard deviation [.., 1].
 */
function layerNorm({ tf, operation, inputs }: KernelCall<'layerNorm'>): Tensor[] {
  const [x, scale, bias] = inputs.map((input) => tensorIn(tf, input)) as [Tensor, Tensor, Tensor]
  const mean = tf.mean(x, -1, true)
  const centred = tf.sub(x, mean)
  const variance = tf.mean(tf.mul(centred, centred), -1, true)
  const inverseDeviation = tf.rsqrt(tf.add(variance, operation.epsilon))
  const normal = tf.mul(centred, inverseDeviation)
  return [tf.add(tf.mul(normal, scale), bias), mean, inverseDeviation]
}

/**
 * x [.., k], quantised to uint8 with one scale and zero point, times elements [k, n] and scales
 * [n], plus bias [n], as DynamicQuantizeMatMul of ONNX Runtime computes it.
 */
function int8Product(call: KernelCall<'int8Product'>): Tensor {
  const { tf, inputs } = call
  const [x, elements, scales] = inputs.slice(0, 3).map((input) => tensorIn(tf, input)) as [
    ...[Tensor, Tensor, Tensor],
  ]
  const least = tf.minimum(tf.min(x), 0)
  const step = tf.div(tf.sub(tf.maximum(tf.max(x), 0), least), 255)
  const zero = tf.round(tf.div(tf.neg(least), step))
  const quantised = tf.clipByValue(tf.add(tf.round(tf.div(x, step)), zero), 0, 255)
  const sums = product(call, tf.sub(quantised, zero), tf.cast(elements, 'float32'), 'none')
  const scaled = tf.mul(tf.mul(sums, step), scales)
  return inputs[4] === undefined ? scaled : tf.add(scaled, tensorIn(tf, inputs[4]))
}

/** x uint8 [.., k] minus zero, times elements [k, n], scale and scales [n], plus bias [n]. */
function int8Linear(call: KernelCall<'int8Linear'>): Tensor {
  const { tf, inputs } = call
  const [x, elements, scale, scales, zero] = tensorsIn(tf, inputs, 5)
  const levels = tf.cast(tf.sub(x!, tf.cast(zero!, 'int32')), 'float32')
  // Sums of up to 2^24 are exact in float32, and no product here is wide enough to exceed it much.
  const sums = product(call, levels, tf.cast(elements!, 'float32'), 'none')
  return tf.add(tf.mul(sums, tf.mul(scales!, scale!)), tensorIn(tf, inputs[6]))
}

/** query, key, value [batch, tokens, hidden], lengths [batch] -> [batch, tokens, hidden]. */
function attention(call: KernelCall<'attention'>): Tensor {
  const { tf, operation, inputs } = call
  const [query, key, value] = inputs.slice(0, 3).map((x) => tensorIn(tf, x)) as [
    ...[Tensor, Tensor, Tensor],
  ]
  const [batch, tokens, hidden] = query.shape as [number, number, number]
  const { heads } = operation
  const width = hidden / heads
  const splitHeads = (x: Tensor): Tensor =>
    tf.transpose(tf.reshape(x, [batch, x.shape[1]!, heads, width]), [0, 2, 1, 3])
  const scores = tf.mul(
    product(call, splitHeads(query), splitHeads(key), 'b'),
    1 / Math.sqrt(width),
  )
  const lengths = inputs[4] === undefined ? undefined : tensorIn(tf, inputs[4])
  const masked =
    lengths === undefined ? scores : tf.add(scores, attentionMask(call, lengths, key.shape[1]!))
  const attended = product(call, tf.softmax(masked), splitHeads(value), 'none')
  return tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [batch, tokens, hidden])
}

/** lengths int32 [batch] -> 0 for real tokens, else -10,000: float32 [batch, 1, 1, keys]. */
function attentionMask({ tf }: KernelCall<'attention'>, lengths: Tensor, keys: number): Tensor {
  const positions = tf.range(0, keys, 1, 'int32')
  const padding = tf.greaterEqual(positions, tf.reshape(lengths, [-1, 1])) // [batch, keys]
  return tf.reshape(tf.mul(tf.cast(padding, 'float32'), maskedScore), [-1, 1, 1, keys])
}
