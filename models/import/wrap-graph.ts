// Gives the graph of an export Winnow's interface: input_ids int32 [batch, tokens] without padding in, logits
// and probabilities float32 [batch, labels] out. Its own inputs become nodes (a cast, masks of ones, types of
// zeros); everything else of the file is kept byte for byte. Weights stay where they are; write-graph.ts
// puts them into one file.
import { WinnowError } from '../../schemas/errors.ts'
import {
  decodeModel,
  encodeMessage,
  onnxAttributeTypes,
  onnxElementTypes,
  type OnnxMessage,
} from '../graph/onnx-wire.ts'
import { bytesField, rawFields, type RawField } from '../graph/protobuf-fields.ts'

/** What the graph of an export takes and gives. */
export type GraphInterface = {
  readonly inputs: readonly { readonly name: string; readonly elementType: number }[]
  readonly logits: { readonly name: string; readonly elementType: number }
  readonly precision: 'fp32' | 'fp16' | 'int8'
}

/** Numbers of fields in onnx.proto. */
const field = {
  modelGraph: 7,
  graphNode: 1,
  graphInput: 11,
  graphOutput: 12,
  graphValue: 13,
  nodeInput: 1,
  nodeOutput: 2,
  nodeAttribute: 5,
  attributeGraph: 6,
  attributeGraphs: 11,
  valueName: 1,
} as const

const float16 = 10
const intTypes: readonly number[] = [onnxElementTypes.int32, onnxElementTypes.int64]
/** Inputs that are all ones, or all zeros, for one text of its own length. */
const fillings: Readonly<Record<string, number>> = { attention_mask: 1, token_type_ids: 0 }
const quantised =
  /^(?:DynamicQuantizeLinear|MatMulInteger|DynamicQuantizeMatMul|QLinear|QuantizeLinear|MatMulIntegerToFloat)/

/**
 * Looks at a mapped model (graph/mapped-weights.ts). Throws WinnowError 'model_incompatible' when it is not
 * a sequence classifier or takes inputs that Winnow cannot give, 'export_invalid' when its logits are for
 * another number of labels.
 */
export function graphInterface(model: Uint8Array, labels: number): GraphInterface {
  const {
    initializers = [],
    inputs = [],
    outputs = [],
    nodes = [],
  } = decodeModel(model).graph ?? {}
  const constants = new Set(initializers.map(({ name }) => name))
  const given = inputs
    .filter(({ name }) => !constants.has(name))
    .map(({ name = '', type }) => ({ name, elementType: type?.tensor?.elementType ?? 0 }))
  for (const { name, elementType } of given) {
    if (name !== 'input_ids' && fillings[name] === undefined) {
      throw incompatible(`Its graph has the input '${name}', which Winnow cannot fill.`)
    }
    if (!intTypes.includes(elementType)) {
      throw incompatible(
        `Its input ${name} has ONNX element type ${elementType}, not int32 or int64.`,
      )
    }
  }
  if (!given.some(({ name }) => name === 'input_ids')) {
    throw incompatible('Its graph has no input input_ids.')
  }
  // Unnamed outputs get a number; a model that gives one thing only can be judged by its shape.
  const logits =
    outputs.find(({ name }) => name === 'logits') ?? (outputs.length === 1 ? outputs[0] : undefined)
  const dims = logits?.type?.tensor?.shape?.dims
  if (logits === undefined || (dims !== undefined && dims.length !== 2)) {
    const found = outputs.map(({ name }) => name).join(', ')
    throw incompatible(
      `It is not a sequence classifier: it has no output logits [batch, labels] (found: ${found}).`,
    )
  }
  const width = dims?.[1]?.value
  if (width !== undefined && width !== labels) {
    throw new WinnowError(
      'export_invalid',
      `The graph gives ${width} logits for the ${labels} labels of config.json.`,
      { details: { logits: width, labels } },
    )
  }
  const elementType = logits.type?.tensor?.elementType ?? onnxElementTypes.float32
  const isQuantised = nodes.some(({ operator = '' }) => quantised.test(operator))
  const isHalf = initializers.some((tensor) => tensor.elementType === float16)
  return {
    inputs: given,
    logits: { name: logits.name ?? '', elementType },
    precision: isQuantised ? 'int8' : isHalf ? 'fp16' : 'fp32',
  }
}

/** A mapped model with Winnow's interface; `link` makes probabilities of logits. */
export function wrapGraph(
  model: Uint8Array,
  found: GraphInterface,
  { labels, link }: { labels: number; link: 'softmax' | 'sigmoid' },
): Uint8Array {
  const weights = new Set(decodeModel(model).graph?.initializers?.map(({ name }) => name))
  return Buffer.concat(
    rawFields(model).map(({ number, content, whole }) =>
      number === field.modelGraph
        ? bytesField(field.modelGraph, wrapFields(content, found, { labels, link, weights }))
        : whole,
    ),
  )
}

