// The preconditioner of logistic regression: multiplies by an approximate inverse Hessian, so that
// L-BFGS needs fewer passes over the examples. It runs the products in ONNX Runtime;
// curvature-sketch.ts computes the small matrices.
import * as ort from '../../models/runtime/onnx-runtime.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import * as op from '../../models/graph/tensors/operations.ts'
import { GraphBuilder } from '../../models/graph/tensors/tensor-graph.ts'
import { inverseCurvature, sketchCurvature, type CurvatureSketch } from './curvature-sketch.ts'
import { openMatrixSession } from './matrix-session.ts'

/** Rows of features, float32 [rows, width], and their transpose. */
export type FeatureBlock = { readonly x: ort.Tensor; readonly x_transposed: ort.Tensor }

/**
 * Sketches the covariance of the features, and opens a session that multiplies coefficients,
 * float64 [width, labels], by the approximate inverse Hessian. The caller closes it.
 */
export async function openPreconditioner(
  blocks: readonly FeatureBlock[],
  options: {
    width: number
    labels: number
    threads: number
    /** The trace of the covariance: the sum of the mean squares of the features. */
    trace: number
    /** The Hessian of a label's loss at the start, as a multiple of the covariance. */
    curvature: number
  },
): Promise<{
  apply: (vector: Float64Array, penalty: number) => Promise<Float64Array>
  close: () => Promise<void>
}> {
  const { width, labels, threads, curvature } = options
  const sketch = await sketchFeatures(blocks, options)
  const { basis, basisTransposed, rank } = sketch
  const session = await openMatrixSession(inverseGraph({ width, labels, rank }), threads)
  const fixed = {
    basis: new ort.Tensor('float32', basis, [width, rank]),
    basis_transposed: new ort.Tensor('float32', basisTransposed, [rank, width]),
  }
  const narrow = new Float32Array(width * labels)
  const product = new ort.Tensor('float32', new Float32Array(width * labels), [width, labels])
  let current: { penalty: number; outside: ort.Tensor; inner: ort.Tensor } | undefined
  const inverseAt = (penalty: number): { outside: ort.Tensor; inner: ort.Tensor } => {
    if (current?.penalty !== penalty) {
      const { outside, inner } = inverseCurvature(sketch, { curvature, penalty })
      current = {
        penalty,
        outside: new ort.Tensor('float32', Float32Array.of(outside), [1, 1]),
        inner: new ort.Tensor('float32', inner, [rank, rank]),
      }
    }
    return { outside: current.outside, inner: current.inner }
  }
  return {
    async apply(vector, penalty) {
      narrow.set(vector)
      const feeds = { vector: new ort.Tensor('float32', narrow, [width, labels]), ...fixed }
      await session.run({ ...feeds, ...inverseAt(penalty) }, { product })
      return new Float64Array(product.data)
    },
    close: () => session.release(),
  }
}

async function sketchFeatures(
  blocks: readonly FeatureBlock[],
  { width, trace, threads }: { width: number; trace: number; threads: number },
): Promise<CurvatureSketch> {
  const rows = blocks.reduce((sum, block) => sum + block.x.dims[0]!, 0)
  const session = await openMatrixSession(covarianceGraph(width), threads)
  try {
    return await sketchCurvature({
      width,
      trace,
      async times(columns, rank) {
        const sum = new Float32Array(width * rank)
        const product = new ort.Tensor('float32', new Float32Array(width * rank), [width, rank])
        const vectors = new ort.Tensor('float32', columns, [width, rank])
        for (const { x, x_transposed } of blocks) {
          await session.run({ x, x_transposed, vectors }, { product })
          const partial = product.data
          for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + partial[i]! / rows
        }
        return sum
      },
    })
  } finally {
    await session.release()
  }
}

/** x [rows, width], vectors [width, rank] -> x^T x vectors [width, rank]. */
function covarianceGraph(width: number): Uint8Array {
  const graph = new GraphBuilder()
  const x = graph.input('x', 'float32', ['rows', width])
  const transposed = graph.input('x_transposed', 'float32', [width, 'rows'])
  const vectors = graph.input('vectors', 'float32', [width, 'rank'])
  graph.output('product', op.matMul(graph, transposed, op.matMul(graph, x, vectors)))
  return writeOnnx(graph.finish(), { name: 'covariance' })
}

/** vector [width, labels] -> outside vector + basis inner basis^T vector [width, labels]. */
function inverseGraph(size: { width: number; labels: number; rank: number }): Uint8Array {
  const { width, labels, rank } = size
  const graph = new GraphBuilder()
  const vector = graph.input('vector', 'float32', [width, labels])
  const basis = graph.input('basis', 'float32', [width, rank])
  const basisTransposed = graph.input('basis_transposed', 'float32', [rank, width])
  const inner = graph.input('inner', 'float32', [rank, rank])
  const outside = graph.input('outside', 'float32', [1, 1])
  const within = op.matMul(graph, inner, op.matMul(graph, basisTransposed, vector))
  const spread = op.multiply(graph, vector, outside)
  graph.output('product', op.add(graph, spread, op.matMul(graph, basis, within)))
  return writeOnnx(graph.finish(), { name: 'inverse-curvature' })
}
