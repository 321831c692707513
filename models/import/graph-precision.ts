// Determines the precision of an export's weights from its operators and tensors. wrap-graph.ts
// checks the inputs and outputs of the graph.
import { onnxElementTypes, type OnnxMessage } from '../graph/onnx/onnx-wire.ts'
import type { Precision } from '../store/manifest.ts'

/** TensorProto.DataType numbers of weights, by the name of their precision. */
const weightTypes: ReadonlyMap<number, Precision> = new Map([
  [onnxElementTypes.float32, 'fp32'],
  [11, 'fp64'],
  [10, 'fp16'],
  [16, 'bf16'],
  ...[17, 18, 19, 20].map((type) => [type, 'fp8'] as const),
  [21, 'int4'],
  [22, 'int4'],
  [23, 'fp4'],
  [25, 'int2'],
  [26, 'int2'],
])
/** Operators whose weights or activations are 8-bit integers. */
const quantised =
  /^(?:DynamicQuantizeLinear|MatMulInteger|DynamicQuantize\w+|QLinear\w+|QGemm|QAttention|QEmbed\w+|QuantizeLinear|DequantizeLinear|MatMulIntegerToFloat|ConvInteger)$/
/** Operators with weights packed in bytes, and the attribute with the number of bits. */
const packed: ReadonlyMap<string, string> = new Map([
  ['MatMulNBits', 'bits'],
  ['GatherBlockQuantized', 'bits'],
  ['QMoE', 'expert_weight_bits'],
])
/** All precisions, narrowest first, because the narrowest weights decide. */
const narrowestFirst: readonly Precision[] = [
  ...(['int2', 'nf4', 'fp4', 'int4', 'fp8', 'int8', 'bf16', 'fp16', 'fp32', 'fp64'] as const),
]

/**
 * The narrowest precision among the weights of a graph: int4 if some matrices have 4 bits, even if
 * others, usually the word vectors, have 32.
 */
export function graphPrecision({ nodes = [], initializers = [] }: OnnxMessage<'Graph'>): Precision {
  const found = new Set<Precision>()
  for (const node of nodes) {
    const packedAs = packedPrecision(node)
    if (packedAs !== undefined) found.add(packedAs)
  }
  const constants = nodes.flatMap(({ operator, attributes = [] }) =>
    operator === 'Constant' ? attributes.flatMap(({ tensor }) => tensor ?? []) : [],
  )
  // Scales, shapes and other single numbers are not weights.
  for (const { elementType = 0, dims = [] } of [...initializers, ...constants]) {
    const precision = weightTypes.get(elementType)
    if (precision !== undefined && dims.length >= 2) found.add(precision)
  }
  if (nodes.some(({ operator = '' }) => quantised.test(operator))) found.add('int8')
  return narrowest(found)
}

function packedPrecision({ operator = '', attributes = [] }: OnnxMessage<'Node'>) {
  const attribute = (name: string) => attributes.find((one) => one.name === name)?.int
  if (operator === 'MatMulBnb4') return attribute('quant_type') === 0 ? 'fp4' : 'nf4'
  const name = packed.get(operator)
  if (name === undefined) return undefined
  // ONNX Runtime's default.
  const bits = attribute(name) ?? 4
  return bits === 2 ? 'int2' : bits === 8 ? 'int8' : 'int4'
}

function narrowest(found: ReadonlySet<Precision>): Precision {
  return narrowestFirst.find((precision) => found.has(precision)) ?? 'fp32'
}