function wrapFields(
  graph: Uint8Array,
  found: GraphInterface,
  options: {
    labels: number
    link: 'softmax' | 'sigmoid'
    weights: ReadonlySet<string | undefined>
  },
): Uint8Array {
  const before = inputNodes(found)
  const after = outputNodes(found, options.link)
  const parts: Uint8Array[] = before.map((node) =>
    bytesField(field.graphNode, encodeMessage('Node', node)),
  )
  const kept = rawFields(graph).filter((one) => {
    if (one.number === field.graphOutput) return false
    // Old exports list their weights as inputs, where they must stay.
    if (one.number === field.graphInput) return options.weights.has(nameIn(one))
    return one.number !== field.graphValue || !ownNames.has(nameIn(one))
  })
  for (const one of kept) parts.push(rename(one))
  for (const node of after) parts.push(bytesField(field.graphNode, encodeMessage('Node', node)))
  parts.push(valueField(field.graphInput, 'input_ids', onnxElementTypes.int32, 'tokens'))
  for (const name of ['logits', 'probabilities']) {
    parts.push(valueField(field.graphOutput, name, onnxElementTypes.float32, options.labels))
  }
  return Buffer.concat(parts)
}

/** Names of Winnow's interface; what has them in the export is renamed. */
const ownNames: ReadonlySet<string> = new Set(['input_ids', 'logits', 'probabilities'])
const renamed = (name: string): string => (ownNames.has(name) ? `export/${name}` : name)

function inputNodes({ inputs }: GraphInterface): OnnxMessage<'Node'>[] {
  const nodes: OnnxMessage<'Node'>[] = []
  const shape = 'winnow/shape'
  nodes.push({ name: shape, operator: 'Shape', inputs: ['input_ids'], outputs: [shape] })
  for (const { name, elementType } of inputs) {
    const node = { name: `winnow/${name}`, outputs: [renamed(name)] }
    if (name === 'input_ids') {
      const attributes = [{ name: 'to', int: elementType, type: onnxAttributeTypes.int }]
      nodes.push({ ...node, operator: 'Cast', inputs: ['input_ids'], attributes })
      continue
    }
    const raw = new Uint8Array(elementType === onnxElementTypes.int64 ? 8 : 4)
    raw[0] = fillings[name]!
    const tensor = { dims: [1], elementType, raw }
    const attributes = [{ name: 'value', tensor, type: onnxAttributeTypes.tensor }]
    nodes.push({ ...node, operator: 'ConstantOfShape', inputs: [shape], attributes })
  }
  return nodes
}

function outputNodes(
  { logits }: GraphInterface,
  link: 'softmax' | 'sigmoid',
): OnnxMessage<'Node'>[] {
  const isFloat = logits.elementType === onnxElementTypes.float32
  const named = { name: 'winnow/logits', inputs: [renamed(logits.name)], outputs: ['logits'] }
  const to = [{ name: 'to', int: onnxElementTypes.float32, type: onnxAttributeTypes.int }]
  const linked = { name: 'winnow/probabilities', inputs: ['logits'], outputs: ['probabilities'] }
  return [
    isFloat ? { ...named, operator: 'Identity' } : { ...named, operator: 'Cast', attributes: to },
    link === 'sigmoid'
      ? { ...linked, operator: 'Sigmoid' }
      : {
          ...linked,
          operator: 'Softmax',
          attributes: [{ name: 'axis', int: -1, type: onnxAttributeTypes.int }],
        },
  ]
}

/** A node with its values renamed, also in the graphs within it; any other field as it is. */
function rename(one: RawField): Uint8Array {
  return one.number === field.graphNode
    ? bytesField(field.graphNode, renameNode(one.content))
    : one.whole
}

function renameNode(node: Uint8Array): Uint8Array {
  const parts = rawFields(node).map((one) => {
    if (one.number === field.nodeInput || one.number === field.nodeOutput) {
      return bytesField(one.number, Buffer.from(renamed(Buffer.from(one.content).toString())))
    }
    if (one.number !== field.nodeAttribute) return one.whole
    const fields = rawFields(one.content)
    if (!fields.some(isGraph)) return one.whole
    const inner = fields.map((part) =>
      isGraph(part)
        ? bytesField(part.number, Buffer.concat(rawFields(part.content).map(rename)))
        : part.whole,
    )
    return bytesField(one.number, Buffer.concat(inner))
  })
  return Buffer.concat(parts)
}

function isGraph({ number }: RawField): boolean {
  return number === field.attributeGraph || number === field.attributeGraphs
}

function nameIn({ content }: RawField): string {
  const name = rawFields(content).find(({ number }) => number === field.valueName)
  return Buffer.from(name?.content ?? []).toString()
}

function valueField(
  number: number,
  name: string,
  elementType: number,
  width: number | string,
): Uint8Array {
  const last = typeof width === 'number' ? { value: width } : { parameter: width }
  const dims = [{ parameter: 'batch' }, last]
  return bytesField(
    number,
    encodeMessage('ValueInfo', { name, type: { tensor: { elementType, shape: { dims } } } }),
  )
}

function incompatible(message: string): WinnowError {
  return new WinnowError('model_incompatible', `The export cannot be served. ${message}`)
}
