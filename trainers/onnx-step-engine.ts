// Training steps on ONNX Runtime: one session computes loss and gradients, another one logits. Clipping
// and AdamW run in WebAssembly, which passes over the weights once where a graph would 14 times.
import assert from 'node:assert/strict'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { AdamKernel } from '../models/graph/adamw-kernel.ts'
import type { AdamSettings } from '../models/graph/adamw.ts'
import { writeOnnx } from '../models/graph/onnx-writer.ts'
import type { TensorGraph, Value } from '../models/graph/tensor-graph.ts'
import { stepNames } from '../models/graph/training-step.ts'
import { sessionOptions } from '../models/session-options.ts'
import type { NamedTensors, OpenStepEngine } from './step-engine.ts'

/** Opens both graphs; the runtime's failures come as they are. */
export const openOnnxStepEngine: OpenStepEngine = async (graphs, { threads }) => {
  const options = { ...sessionOptions, intraOpNumThreads: threads }
  const open = (name: 'gradients' | 'measuring'): Promise<InferenceSession> =>
    InferenceSession.create(writeOnnx(graphs[name], { name }), options)
  const session = await open('gradients')
  const measuring = await open('measuring')
  const kernel = new AdamKernel()
  const gradients = new GradientTensors(graphs.gradients, kernel)
  return {
    runtime: `ONNX Runtime (${threads === 1 ? 'one thread' : `${threads} threads`})`,
    async step(feeds, fetches) {
      const inputs = graphs.gradients.inputs.map(({ name }) => [name, tensorOf(feeds, name)])
      const results = gradients.for(feeds)
      const loss = tensorOf(fetches, 'loss')
      await session.run(Object.fromEntries(inputs) as NamedTensors, { ...results.outputs, loss })
      update(kernel, { feeds, fetches, gradients: results.byParameter }, graphs.adam)
    },
    async predict(feeds, fetches) {
      await measuring.run(feeds, fetches)
    },
    floats: (count) => kernel.floats(count),
    async close() {
      await session.release()
      await measuring.release()
    },
  }
}

/** Where the session writes gradients: the same memory in every step. */
class GradientTensors {
  readonly #parameters: readonly { readonly name: string; readonly input: Value }[]
  readonly #kernel: AdamKernel
  readonly #kept = new Map<string, Tensor>()

  constructor(graph: TensorGraph, kernel: AdamKernel) {
    this.#kernel = kernel
    this.#parameters = graph.inputs
      .filter(({ name }) => graph.outputs.has(stepNames.gradient(name)))
      .map((input) => ({ name: input.name, input }))
  }

  for(feeds: NamedTensors): {
    byParameter: ReadonlyMap<string, Tensor>
    outputs: Record<string, Tensor>
  } {
    const byParameter = new Map(
      this.#parameters.map(({ name, input }) => {
        const { size, dims } = tensorOf(feeds, name)
        const floats = (elements: Float32Array): Tensor => new Tensor('float32', elements, dims)
        // A table's used rows are others in every step.
        const fixed = input.shape.every((axis) => typeof axis === 'number')
        if (!fixed) return [name, floats(new Float32Array(size))]
        const known = this.#kept.get(name) ?? floats(this.#kernel.floats(size))
        this.#kept.set(name, known)
        return [name, known]
      }),
    )
    const outputs = [...byParameter].map(([name, tensor]) => [stepNames.gradient(name), tensor])
    return { byParameter, outputs: Object.fromEntries(outputs) as Record<string, Tensor> }
  }
}

/** Clips by the global norm and takes a step of AdamW, as the graph of `buildTrainingStep` does. */
function update(
  kernel: AdamKernel,
  step: { feeds: NamedTensors; fetches: NamedTensors; gradients: ReadonlyMap<string, Tensor> },
  { beta1, beta2, clipNorm }: AdamSettings,
): void {
  const { feeds, fetches, gradients } = step
  let squares = 0
  for (const gradient of gradients.values()) squares += kernel.squares(elementsOf(gradient))
  const norm = Math.sqrt(squares)
  elementsOf(tensorOf(fetches, 'gradient_norm'))[0] = norm
  const factor = Math.min(1, clipNorm / norm)
  const number = (name: string): number => elementsOf(tensorOf(feeds, name))[0]!
  /** The output for an input, holding what was fed. */
  const next = (name: string): Float32Array => {
    const elements = elementsOf(tensorOf(fetches, stepNames.next(name)))
    const fed = elementsOf(tensorOf(feeds, name))
    if (elements !== fed) elements.set(fed)
    return elements
  }
  for (const [name, gradient] of gradients) {
    const group = name.slice(0, name.indexOf('/'))
    const arrays = {
      ...{ weight: next(name), gradient: elementsOf(gradient) },
      ...{ first: next(stepNames.first(name)), second: next(stepNames.second(name)) },
    }
    kernel.step(arrays, {
      ...{ factor, beta1, beta2, epsilon: number('epsilon') },
      rate: number(stepNames.rate(group)),
      // Biases and the scales of normalisations do not decay.
      kept: gradient.dims.length > 1 ? number(stepNames.kept(group)) : 1,
    })
  }
}

function tensorOf(tensors: NamedTensors, name: string): Tensor {
  const tensor = tensors[name]
  assert.ok(tensor !== undefined, `no tensor for ${name}`)
  return tensor
}

function elementsOf({ data }: Tensor): Float32Array {
  assert.ok(data instanceof Float32Array)
  return data
}
