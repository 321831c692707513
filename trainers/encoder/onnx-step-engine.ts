// Runs training steps on ONNX Runtime: one session computes the loss and the gradients, another one
// the logits. Clipping and AdamW run in WebAssembly, which passes over the weights once; a graph
// would do so 14 times.
import assert from 'node:assert/strict'
import { availableParallelism, loadavg } from 'node:os'
import { InferenceSession, Tensor } from '../../models/runtime/onnx-runtime.ts'
import { AdamKernel, type QuantisedMatrix } from '../../models/graph/adamw/adamw-kernel.ts'
import type { AdamSettings } from '../../models/graph/adamw/adamw.ts'
import { int8Names, withInt8Products, type Int8Matrix } from '../../models/graph/int8-products.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import * as op from '../../models/graph/tensors/operations.ts'
import { GraphBuilder, type TensorGraph } from '../../models/graph/tensors/tensor-graph.ts'
import { stepNames } from '../../models/graph/training-step.ts'
import { sessionOptions } from '../../models/runtime/session-options.ts'
import type { NamedTensors, OpenStepEngine, StepEngineOptions } from './step-engine.ts'

/** Opens a session for each graph; errors of the runtime pass through unchanged. */
export const openOnnxStepEngine: OpenStepEngine = async (graphs, { threads, products }) => {
  const options = {
    ...sessionOptions,
    intraOpNumThreads: threads,
    extra: { session: waitingThreads() },
  }
  const open = (graph: TensorGraph, name: string): Promise<InferenceSession> =>
    InferenceSession.create(writeOnnx(graph, { name }), options)
  const { graph, matrices } = withInt8Products(
    graphs.gradients,
    (parameter) => products === 'int8' && parameter.startsWith('layer.'),
  )
  const session = await open(graph, 'gradients')
  const evaluation = await open(graphs.evaluation, 'evaluation')
  const kernel = new AdamKernel({ threads })
  const quantised = new QuantisedWeights(matrices, kernel)
  const largest = matrices.length === 0 ? 0 : await largestWeight()
  const gradients = new GradientTensors(graphs.gradients, kernel)
  return {
    runtime: runtimeName({ threads, products }),
    async step(feeds, fetches) {
      const inputs = graphs.gradients.inputs.map(({ name }) => [name, tensorOf(feeds, name)])
      const bytes = quantised.feeds(feeds, largest)
      const results = gradients.for(feeds)
      const loss = tensorOf(fetches, 'loss')
      await session.run(
        { ...(Object.fromEntries(inputs) as NamedTensors), ...bytes },
        { ...results.outputs, loss },
      )
      const step = { feeds, fetches, gradients: results.byParameter, quantised }
      update(kernel, step, graphs.adam)
    },
    async predict(feeds, fetches) {
      await evaluation.run(feeds, fetches)
    },
    floats: (count) => kernel.floats(count),
    async close() {
      await session.release()
      await evaluation.release()
      await kernel.close()
    },
  }
}

/**
 * How threads wait for each other, which changes no bit of the results. They spin during a run,
 * because it has hundreds of short operations, but not after it. On a machine with twice as much
 * work as cores they sleep instead: there a thread that spins takes the core that the other one
 * needs, and a step takes 1.8 times as long (bench/RESULTS.md).
 */
function waitingThreads(): Record<string, unknown> {
  const [runnable = 0] = loadavg()
  const isBusy = runnable > 2 * availableParallelism()
  return isBusy
    ? { intra_op: { allow_spinning: '0' } }
    : { intra_op: { allow_spinning: '1' }, force_spinning_stop: '1' }
}

function runtimeName({ threads, products }: StepEngineOptions): string {
  const count = threads === 1 ? 'one thread' : `${threads} threads`
  return `ONNX Runtime (${count}, ${products} products)`
}

/** The int8 copies of the layer weights, which are quantised again for each step. */
class QuantisedWeights {
  readonly #parts: ReadonlyMap<string, Omit<QuantisedMatrix, 'matrix'>>
  readonly #tensors: NamedTensors
  readonly #kernel: AdamKernel
  /** Whether the maxima are those of the current weights. Each step updates them. */
  #maximaAreCurrent = false

  constructor(matrices: readonly Int8Matrix[], kernel: AdamKernel) {
    this.#kernel = kernel
    const tensors: Record<string, Tensor> = {}
    this.#parts = new Map(
      matrices.map(({ name, rows, columns }) => {
        const parts = {
          elements: kernel.bytes(rows * columns),
          scales: new Float32Array(columns),
          factors: kernel.floats(columns),
          maxima: kernel.floats(columns),
        }
        tensors[int8Names.elements(name)] = new Tensor('int8', parts.elements, [rows, columns])
        tensors[int8Names.scales(name)] = new Tensor('float32', parts.scales, [columns])
        return [name, parts]
      }),
    )
    this.#tensors = tensors
  }

  /** The additional inputs of a graph with int8 products. */
  feeds(weights: NamedTensors, largest: number): NamedTensors {
    const matrices = Array.from(this.#parts.keys(), (name) =>
      this.of(name, elementsOf(tensorOf(weights, name))),
    ).filter((matrix) => matrix !== undefined)
    if (!this.#maximaAreCurrent) this.#kernel.findMaxima(matrices)
    this.#maximaAreCurrent = true
    this.#kernel.quantise(matrices, largest)
    return this.#tensors
  }

  /** The quantised form of a weight, if it has one. */
  of(name: string, matrix: Float32Array): QuantisedMatrix | undefined {
    const parts = this.#parts.get(name)
    return parts && { matrix, ...parts }
  }
}

