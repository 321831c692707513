// Training steps on TensorFlow.js: both graphs interpreted on the best backend that is installed.
// It owns the way of tensors there and back; graphs run in models/graph/tfjs/tfjs-graph.ts.
import assert from 'node:assert/strict'
import type { Tensor as FedTensor } from 'onnxruntime-node'
import { openTfjs, type TfjsBackend } from '../../models/graph/tfjs/tfjs-backend.ts'
import { TfjsGraph } from '../../models/graph/tfjs/tfjs-graph.ts'
import type { NamedTensors, OpenStepEngine } from './step-engine.ts'

/**
 * Opens both graphs. The number of threads is the backend's own; WebAssembly has one in Node.
 * Everything that is fed is copied to the backend for each call, and freed after it.
 *
 * @throws WinnowError `engine_unavailable` when TensorFlow.js is not installed.
 */
export const openTfjsStepEngine: OpenStepEngine = async (graphs) => {
  const backend = await openTfjs()
  const step = new TfjsGraph(backend, graphs.step)
  const measuring = new TfjsGraph(backend, graphs.measuring)
  return {
    runtime: backend.description,
    step: (feeds, fetches) => run(backend, step, { feeds, fetches }),
    predict: (feeds, fetches) => run(backend, measuring, { feeds, fetches }),
    close() {
      step.close()
      measuring.close()
      return Promise.resolve()
    },
  }
}

async function run(
  { tf }: TfjsBackend,
  graph: TfjsGraph,
  { feeds, fetches }: { feeds: NamedTensors; fetches: NamedTensors },
): Promise<void> {
  const upload = ({ type, data, dims }: FedTensor): ReturnType<typeof tf.tensor> => {
    assert.ok(type === 'float32' || type === 'int32', `a tensor of ${type} cannot be fed`)
    return tf.tensor(data as Float32Array | Int32Array, [...dims], type)
  }
  const fed: Record<string, ReturnType<typeof upload>> = {}
  const results: Record<string, ReturnType<typeof upload>> = {}
  try {
    for (const [name, tensor] of Object.entries(feeds)) fed[name] = upload(tensor)
    Object.assign(results, graph.run(fed))
    for (const [name, { data }] of Object.entries(fetches)) {
      const result = results[name]
      assert.ok(result !== undefined, `the graph has no output ${name}`)
      const elements = data as Float32Array
      elements.set(await result.data<'float32'>())
    }
  } finally {
    tf.dispose([fed, results])
  }
}
