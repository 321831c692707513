// A graph of typed tensor operations, which other files differentiate, interpret or write as ONNX.
// This file owns values, nodes and their names. operations.ts and layout-operations.ts check
// operands and derive shapes.
import assert from 'node:assert/strict'

/** The element types of tensors in a graph. */
export type ElementType = 'float32' | 'float16' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool'

/** One axis: a fixed size, or a symbol such as `batch` or `tokens` that a run decides. */
export type Dimension = number | string

/** The sizes of all axes; [] is a scalar. */
export type Shape = readonly Dimension[]

/** An edge of the graph: the result of a node, an input, or a constant. */
export type Value = {
  readonly name: string
  readonly type: ElementType
  readonly shape: Shape
}

/**
 * The elements of a constant, row-major; their number is the product of the shape. Those of
 * float16 are the bits of each number.
 */
export type Elements =
  Float32Array | Uint16Array | BigInt64Array | Int32Array | Int8Array | Uint8Array

/**
 * The closed set of operations, with the attributes that are not tensors. Each has one builder, a
 * gradient rule, an ONNX lowering and a TensorFlow.js kernel; a new operation does not compile
 * until it has the last three.
 */
export type Operation =
  | { readonly kind: 'add' }
  | { readonly kind: 'subtract' }
  | { readonly kind: 'multiply' }
  | { readonly kind: 'divide' }
  | { readonly kind: 'minimum' }
  | { readonly kind: 'maximum' }
  | { readonly kind: 'squareRoot' }
  | { readonly kind: 'exponential' }
  | { readonly kind: 'errorFunction' }
  | { readonly kind: 'less' }
  | ({ readonly kind: 'matMul' } & Product)
  | { readonly kind: 'int8Product' }
  | { readonly kind: 'quantise' }
  | { readonly kind: 'int8Linear' }
  | { readonly kind: 'gather' }
  | { readonly kind: 'layerNorm'; readonly epsilon: number }
  | { readonly kind: 'gelu' }
  | { readonly kind: 'softmax' }
  | { readonly kind: 'logSoftmax' }
  | { readonly kind: 'reduceSum'; readonly axes: readonly number[]; readonly keepDims: boolean }
  | { readonly kind: 'rowMaximum' }
  | { readonly kind: 'rowMinimum' }
  | { readonly kind: 'oneHot' }
  | { readonly kind: 'l2Normalize' }
  | { readonly kind: 'attention'; readonly heads: number }
  | { readonly kind: 'split'; readonly parts: number }
  | { readonly kind: 'sizeOf'; readonly axis: number }
  | { readonly kind: 'take'; readonly axis: number }
  | { readonly kind: 'drop'; readonly axis: number }
  | { readonly kind: 'concat'; readonly axis: number }
  | { readonly kind: 'expand' }
  | { readonly kind: 'reshape' }
  | { readonly kind: 'transpose'; readonly order: readonly number[] }
  | { readonly kind: 'cast'; readonly to: ElementType }
  | { readonly kind: 'squeeze'; readonly axis: number }
  | { readonly kind: 'unsqueeze'; readonly axis: number }

/** How a matrix product is computed: which operands are transposed, and a factor of the result. */
export type Product = {
  readonly transposed: 'none' | 'a' | 'b' | 'both'
  readonly scale: number
}

/** One applied operation; an omitted input keeps its place as `undefined`. */
export type Node = {
  readonly operation: Operation
  readonly inputs: readonly (Value | undefined)[]
  readonly outputs: readonly Value[]
}

/** A finished graph; each node comes after the nodes whose results it reads. */
export type TensorGraph = {
  readonly inputs: readonly Value[]
  readonly constants: ReadonlyMap<Value, Elements>
  readonly nodes: readonly Node[]
  /** The results of the graph by the name under which callers fetch them. */
  readonly outputs: ReadonlyMap<string, Value>
}

/**
 * A weight that training may change. `rows: 'used'` marks an embedding table: a run
 * needs only the rows that its ids name, so the input holds these rows, and the ids index them.
 */
export type Parameter = {
  readonly value: Value
  readonly elements: Float32Array
  readonly shape: readonly number[]
  readonly rows: 'all' | 'used'
}

