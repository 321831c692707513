// Processors without VNNI (x64 before Ice Lake and Zen 4) add two products of an unsigned and a
// signed byte in 16 bits, which saturates for large ones. There, the weights of int8 layers are
// loaded as unsigned bytes, whose kernels are exact but slower. The sums are the same integers, so
// the results are the same bits on both kinds of processors.
import { InferenceSession, Tensor } from '../../runtime/onnx-runtime.ts'
import { sessionOptions } from '../../runtime/session-options.ts'
import { editOnnx } from '../onnx/edit-onnx.ts'
import { decodeModel, onnxElementTypes } from '../onnx/onnx-wire.ts'
import { writeOnnx } from '../onnx/onnx-writer.ts'
import * as op from '../tensors/operations.ts'
import { GraphBuilder } from '../tensors/tensor-graph.ts'

/** The operator of int8 layers, as onnx-writer.ts names it. */
const int8Operator = 'MatMulIntegerToFloat'
const zeroName = 'int8:unsigned zero'
/** What is added to a signed byte. */
const shift = 128

/** Whether the bytes of a model have int8 layers. */
export function hasInt8Layers(model: Uint8Array): boolean {
  return Buffer.from(model.buffer, model.byteOffset, model.length).includes(int8Operator)
}

/** Whether this processor gives wrong sums for large bytes; takes about 5 ms. */
export async function productsSaturate(): Promise<boolean> {
  const size = 16
  const [level, weight] = [255, 127]
  const graph = new GraphBuilder()
  const x = graph.input('x', 'uint8', [1, size])
  const product = op.int8Linear(graph, x, {
    scale: op.scalar(graph, 1),
    zero: graph.constant('zero', Uint8Array.of(0), []),
    elements: graph.constant('elements', new Int8Array(size * size).fill(weight), [size, size]),
    scales: graph.constant('scales', new Float32Array(size).fill(1), [size]),
    bias: graph.constant('bias', new Float32Array(size), [size]),
  })
  graph.output('sums', product)
  const bytes = writeOnnx(graph.finish(), { name: 'probe' })
  const session = await InferenceSession.create(bytes, sessionOptions)
  try {
    const levels = new Tensor('uint8', new Uint8Array(size).fill(level), [1, size])
    const { data } = (await session.run({ x: levels }))['sums']!
    return (data as Float32Array).some((sum) => sum !== size * level * weight)
  } finally {
    await session.release()
  }
}

/** The model with unsigned weights in its int8 layers; all weights must be inside of it. */
export function withUnsignedWeights(bytes: Uint8Array): Uint8Array {
  const { nodes = [] } = decodeModel(bytes).graph ?? {}
  const int8Nodes = nodes.filter(({ operator }) => operator === int8Operator)
  const weights = new Set(int8Nodes.map(({ inputs }) => inputs?.[1]))
  const elementType = onnxElementTypes.uint8
  const zero = { name: zeroName, dims: [], elementType, raw: Uint8Array.of(shift) }
  return editOnnx(bytes, {
    node: (node) =>
      node.operator === int8Operator
        ? [{ ...node, inputs: node.inputs?.with(5, zeroName) }]
        : undefined,
    initializer: (tensor) =>
      weights.has(tensor.name)
        ? [{ ...tensor, elementType, raw: tensor.raw?.map((byte) => byte ^ shift) }]
        : undefined,
    added: { graph: { initializers: [zero] } },
  })
}
