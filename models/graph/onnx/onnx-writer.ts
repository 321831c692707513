// Writes a tensor graph as an ONNX model file. It lowers each operation to an ONNX operator
// (https://onnx.ai/onnx/operators/) or a contrib operator of ONNX Runtime
// (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md). onnx-wire.ts
// encodes the bytes.
import type {
  ElementType,
  Node,
  Operation,
  Product,
  TensorGraph,
  Value,
} from '../tensors/tensor-graph.ts'
import { bytesOf, type ExternalWeights, type WeightPlace } from './external-weights.ts'
import { encodeModel, onnxAttributeTypes, onnxElementTypes, type OnnxMessage } from './onnx-wire.ts'

/** Opset 17 is the first with LayerNormalization; ONNX Runtime supports up to 25. */
const opsetVersion = 17
/** The producer name in files that Winnow wrote. */
export const producerName = 'winnow'
/** IR version 8 belongs to opset 17 (onnx/docs/Versioning.md). */
const irVersion = 8
/** EXTERNAL in TensorProto.DataLocation. */
const externalDataLocation = 1
const microsoft = 'com.microsoft'

/**
 * The bytes of a model file for the graph. `metadata` becomes the file's metadata_props, which
 * other tools show. Constants in `weights.places` are not written into the file: it refers to them
 * in the file `weights.location` in the same folder.
 */
export function writeOnnx(
  graph: TensorGraph,
  options: {
    name: string
    metadata?: Readonly<Record<string, string>>
    weights?: (Pick<ExternalWeights, 'places'> & { readonly location: string }) | undefined
  },
): Uint8Array {
  const integers = new Map<string, OnnxMessage<'Tensor'>>()
  const int64 = (elements: readonly number[]): string => {
    const name = `int64:${elements.join(',')}`
    const raw = bytesOf(BigInt64Array.from(elements, BigInt))
    integers.set(name, { name, dims: [elements.length], elementType: onnxElementTypes.int64, raw })
    return name
  }
  const resultNames = new Map([...graph.outputs].map(([name, value]) => [value, name]))
  const nameOf = (value: Value): string => resultNames.get(value) ?? value.name
  const used = new Set<Value | undefined>(graph.nodes.flatMap(({ inputs }) => inputs))
  for (const value of graph.outputs.values()) used.add(value)
  const isUsed = (value: Value): boolean => used.has(value)
  const nodes = graph.nodes.map((node) => lowerNode(node, { nameOf, isUsed, int64 }))
  return encodeModel({
    irVersion,
    producerName,
    opsetImport: [
      { domain: '', version: opsetVersion },
      { domain: microsoft, version: 1 },
    ],
    metadata: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
    graph: {
      name: options.name,
      nodes,
      initializers: [
        ...[...graph.constants].map(([value, elements]) => {
          const place = options.weights?.places.get(value)
          return place === undefined
            ? { ...tensorHead(value), raw: bytesOf(elements) }
            : { ...tensorHead(value), ...external(place, options.weights!.location) }
        }),
        ...integers.values(),
      ],
      inputs: graph.inputs.map((value) => valueInfo(value.name, value)),
      outputs: [...graph.outputs].map(([name, value]) => valueInfo(name, value)),
    },
  })
}

type Lowered = {
  readonly operator: string
  readonly domain?: string
  readonly attributes?: readonly OnnxMessage<'Attribute'>[]
  /** The inputs of the ONNX operator, when they differ from those of the node. */
  readonly inputs?: (inputs: readonly string[], int64: Int64Constant) => readonly string[]
}
type Int64Constant = (elements: readonly number[]) => string

function lowerNode(
  node: Node,
  context: {
    nameOf: (value: Value) => string
    isUsed: (value: Value) => boolean
    int64: Int64Constant
  },
): OnnxMessage<'Node'> {
  const { nameOf, isUsed, int64 } = context
  const lowered = lower(node.operation)
  // In ONNX an empty name marks an omitted input; trailing ones are left out.
  const own = node.inputs.map((value) => (value === undefined ? '' : nameOf(value)))
  while (own.at(-1) === '') own.pop()
  const outputs = node.outputs.map(nameOf)
  // The statistics of a layer normalisation are optional. For a split, the number of outputs
  // counts.
  if (node.operation.kind === 'layerNorm' && !node.outputs.slice(1).some(isUsed)) outputs.length = 1
  return {
    name: node.outputs[0]?.name,
    operator: lowered.operator,
    domain: lowered.domain,
    attributes: lowered.attributes,
    inputs: lowered.inputs?.(own, int64) ?? own,
    outputs,
  }
}

