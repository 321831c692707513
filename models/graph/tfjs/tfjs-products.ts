// Matrix products on TensorFlow.js. The WebAssembly backend has a fast kernel for two plain
// matrices and a slow one (a tenth to a twentieth of its speed, measured) for everything else, so
// products are brought into the fast form where that can be done.
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import type { Product } from '../tensors/tensor-graph.ts'
import { tensorIn, type Kernel, type KernelCall } from './tfjs-values.ts'

type Transposed = Product['transposed']
type Call = Pick<KernelCall<'matMul'>, 'tf' | 'backend'>

/** [.., m, k] x [.., k, n] -> [.., m, n], an operand perhaps transposed, times a number. */
export const matMulKernel: Kernel<'matMul'> = (call) => {
  const { tf, operation, inputs } = call
  const { transposed, scale } = operation
  const result = product(call, tensorIn(tf, inputs[0]), tensorIn(tf, inputs[1]), transposed)
  return [scale === 1 ? result : tf.mul(result, scale)]
}

/** The product alone. */
export function product(call: Call, a: Tensor, b: Tensor, transposed: Transposed): Tensor {
  const { tf } = call
  const [turnsA, turnsB] = [
    transposed === 'a' || transposed === 'both',
    transposed === 'b' || transposed === 'both',
  ]
  if (call.backend === 'wasm' && b.rank === 2 && (a.rank === 2 || !turnsA)) {
    // Rows of a batch share b: one product over all of them.
    const rows = tf.reshape(turnsA ? tf.transpose(a) : a, [-1, a.shape.at(turnsA ? -2 : -1)!])
    const columns = (turnsB ? tf.transpose(b) : b) as Tensor2D
    const flat = tf.matMul(rows, columns)
    return a.rank === 2 ? flat : tf.reshape(flat, [...a.shape.slice(0, -1), columns.shape[1]])
  }
  const [left, right] = sharedBatch(call, a, b)
  return tf.matMul(left, right, turnsA, turnsB)
}

/**
 * Backends repeat a batch of one matrix, but not single axes of a batch: those are repeated here.
 */
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
