// Runs a tensor graph on both engines in one way, for tests that compare them. Feeds and results
// are plain arrays.
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import type { TensorGraph } from '../../models/graph/tensors/tensor-graph.ts'
import { openTfjs } from '../../models/graph/tfjs/tfjs-backend.ts'
import { TfjsGraph } from '../../models/graph/tfjs/tfjs-graph.ts'

/** A tensor as plain elements. */
export type Plain = {
  readonly elements: Float32Array | Int32Array
  readonly shape: readonly number[]
}
export type Feeds = Readonly<Record<string, Plain>>

/** A graph opened on an engine. */
export type OpenGraph = {
  readonly run: (feeds: Feeds) => Promise<Record<string, { shape: number[]; numbers: number[] }>>
  readonly close: () => Promise<void>
}
export type Engine = {
  readonly name: string
  readonly open: (graph: TensorGraph) => Promise<OpenGraph>
}

export const onnxEngine: Engine = {
  name: 'ONNX Runtime',
  async open(graph) {
    const session = await InferenceSession.create(writeOnnx(graph, { name: 'test' }), {
      graphOptimizationLevel: 'disabled',
      logSeverityLevel: 4,
    })
    return {
      async run(feeds) {
        const tensors = mapped(feeds, ({ elements, shape }) =>
          elements instanceof Float32Array
            ? new Tensor('float32', elements, [...shape])
            : new Tensor('int32', elements, [...shape]),
        )
        return mapped(await session.run(tensors), ({ dims, data }) => ({
          shape: [...dims],
          numbers: Array.from(data as Float32Array | BigInt64Array, Number),
        }))
      },
      close: () => session.release(),
    }
  },
}

export const tfjsEngine: Engine = {
  name: 'TensorFlow.js',
  async open(graph) {
    const backend = await openTfjs()
    const { tf } = backend
    const opened = new TfjsGraph(backend, graph)
    return {
      run(feeds) {
        const tensors = mapped(feeds, ({ elements, shape }) => tf.tensor(elements, [...shape]))
        const results = opened.run(tensors)
        const plain = mapped(results, (tensor) => ({
          shape: [...tensor.shape],
          numbers: [...tensor.dataSync()],
        }))
        tf.dispose([tensors, results])
        return Promise.resolve(plain)
      },
      close() {
        opened.close()
        return Promise.resolve()
      },
    }
  },
}

function mapped<From, To>(
  record: Readonly<Record<string, From>>,
  change: (each: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, each]) => [name, change(each)]))
}
