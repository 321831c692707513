// Runs training steps on TensorFlow.js, on the best installed backend. It copies tensors to the
// backend and back; models/graph/tfjs/tfjs-graph.ts runs the graphs.
import assert from 'node:assert/strict'
import type { Tensor as FedTensor } from 'onnxruntime-node'
import { openTfjs, type TfjsBackend } from '../../models/graph/tfjs/tfjs-backend.ts'
import { TfjsGraph } from '../../models/graph/tfjs/tfjs-graph.ts'
import type { NamedTensors, OpenStepEngine } from './step-engine.ts'

/**
 * Opens both graphs. The backend decides on the number of threads; WebAssembly has one in Node.
 * Each call copies its inputs to the backend and frees them afterwards.
 *
 * @throws WinnowError `engine_unavailable` when TensorFlow.js is not installed.
 */
export const openTfjsStepEngine: OpenStepEngine = async (graphs) => {
  const backend = await openTfjs()
  const step = new TfjsGraph(backend, graphs.step)
  const evaluation = new TfjsGraph(backend, graphs.evaluation)
  return {
    runtime: backend.description,
    step: (feeds, fetches) => run(backend, step, { feeds, fetches }),
    predict: (feeds, fetches) => run(backend, evaluation, { feeds, fetches }),
    close() {
      step.close()
      evaluation.close()
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