/** Whether parameters become constants of the graph, or inputs that every run feeds. */
export type ParametersAs = 'constants' | 'inputs'

/** Collects a graph node by node. Names are unique; scopes make them readable in profiles. */
export class GraphBuilder {
  readonly #inputs: Value[] = []
  readonly #constants = new Map<Value, Elements>()
  readonly #nodes: Node[] = []
  readonly #outputs = new Map<string, Value>()
  readonly #names = new Set<string>()
  readonly #parameters: Parameter[] = []
  readonly #parametersAs: ParametersAs
  #scope = ''

  constructor(options: { parameters: ParametersAs } = { parameters: 'constants' }) {
    this.#parametersAs = options.parameters
  }

  /** The nodes so far, each after the nodes whose results it reads. */
  get nodes(): readonly Node[] {
    return this.#nodes
  }

  /** The weights so far, whether they are constants or inputs. */
  get parameters(): readonly Parameter[] {
    return this.#parameters
  }

  /** Declares an input that every run must feed. */
  input(name: string, type: ElementType, shape: Shape): Value {
    const value = { name: this.#unique(name), type, shape }
    this.#inputs.push(value)
    return value
  }

  /** Adds a constant, such as a weight or a number that an operation needs; it is not copied. */
  constant(name: string, elements: Elements, shape: readonly number[]): Value {
    const count = shape.reduce((product, size) => product * size, 1)
    assert.equal(elements.length, count, `constant ${name} has the wrong number of elements`)
    const value = { name: this.#unique(this.#scope + name), type: elementTypeOf(elements), shape }
    this.#constants.set(value, elements)
    return value
  }

  /** Adds a weight named by the scope's path and `name`. The elements are not copied. */
  parameter(
    name: string,
    elements: Float32Array,
    options: { shape: readonly number[]; rows?: Parameter['rows'] },
  ): Value {
    const { shape, rows = 'all' } = options
    const asInput = (): Value => {
      const symbolic = rows === 'used' ? [`${name} used`, ...shape.slice(1)] : shape
      return this.input(this.#scope + name, 'float32', symbolic)
    }
    const value = this.#parametersAs === 'inputs' ? asInput() : this.constant(name, elements, shape)
    this.#parameters.push({ value, elements, shape, rows })
    return value
  }

  /**
   * Appends a node whose results have the given types and shapes. Callers outside this folder use
   * the builders in operations.ts and layout-operations.ts, or copy a node whose shapes are known.
   */
  append(
    operation: Operation,
    inputs: readonly (Value | undefined)[],
    results: readonly { readonly type: ElementType; readonly shape: Shape }[],
  ): readonly Value[] {
    const outputs = results.map(({ type, shape }) => ({
      name: this.#unique(this.#scope + operation.kind),
      type,
      shape,
    }))
    this.#nodes.push({ operation, inputs, outputs })
    return outputs
  }

  /** Makes a value a result of the graph, under the given name. */
  output(name: string, value: Value): void {
    this.#unique(name)
    this.#outputs.set(name, value)
  }

  /** Calls `build`; the names of everything that it adds begin with `name/`. */
  within<Result>(name: string, build: () => Result): Result {
    const outer = this.#scope
    this.#scope = `${outer}${name}/`
    try {
      return build()
    } finally {
      this.#scope = outer
    }
  }

  /** The graph as built so far; an assertion fails if it has no output. */
  finish(): TensorGraph {
    assert.ok(this.#outputs.size > 0, 'a graph needs at least one output')
    return {
      inputs: this.#inputs,
      constants: this.#constants,
      nodes: this.#nodes,
      outputs: this.#outputs,
    }
  }

  #unique(wanted: string): string {
    let name = wanted
    for (let i = 2; this.#names.has(name); i++) name = `${wanted}_${i}`
    this.#names.add(name)
    return name
  }
}

function elementTypeOf(elements: Elements): ElementType {
  if (elements instanceof Float32Array) return 'float32'
  if (elements instanceof Uint16Array) return 'float16'
  if (elements instanceof BigInt64Array) return 'int64'
  if (elements instanceof Int32Array) return 'int32'
  return elements instanceof Int8Array ? 'int8' : 'uint8'
}
