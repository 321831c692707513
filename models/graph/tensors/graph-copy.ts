// Copies a graph node by node, so that a caller can replace some of its values on the way. What
// replaces them is the caller's.
import assert from 'node:assert/strict'
import {
  GraphBuilder,
  type Node,
  type ParametersAs,
  type TensorGraph,
  type Value,
} from './tensor-graph.ts'

/** A graph under construction that copies nodes of another one. Inputs are copied at once. */
export class GraphCopy {
  readonly builder: GraphBuilder
  readonly #original: TensorGraph
  readonly #values = new Map<Value, Value>()

  constructor(original: TensorGraph, options: { parameters: ParametersAs }) {
    this.builder = new GraphBuilder(options)
    this.#original = original
    for (const input of original.inputs) {
      this.#values.set(input, this.builder.input(input.name, input.type, input.shape))
    }
  }

  /** The value in this graph that stands for a value of the original. */
  of(value: Value): Value {
    const known = this.#values.get(value)
    if (known !== undefined) return known
    // Constants are copied when they are first read, so that replaced ones are left out.
    const elements = this.#original.constants.get(value)
    assert.ok(elements !== undefined, `${value.name} has not been copied yet`)
    const own = this.builder.constant(value.name, elements, value.shape as readonly number[])
    this.#values.set(value, own)
    return own
  }

  /** Copies a node unchanged. */
  append({ operation, inputs, outputs }: Node): void {
    const own = inputs.map((input) => input && this.of(input))
    const results = this.builder.append(operation, own, outputs)
    for (const [index, output] of outputs.entries()) this.#values.set(output, results[index]!)
  }

  /** Lets a value of this graph stand for a value of the original. */
  set(original: Value, value: Value): void {
    this.#values.set(original, value)
  }

  /** The finished copy, with the outputs of the original. */
  finish(): TensorGraph {
    for (const [name, value] of this.#original.outputs) this.builder.output(name, this.of(value))
    return this.builder.finish()
  }
}