/**
 * The largest integer that weights are quantised to: 127, or 63 on processors without VNNI, which
 * add pairs of byte products in 16 bits and would overflow. A test product shows which it is.
 */
async function largestWeight(): Promise<number> {
  const size = 64
  const graph = new GraphBuilder({ parameters: 'inputs' })
  const x = graph.input('x', 'float32', [1, size])
  const elements = graph.constant('elements', new Int8Array(size * 16).fill(127), [size, 16])
  const scales = op.scalar(graph, 1)
  graph.output('y', op.int8Product(graph, x, { elements, scales }))
  const session = await InferenceSession.create(
    writeOnnx(graph.finish(), { name: 'largest' }),
    sessionOptions,
  )
  try {
    const ones = new Tensor('float32', new Float32Array(size).fill(1), [1, size])
    const { y } = await session.run({ x: ones })
    const [sum = 0] = elementsOf(y as Tensor)
    return Math.abs(sum - 127 * size) < 1 ? 127 : 63
  } finally {
    await session.release()
  }
}

/** The memory that the session writes gradients to. All steps reuse it, and it grows on demand. */
class GradientTensors {
  readonly #parameters: readonly string[]
  readonly #kernel: AdamKernel
  readonly #buffers = new Map<string, Float32Array>()

  constructor(graph: TensorGraph, kernel: AdamKernel) {
    this.#kernel = kernel
    this.#parameters = graph.inputs
      .map(({ name }) => name)
      .filter((name) => graph.outputs.has(stepNames.gradient(name)))
  }

  for(feeds: NamedTensors): {
    byParameter: ReadonlyMap<string, Tensor>
    outputs: Record<string, Tensor>
  } {
    const byParameter = new Map(
      this.#parameters.map((name) => {
        const { size, dims } = tensorOf(feeds, name)
        const floats = (elements: Float32Array): Tensor => new Tensor('float32', elements, dims)
        const known = this.#buffers.get(name)
        // The number of used rows of a table differs from step to step, so a part of the buffer is
        // used.
        const buffer =
          known !== undefined && known.length >= size ? known : this.#kernel.floats(size)
        this.#buffers.set(name, buffer)
        return [name, floats(buffer.subarray(0, size))]
      }),
    )
    const outputs = [...byParameter].map(([name, tensor]) => [stepNames.gradient(name), tensor])
    return { byParameter, outputs: Object.fromEntries(outputs) as Record<string, Tensor> }
  }
}

/** Clips by the global norm and takes a step of AdamW, like the graph of `buildTrainingStep`. */
function update(
  kernel: AdamKernel,
  step: {
    feeds: NamedTensors
    fetches: NamedTensors
    gradients: ReadonlyMap<string, Tensor>
    quantised: QuantisedWeights
  },
  { beta1, beta2, clipNorm }: AdamSettings,
): void {
  const { feeds, fetches, gradients } = step
  const squares = kernel.squares(Array.from(gradients.values(), elementsOf))
  const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0))
  elementsOf(tensorOf(fetches, 'gradient_norm'))[0] = norm
  const factor = Math.min(1, clipNorm / norm)
  const number = (name: string): number => elementsOf(tensorOf(feeds, name))[0]!
  /** The output for an input, filled with the elements of the input. */
  const next = (name: string): Float32Array => {
    const elements = elementsOf(tensorOf(fetches, stepNames.next(name)))
    const fed = elementsOf(tensorOf(feeds, name))
    if (elements !== fed) elements.set(fed)
    return elements
  }
  const updates = Array.from(gradients, ([name, gradient]) => {
    const group = name.slice(0, name.indexOf('/'))
    const arrays = {
      weight: next(name),
      gradient: elementsOf(gradient),
      first: next(stepNames.first(name)),
      second: next(stepNames.second(name)),
    }
    const numbers = {
      factor,
      beta1,
      beta2,
      epsilon: number('epsilon'),
      rate: number(stepNames.rate(group)),
      // Biases and the scales of layer normalisations do not decay.
      decayFactor: gradient.dims.length > 1 ? number(stepNames.decayFactor(group)) : 1,
    }
    return { arrays, numbers, quantised: step.quantised.of(name, arrays.weight) }
  })
  kernel.step(updates)
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
