// The same graph with part of its numbers in 16 bits. device-graph.ts decides which part.
import type { Elements, Node, TensorGraph, Value } from '../graph/tensors/tensor-graph.ts'
import { halfFloats } from './half-floats.ts'

/**
 * The graph with float16 in place of float32 for the values and constants whose names `isHalf`
 * accepts. Where a value of one part is read in the other, it is cast; inputs and outputs keep
 * their type. Throws `model_incompatible` for a weight that 16 bits cannot hold.
 */
export function halfGraph(graph: TensorGraph, isHalf: (name: string) => boolean): TensorGraph {
  const constants = new Map<Value, Elements>()
  const nodes: Node[] = []
  const converted = new Map<Value, Value>()
  const casts = new Map<string, Value>()
  const convert = (value: Value): Value => {
    const type = value.type === 'float32' && isHalf(value.name) ? 'float16' : value.type
    const result = { ...value, type }
    converted.set(value, result)
    return result
  }
  const read = (value: Value, type: 'float16' | 'float32'): Value => {
    const own = converted.get(value)!
    if (own.type === type || (own.type !== 'float16' && own.type !== 'float32')) return own
    const name = `${own.name}/${type}`
    const known = casts.get(name)
    if (known !== undefined) return known
    const cast = { name, type, shape: own.shape }
    nodes.push({ operation: { kind: 'cast', to: type }, inputs: [own], outputs: [cast] })
    casts.set(name, cast)
    return cast
  }
  for (const value of graph.inputs) converted.set(value, value)
  for (const [value, elements] of graph.constants) {
    const own = convert(value)
    const isHalved = own.type === 'float16' && elements instanceof Float32Array
    constants.set(own, isHalved ? halfFloats(value.name, elements) : elements)
  }
  for (const { operation, inputs, outputs } of graph.nodes) {
    const type = isHalf(outputs[0]!.name) ? 'float16' : 'float32'
    const operands = inputs.map((value) => (value === undefined ? value : read(value, type)))
    nodes.push({ operation, inputs: operands, outputs: outputs.map(convert) })
  }
  const outputs = new Map([...graph.outputs].map(([name, value]) => [name, read(value, 'float32')]))
  return { inputs: graph.inputs, constants, nodes, outputs }
}
