// Interprets a tensor graph on TensorFlow.js: runs node after node and frees each value after its
// last use. tfjs-kernels.ts has the kernel of each operation.
import assert from 'node:assert/strict'
import type { Tensor } from '@tensorflow/tfjs-core'
import { errorMessage, WinnowError } from '../../../schemas/errors.ts'
import type { Elements, Node, Operation, TensorGraph, Value } from '../tensors/tensor-graph.ts'
import type { TfjsBackend } from './tfjs-backend.ts'
import { tfjsKernels } from './tfjs-kernels.ts'
import { checkHeld, isSizes, tensorIn, tfjsTypes } from './tfjs-values.ts'
import type { Held, Kernel } from './tfjs-values.ts'

/** Tensors by the name of the input or output. */
export type NamedTensors = Readonly<Record<string, Tensor>>

/** A graph that can run any number of times; `close` frees its constants. */
export class TfjsGraph {
  readonly #backend: TfjsBackend
  readonly #graph: TensorGraph
  readonly #constants: ReadonlyMap<Value, Held>
  /** The values to free after the node with the same index. */
  readonly #lastUses: readonly (readonly Value[])[]

  /** Copies the constants to the backend; `close` frees them. */
  constructor(backend: TfjsBackend, graph: TensorGraph) {
    this.#backend = backend
    this.#graph = graph
    this.#constants = new Map(
      [...graph.constants].map(([value, elements]) => [value, constant(backend, value, elements)]),
    )
    this.#lastUses = lastUses(graph)
  }

  /**
   * Runs the graph. The caller keeps the fed tensors and disposes of the results.
   *
   * @throws WinnowError `session_failed`, which names the node; AssertionError for a wrong feed.
   */
  run(feeds: NamedTensors): Record<string, Tensor> {
    const { nodes, outputs } = this.#graph
    const { values, symbols } = this.#feed(feeds)
    const own = new Set<Held>()
    try {
      for (const [index, node] of nodes.entries()) {
        for (const [i, held] of this.#compute(node, values).entries()) {
          const output = node.outputs[i]!
          own.add(held)
          checkHeld(held, output, symbols)
          values.set(output, held)
        }
        for (const value of this.#lastUses[index]!) {
          const held = values.get(value)
          if (held !== undefined && own.delete(held)) dispose(held)
        }
      }
      const results = [...outputs].map(([name, value]): [string, Tensor] => {
        const held = values.get(value)!
        const tensor = tensorIn(this.#backend.tf, held)
        // A result that is also an input, a constant or another result is copied.
        return [name, own.delete(held) ? tensor : this.#backend.tf.clone(tensor)]
      })
      return Object.fromEntries(results)
    } finally {
      for (const held of own) dispose(held)
    }
  }

  /** Frees the constants. */
  close(): void {
    for (const held of this.#constants.values()) dispose(held)
  }

  #feed(feeds: NamedTensors): { values: Map<Value, Held>; symbols: Map<string, number> } {
    const values = new Map<Value, Held>(this.#constants)
    const symbols = new Map<string, number>()
    for (const input of this.#graph.inputs) {
      const tensor = feeds[input.name]
      assert.ok(tensor !== undefined, `the input ${input.name} is not fed`)
      for (const [axis, size] of input.shape.entries()) {
        if (typeof size === 'string' && !symbols.has(size)) symbols.set(size, tensor.shape[axis]!)
      }
      checkHeld(tensor, input, symbols)
      values.set(input, tensor)
    }
    return { values, symbols }
  }

  #compute(node: Node, values: ReadonlyMap<Value, Held>): readonly Held[] {
    const { operation } = node
    const { tf, name, bytesMax } = this.#backend
    // The table pairs each kind with a kernel for it. TypeScript loses this in a lookup.
    const kernel = tfjsKernels[operation.kind] as Kernel<Operation['kind']>
    const inputs = node.inputs.map((value) => (value === undefined ? value : values.get(value)!))
    try {
      const bytes = tf.memory().numBytes
      if (bytes > bytesMax) throw new RangeError(`out of memory: ${bytes} of ${bytesMax} bytes`)
      const results = tf.tidy(
        () => [...kernel({ tf, backend: name, operation, inputs })] as Tensor[],
      )
      assert.equal(results.length, node.outputs.length)
      return results
    } catch (cause) {
      const message = `TensorFlow.js failed in ${node.outputs[0]!.name}: ${errorMessage(cause)}`
      throw new WinnowError('session_failed', message, { cause })
    }
  }
}

function constant({ tf }: TfjsBackend, value: Value, elements: Elements): Held {
  assert.notEqual(value.type, 'float16', 'graphs for GPUs are not interpreted')
  const isWide = elements instanceof BigInt64Array
  if (isWide && value.shape.length === 1) return Array.from(elements, Number)
  const numbers = isWide ? Int32Array.from(elements, Number) : elements
  const whole = numbers instanceof Float32Array ? numbers : Int32Array.from(numbers)
  return tf.tensor(whole, [...(value.shape as number[])], tfjsTypes[value.type])
}

/** For each node, the values that no later node reads and that are no output. */
function lastUses({ nodes, outputs }: TensorGraph): Value[][] {
  const later = new Set<Value>(outputs.values())
  const uses = nodes.toReversed().map(({ inputs, outputs: results }) => {
    const read = inputs.filter((value) => value !== undefined)
    const last = new Set([...read, ...results].filter((value) => !later.has(value)))
    for (const value of last) later.add(value)
    return [...last]
  })
  return uses.reverse()
}

function dispose(held: Held): void {
  if (!isSizes(held)) held.dispose()
}
