// The TensorFlow.js kernel of each operation that moves, slices or casts elements. Sizes stay plain
// numbers for as long as possible. Arithmetic is in tfjs-kernels.ts.
import type { Tensor } from '@tensorflow/tfjs-core'
import type { Tfjs } from './tfjs-backend.ts'
import { isSizes, shapeOf, sizesIn, tensorIn, tfjsTypes, type Kernels } from './tfjs-values.ts'
import type { ElementType } from '../tensors/tensor-graph.ts'

type LayoutKind =
  | 'split'
  | 'sizeOf'
  | 'take'
  | 'drop'
  | 'concat'
  | 'expand'
  | 'reshape'
  | 'transpose'
  | 'cast'
  | 'squeeze'
  | 'unsqueeze'

/** The kernels of the operations in layout-operations.ts. */
export const layoutKernels: Kernels<LayoutKind> = {
  split: ({ tf, operation, inputs }) => tf.split(tensorIn(tf, inputs[0]), operation.parts, -1),
  sizeOf: ({ operation, inputs }) => [[shapeOf(inputs[0]!)[operation.axis]!]],
  take: ({ tf, operation: { axis }, inputs }) => {
    const x = tensorIn(tf, inputs[0])
    return [slice(tf, x, { axis, from: 0, to: countIn(inputs, x.shape[axis]!) })]
  },
  drop: ({ tf, operation: { axis }, inputs }) => {
    const x = tensorIn(tf, inputs[0])
    const to = x.shape[axis]!
    return [slice(tf, x, { axis, from: countIn(inputs, to), to })]
  },
  concat: ({ tf, operation: { axis }, inputs }) => {
    const parts = inputs as Parameters<typeof tensorIn>[1][]
    if (parts.every((part) => isSizes(part!))) return [parts.flatMap((part) => sizesIn(part))]
    return [
      tf.concat(
        parts.map((part) => tensorIn(tf, part)),
        axis,
      ),
    ]
  },
  expand: ({ tf, inputs }) => [tf.broadcastTo(tensorIn(tf, inputs[0]), [...sizesIn(inputs[1])])],
  reshape: ({ tf, inputs }) => {
    const x = tensorIn(tf, inputs[0])
    // As in ONNX, 0 keeps the size of the axis, and -1 is inferred.
    const sizes = sizesIn(inputs[1]).map((size, axis) => (size === 0 ? x.shape[axis]! : size))
    return [tf.reshape(x, sizes)]
  },
  transpose: ({ tf, operation, inputs }) => [
    tf.transpose(tensorIn(tf, inputs[0]), [...operation.order]),
  ],
  cast: ({ tf, operation, inputs }) => [cast(tf, tensorIn(tf, inputs[0]), operation.to)],
  squeeze: ({ tf, operation, inputs }) => [tf.squeeze(tensorIn(tf, inputs[0]), [operation.axis])],
  unsqueeze: ({ tf, operation, inputs }) => [
    tf.expandDims(tensorIn(tf, inputs[0]), operation.axis),
  ],
}

/** The count in the second input, at most `size`. */
function countIn(inputs: readonly Parameters<typeof sizesIn>[0][], size: number): number {
  const [count = 0] = sizesIn(inputs[1])
  return Math.min(count, size)
}

function slice(
  tf: Tfjs,
  x: Tensor,
  { axis, from, to }: { axis: number; from: number; to: number },
): Tensor {
  const begin = x.shape.map((_, i) => (i === axis ? from : 0))
  return tf.slice(x, begin, x.shape.toSpliced(axis, 1, to - from))
}

function cast(tf: Tfjs, x: Tensor, to: ElementType): Tensor {
  const type = tfjsTypes[to]
  // Everything but 0 is true. The backends' own casts would drop the fraction first.
  if (type === 'bool' && x.dtype === 'float32') return tf.notEqual(x, 0)
  return tf.cast(x, type)
}
