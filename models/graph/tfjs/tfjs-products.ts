// Matrix products on TensorFlow.js. The WebAssembly backend has a fast kernel for two plain
// matrices. Its kernel for everything else is 10 to 20 times slower (measured), so this file
// rewrites products into the fast form where it can.
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import type { Product } from '../tensors/tensor-graph.ts'
import { tensorIn, type Kernel, type KernelCall } from './tfjs-values.ts'

type Transposed = Product['transposed']
type Call = Pick<KernelCall<'matMul'>, 'tf' | 'backend'>

/** The kernel of `matMul`: [.., m, k] x [.., k, n] -> [.., m, n], times `scale`. */
export const matMulKernel: Kernel<'matMul'> = (call) => {
  const { tf, operation, inputs } = call
  const { transposed, scale } = operation
  const result = product(call, tensorIn(tf, inputs[0]), tensorIn(tf, inputs[1]), transposed)
  return [scale === 1 ? result : tf.mul(result, scale)]
}

/** The matrix product without a factor: [.., m, k] x [.., k, n] -> [.., m, n]. */
export function product(call: Call, a: Tensor, b: Tensor, transposed: Transposed): Tensor {
  const { tf } = call
  const [transposesA, transposesB] = [
    transposed === 'a' || transposed === 'both',
    transposed === 'b' || transposed === 'both',
  ]
  if (call.backend === 'wasm' && b.rank === 2 && (a.rank === 2 || !transposesA)) {
    // All rows of the batch share b, so one product covers them.
    const rows = tf.reshape(transposesA ? tf.transpose(a) : a, [
      -1,
      a.shape.at(transposesA ? -2 : -1)!,
    ])
    const columns = (transposesB ? tf.transpose(b) : b) as Tensor2D
    const flat = tf.matMul(rows, columns)
    return a.rank === 2 ? flat : tf.reshape(flat, [...a.shape.slice(0, -1), columns.shape[1]])
  }
  const [left, right] = sharedBatch(call, a, b)
  return tf.matMul(left, right, transposesA, transposesB)
}

/** Expands both batches to one shape. Backends only broadcast a batch of one matrix themselves. */
function sharedBatch({ tf }: Call, a: Tensor, b: Tensor): [Tensor, Tensor] {
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  const count = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1)
  if (batchA.join() === batchB.join() || count(batchA) === 1 || count(batchB) === 1) return [a, b]
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB)
  return [
    tf.broadcastTo(a, [...batch, ...a.shape.slice(-2)]),
    tf.broadcastTo(b, [...batch, ...b.shape.slice(-2)]),
  ]
}