function lower(operation: Operation): Lowered {
  switch (operation.kind) {
    case 'add':
      return { operator: 'Add' }
    case 'multiply':
      return { operator: 'Mul' }
    case 'divide':
      return { operator: 'Div' }
    case 'subtract':
      return { operator: 'Sub' }
    case 'minimum':
      return { operator: 'Min' }
    case 'maximum':
      return { operator: 'Max' }
    case 'squareRoot':
      return { operator: 'Sqrt' }
    case 'exponential':
      return { operator: 'Exp' }
    case 'errorFunction':
      return { operator: 'Erf' }
    case 'rowMaximum':
      return { operator: 'ReduceMax', attributes: [ints('axes', [-1]), int('keepdims', 1)] }
    case 'rowMinimum':
      return { operator: 'ReduceMin', attributes: [ints('axes', [-1]), int('keepdims', 1)] }
    case 'int8Product':
      return { operator: 'DynamicQuantizeMatMul', domain: microsoft }
    case 'quantise':
      return { operator: 'QuantizeLinear' }
    case 'int8Linear':
      return { operator: 'MatMulIntegerToFloat', domain: microsoft }
    case 'less':
      return { operator: 'Less' }
    case 'matMul':
      return lowerProduct(operation)
    case 'oneHot':
      return { operator: 'OneHot', attributes: [int('axis', -1)] }
    case 'reduceSum':
      return {
        operator: 'ReduceSum',
        attributes: [int('keepdims', operation.keepDims ? 1 : 0)],
        inputs: ([x = ''], int64) => [x, int64(operation.axes)],
      }
    case 'gather':
      return { operator: 'Gather' }
    case 'gelu':
      return { operator: 'Gelu', domain: microsoft }
    case 'softmax':
      return { operator: 'Softmax', attributes: [int('axis', -1)] }
    case 'logSoftmax':
      return { operator: 'LogSoftmax', attributes: [int('axis', -1)] }
    case 'l2Normalize':
      return { operator: 'LpNormalization', attributes: [int('axis', -1), int('p', 2)] }
    case 'layerNorm':
      return {
        operator: 'LayerNormalization',
        attributes: [int('axis', -1), float('epsilon', operation.epsilon)],
      }
    case 'attention':
      return {
        operator: 'MultiHeadAttention',
        domain: microsoft,
        attributes: [int('num_heads', operation.heads)],
      }
    default:
      return lowerShapeOperation(operation)
  }
}

/** Plain products stay MatMul, because ONNX Runtime packs a constant b in advance for it. */
function lowerProduct({ transposed, scale }: Product): Lowered {
  if (transposed === 'none' && scale === 1) return { operator: 'MatMul' }
  const attributes = [
    float('alpha', scale),
    int('transA', transposed === 'a' || transposed === 'both' ? 1 : 0),
    int('transB', transposed === 'b' || transposed === 'both' ? 1 : 0),
  ]
  return { operator: 'FusedMatMul', domain: microsoft, attributes }
}

type ShapeOperation = Extract<
  Operation,
  {
    kind:
      | 'split'
      | 'sizeOf'
      | 'take'
      | 'drop'
      | 'concat'
      | 'expand'
      | 'reshape'
      | 'transpose'
      | 'cast'
      | 'squeeze'
      | 'unsqueeze'
  }
>

function lowerShapeOperation(operation: ShapeOperation): Lowered {
  switch (operation.kind) {
    case 'split':
      // Without a second input, Split (opset 13) splits evenly by the number of outputs.
      return { operator: 'Split', attributes: [int('axis', -1)] }
    case 'sizeOf':
      return {
        operator: 'Shape',
        attributes: [int('start', operation.axis), int('end', operation.axis + 1)],
      }
    case 'take':
      return {
        operator: 'Slice',
        inputs: ([x = '', count = ''], int64) => [x, int64([0]), count, int64([operation.axis])],
      }
    case 'drop':
      return {
        operator: 'Slice',
        inputs: ([x = '', count = ''], int64) => [
          x,
          count,
          int64([Number.MAX_SAFE_INTEGER]),
          int64([operation.axis]),
        ],
      }
    case 'concat':
      return { operator: 'Concat', attributes: [int('axis', operation.axis)] }
    case 'expand':
      return { operator: 'Expand' }
    case 'reshape':
      return { operator: 'Reshape' }
    case 'transpose':
      return { operator: 'Transpose', attributes: [ints('perm', operation.order)] }
    case 'cast':
      return { operator: 'Cast', attributes: [int('to', onnxElementTypes[operation.to])] }
    case 'squeeze':
      return { operator: 'Squeeze', inputs: ([x = ''], int64) => [x, int64([operation.axis])] }
    case 'unsqueeze':
      return { operator: 'Unsqueeze', inputs: ([x = ''], int64) => [x, int64([operation.axis])] }
  }
}

function int(name: string, value: number): OnnxMessage<'Attribute'> {
  return { name, int: value, type: onnxAttributeTypes.int }
}

function ints(name: string, values: readonly number[]): OnnxMessage<'Attribute'> {
  return { name, ints: values, type: onnxAttributeTypes.ints }
}

function float(name: string, value: number): OnnxMessage<'Attribute'> {
  return { name, float: value, type: onnxAttributeTypes.float }
}

function tensorHead(value: Value): OnnxMessage<'Tensor'> {
  const dims = value.shape as readonly number[]
  return { name: value.name, dims, elementType: onnxElementTypes[value.type] }
}

/** The fields of a tensor whose elements lie in another file. */
function external({ offset, bytes }: WeightPlace, location: string): OnnxMessage<'Tensor'> {
  const entries = { location, offset: `${offset}`, length: `${bytes}` }
  return {
    externalLocation: Object.entries(entries).map(([key, value]) => ({ key, value })),
    dataLocation: externalDataLocation,
  }
}

function valueInfo(name: string, value: Value): OnnxMessage<'ValueInfo'> {
  const elementType: number = onnxElementTypes[value.type satisfies ElementType]
  const dims = value.shape.map((size) =>
    typeof size === 'number' ? { value: size } : { parameter: size },
  )
  return { name, type: { tensor: { elementType, shape: { dims } } } }
}
