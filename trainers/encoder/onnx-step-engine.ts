// Training steps on ONNX Runtime: one session computes loss and gradients, another one logits.
// Clipping and AdamW run in WebAssembly, which passes over the weights once where a graph would 14
// times.
import assert from 'node:assert/strict'
import { InferenceSession, Tensor } from '../../models/runtime/onnx-runtime.ts'
import { AdamKernel, type RoundedMatrix } from '../../models/graph/adamw/adamw-kernel.ts'
import type { AdamSettings } from '../../models/graph/adamw/adamw.ts'
import { int8Names, withInt8Products, type Int8Matrix } from '../../models/graph/int8-products.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import * as op from '../../models/graph/tensors/operations.ts'
import { GraphBuilder, type TensorGraph } from '../../models/graph/tensors/tensor-graph.ts'
import { stepNames } from '../../models/graph/training-step.ts'
import { sessionOptions } from '../../models/inference/session-options.ts'
import type { NamedTensors, OpenStepEngine, StepEngineOptions } from './step-engine.ts'

/** Opens both graphs; the runtime's failures come as they are. */
export const openOnnxStepEngine: OpenStepEngine = async (graphs, { threads, products }) => {
  const options = { ...sessionOptions, intraOpNumThreads: threads, extra: { session: spinning } }
  const open = (graph: TensorGraph, name: string): Promise<InferenceSession> =>
    InferenceSession.create(writeOnnx(graph, { name }), options)
  const { graph, matrices } = withInt8Products(
    graphs.gradients,
    (parameter) => products === 'int8' && parameter.startsWith('layer.'),
  )
  const session = await open(graph, 'gradients')
  const measuring = await open(graphs.measuring, 'measuring')
  const kernel = new AdamKernel({ threads })
  const rounded = new RoundedWeights(matrices, kernel)
  const largest = matrices.length === 0 ? 0 : await largestWeight()
  const gradients = new GradientTensors(graphs.gradients, kernel)
  return {
    runtime: runtimeName({ threads, products }),
    async step(feeds, fetches) {
      const inputs = graphs.gradients.inputs.map(({ name }) => [name, tensorOf(feeds, name)])
      const bytes = rounded.feeds(feeds, largest)
      const results = gradients.for(feeds)
      const loss = tensorOf(fetches, 'loss')
      await session.run(
        { ...(Object.fromEntries(inputs) as NamedTensors), ...bytes },
        { ...results.outputs, loss },
      )
      const step = { feeds, fetches, gradients: results.byParameter, rounded }
      update(kernel, step, graphs.adam)
    },
    async predict(feeds, fetches) {
      await measuring.run(feeds, fetches)
    },
    floats: (count) => kernel.floats(count),
    async close() {
      await session.release()
      await measuring.release()
      await kernel.close()
    },
  }
}

/** Threads wait actively during a run, which has hundreds of short operations, and not after it. */
const spinning = { intra_op: { allow_spinning: '1' }, force_spinning_stop: '1' }

function runtimeName({ threads, products }: StepEngineOptions): string {
  const count = threads === 1 ? 'one thread' : `${threads} threads`
  return `ONNX Runtime (${count}, ${products} products)`
}

/** Weights in 8 bits beside those in 32, rounded again for each step. */
class RoundedWeights {
  readonly #parts: ReadonlyMap<string, Omit<RoundedMatrix, 'matrix'>>
  readonly #tensors: NamedTensors
  readonly #kernel: AdamKernel
  /** Whether the maxima are those of the weights; a step leaves them so. */
  #areMeasured = false

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

  /** The inputs that a graph with rounded products has besides those of the same graph without. */
  feeds(weights: NamedTensors, largest: number): NamedTensors {
    const matrices = Array.from(this.#parts.keys(), (name) =>
      this.of(name, elementsOf(tensorOf(weights, name))),
    ).filter((matrix) => matrix !== undefined)
    if (!this.#areMeasured) this.#kernel.measure(matrices)
    this.#areMeasured = true
    this.#kernel.round(matrices, largest)
    return this.#tensors
  }

  /** A weight's rounded form, if it has one. */
  of(name: string, matrix: Float32Array): RoundedMatrix | undefined {
    const parts = this.#parts.get(name)
    return parts && { matrix, ...parts }
  }
}

/**
 * The largest whole number that weights are rounded to. Processors without instructions for
 * products of bytes (VNNI) add pairs of them in 16 bits, which 127 would overflow; a product tells.
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

/**
 * Where the session writes gradients: the same memory in every step, which grows where one needs
 * more.
 */
class GradientTensors {
  readonly #parameters: readonly string[]
  readonly #kernel: AdamKernel
  readonly #kept = new Map<string, Float32Array>()

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
        const known = this.#kept.get(name)
        // A table's used rows are others in every step; they take a part of what there is room for.
        const room = known !== undefined && known.length >= size ? known : this.#kernel.floats(size)
        this.#kept.set(name, room)
        return [name, floats(room.subarray(0, size))]
      }),
    )
    const outputs = [...byParameter].map(([name, tensor]) => [stepNames.gradient(name), tensor])
    return { byParameter, outputs: Object.fromEntries(outputs) as Record<string, Tensor> }
  }
}

/** Clips by the global norm and takes a step of AdamW, as the graph of `buildTrainingStep` does. */
function update(
  kernel: AdamKernel,
  step: {
    feeds: NamedTensors
    fetches: NamedTensors
    gradients: ReadonlyMap<string, Tensor>
    rounded: RoundedWeights
  },
  { beta1, beta2, clipNorm }: AdamSettings,
): void {
  const { feeds, fetches, gradients } = step
  const squares = kernel.squares(Array.from(gradients.values(), elementsOf))
  const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0))
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
      // Biases and the scales of normalisations do not decay.
      kept: gradient.dims.length > 1 ? number(stepNames.kept(group)) : 1,
    }
    return { arrays, numbers, rounded: step.rounded.of(name, arrays.weight) }
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
