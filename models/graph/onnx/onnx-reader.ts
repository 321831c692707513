// Indexes an ONNX export: its constants as typed arrays, and which node makes and reads each value.
// bert-weights.ts decides what each weight means.
import { errorMessage, WinnowError } from '../../../schemas/errors.ts'
import { decodeModel, onnxElementTypes, type OnnxMessage } from './onnx-wire.ts'

/** A float32 tensor of a file, row-major. */
export type WeightTensor = { readonly shape: readonly number[]; readonly elements: Float32Array }

type OnnxNode = OnnxMessage<'Node'>
type OnnxTensor = OnnxMessage<'Tensor'>

/** An indexed export: constants by name, and the producer and users of each value by its name. */
export type OnnxExport = {
  readonly nodes: readonly OnnxNode[]
  readonly constants: ReadonlyMap<string, OnnxTensor>
  readonly producers: ReadonlyMap<string, OnnxNode>
  readonly users: ReadonlyMap<string, readonly OnnxNode[]>
}

/**
 * Indexes the bytes of an ONNX file; tensors stay views into these bytes.
 * Throws `graph_invalid` when the bytes are not an ONNX model.
 */
export function readOnnx(bytes: Uint8Array): OnnxExport {
  const { nodes = [], initializers = [] } = decodeGraph(bytes)
  const constants = new Map<string, OnnxTensor>()
  const producers = new Map<string, OnnxNode>()
  const users = new Map<string, OnnxNode[]>()
  for (const tensor of initializers) constants.set(tensor.name ?? '', tensor)
  for (const node of nodes) {
    const value = node.attributes?.find((attribute) => attribute.name === 'value')?.tensor
    if (node.operator === 'Constant' && value !== undefined) {
      constants.set(node.outputs?.[0] ?? '', value)
    }
    for (const output of node.outputs ?? []) producers.set(output, node)
    for (const input of node.inputs ?? []) {
      const list = users.get(input)
      if (list === undefined) users.set(input, [node])
      else list.push(node)
    }
  }
  return { nodes, constants, producers, users }
}

/**
 * A constant as float32: a view when its bytes are aligned to 4, else a copy. Throws
 * `model_incompatible` for another element type, and `graph_invalid` when bytes are missing, for
 * example because the tensor lies in another file.
 */
export function floatTensor(name: string, tensor: OnnxTensor): WeightTensor {
  if (tensor.elementType !== onnxElementTypes.float32) {
    throw new WinnowError(
      'model_incompatible',
      `${name} is not float32 (ONNX element type ${tensor.elementType ?? 0}). ` +
        'Winnow quantises models itself: give it the fp32 export.',
    )
  }
  const shape = tensor.dims ?? []
  const count = shape.reduce((product, size) => product * size, 1)
  const elements =
    tensor.raw === undefined ? Float32Array.from(tensor.floats ?? []) : floats(tensor.raw)
  if (elements.length !== count) {
    throw new WinnowError(
      'graph_invalid',
      `${name} has ${elements.length} elements in the file, and its shape needs ${count}.`,
      { details: { tensor: name, external: tensor.externalLocation !== undefined } },
    )
  }
  return { shape, elements }
}

/** Little-endian bytes as float32: a view when they are aligned to 4, else a copy. */
export function floats(bytes: Uint8Array): Float32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes)
  return new Float32Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.byteLength / 4))
}

/** The elements of a small int64 constant, such as the target of a Reshape; else empty. */
export function integersOf(tensor: OnnxTensor | undefined): readonly number[] {
  if (tensor?.elementType !== onnxElementTypes.int64) return []
  if (tensor.raw === undefined) return tensor.ints ?? []
  const view = new DataView(tensor.raw.buffer, tensor.raw.byteOffset, tensor.raw.byteLength)
  return Array.from({ length: tensor.raw.byteLength / 8 }, (_, i) =>
    Number(view.getBigInt64(i * 8, true)),
  )
}

function decodeGraph(bytes: Uint8Array): OnnxMessage<'Graph'> {
  let graph: OnnxMessage<'Graph'> | undefined
  try {
    graph = decodeModel(bytes).graph
  } catch (cause) {
    throw new WinnowError('graph_invalid', `Not an ONNX file: ${errorMessage(cause)}`, { cause })
  }
  if (graph?.nodes === undefined)
    throw new WinnowError('graph_invalid', 'The ONNX file has no graph.')
  return graph
}
