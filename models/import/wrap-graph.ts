// Gives the graph of an export Winnow's interface: input_ids int32 [batch, tokens] without padding
// -> logits and probabilities float32 [batch, labels]. The export's own inputs become nodes (a
// cast, a mask of ones, types of tokens); everything else in the file stays byte for byte.
// write-graph.ts copies the weights into one file.
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import {
  decodeModel,
  encodeMessage,
  onnxAttributeTypes,
  onnxElementTypes,
  type OnnxMessage,
} from '../graph/onnx/onnx-wire.ts'
import { bytesField, rawFields, type RawField } from '../graph/onnx/protobuf-fields.ts'
import type { Precision } from '../store/manifest.ts'
import { graphEnd, notNumbers, type GraphEnd, type LogitSource } from './graph-output.ts'
import { graphPrecision } from './graph-precision.ts'
import { tokenTypeNodes, typesOpsetMin, type TokenTypes } from './typed-tokens.ts'

/** The interface of an export's graph. */
export type GraphInterface = {
  readonly inputs: readonly { readonly name: string; readonly elementType: number }[]
  /** The output for the labels; whether it is logits is `end`. */
  readonly logits: { readonly name: string; readonly elementType: number }
  /** The operator that computes that output. */
  readonly end: GraphEnd
  readonly hasMask: boolean
  /** The version of the standard operators. */
  readonly opset: number
  readonly precision: Precision
}

/** Field numbers in onnx.proto. */
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

/** TensorProto.DataType: float16, double and bfloat16 beside float32. */
const floatTypes: readonly number[] = [onnxElementTypes.float32, 10, 11, 16]
const intTypes: readonly number[] = [onnxElementTypes.int32, onnxElementTypes.int64]
/** Inputs that are all ones or all zeros for a text without padding. */
const fillings: Readonly<Record<string, number>> = { attention_mask: 1, token_type_ids: 0 }

/**
 * Looks at a mapped model (graph/mapped-weights.ts). Throws WinnowError 'model_incompatible' when
 * it is not a sequence classifier or takes inputs that Winnow cannot give, 'export_invalid' when
 * its logits are for another number of labels.
 */
export function graphInterface(model: Uint8Array, labels: number): GraphInterface {
  const { graph = {}, opsetImport = [] } = decodeModel(model)
  const { initializers = [], outputs = [] } = graph
  const constants = new Set(initializers.map(({ name }) => name))
  const given = (graph.inputs ?? []).filter(({ name }) => !constants.has(name))
  for (const input of given) requireInput(input)
  if (!given.some(({ name }) => name === 'input_ids')) {
    throw incompatible('Its graph has no input input_ids.')
  }
  // Unnamed outputs get a number. If there is only one output, its shape decides.
  const logits =
    outputs.find(({ name }) => name === 'logits') ?? (outputs.length === 1 ? outputs[0] : undefined)
  const dims = logits?.type?.tensor?.shape?.dims
  if (logits === undefined || (dims !== undefined && dims.length !== 2)) {
    const found = outputs.map(({ name, type }) => `${name}${shapeText(type)}`).join(', ')
    throw incompatible(
      `It is not a sequence classifier: it has no output logits [batch, labels] (found: ${found}).`,
    )
  }
  const width = dims?.[1]?.value
  if (width !== undefined && width > 0 && width !== labels) throw widthDiffers(width, labels)
  const name = logits.name ?? ''
  const elementType = logits.type?.tensor?.elementType ?? onnxElementTypes.float32
  if (!floatTypes.includes(elementType)) throw notNumbers(name, elementType)
  return {
    inputs: given.map((input) => ({ name: input.name ?? '', elementType: elementTypeOf(input) })),
    logits: { name, elementType },
    end: graphEnd(graph, name),
    hasMask: given.some((input) => input.name === 'attention_mask'),
    precision: graphPrecision(graph),
    opset: opsetImport.find(({ domain = '' }) => domain === '')?.version ?? 1,
  }
}

/** The error for a graph whose outputs are for another number of labels. */
export function widthDiffers(width: number, labels: number): WinnowError {
  const binary =
    width === 1 && labels === 2
      ? ' Export a logit for each label, or name only the label that the one logit is for.'
      : ''
  return new WinnowError(
    'export_invalid',
    `The graph gives ${counted(width, 'logit')} for the ${counted(labels, 'label')} of ` +
      `config.json.${binary}`,
    { details: { logits: width, labels } },
  )
}

function elementTypeOf({ type }: OnnxMessage<'ValueInfo'>): number {
  return type?.tensor?.elementType ?? 0
}

/** Refuses an input that Winnow cannot fill for any number of texts of any length. */
function requireInput(input: OnnxMessage<'ValueInfo'>): void {
  const { name = '', type } = input
  if (name !== 'input_ids' && fillings[name] === undefined) {
    throw incompatible(`Its graph has the input '${name}', which Winnow cannot fill.`)
  }
  const elementType = elementTypeOf(input)
  if (!intTypes.includes(elementType)) {
    throw incompatible(
      `Its input ${name} has ONNX element type ${elementType}, not int32 or int64.`,
    )
  }
  const dims = type?.tensor?.shape?.dims
  if (dims === undefined) return
  if (dims.length !== 2) {
    throw incompatible(`Its input ${name} has the shape${shapeText(type)}, not [batch, tokens].`)
  }
  // Some exporters write 0 or -1 for a dynamic size.
  if (!dims.some(({ value }) => value !== undefined && value > 0)) return
  throw incompatible(
    `Its input ${name} has the fixed shape${shapeText(type)}; texts come in any number and length. ` +
      'Export it with dynamic axes for batch and sequence (torch.onnx.export: dynamic_axes).',
  )
}

/** ' [batch, 64]', or an empty string if the file does not have the shape. */
function shapeText(type: OnnxMessage<'Type'> | undefined): string {
  const dims = type?.tensor?.shape?.dims
  if (dims === undefined) return ''
  return ` [${dims.map(({ value, parameter }) => parameter ?? value ?? '?').join(', ')}]`
}

/**
 * A mapped model with Winnow's interface; `link` makes probabilities of the logits that `source`
 * names. Throws WinnowError 'model_incompatible' for types of tokens in a graph that is too old.
 */
export function wrapGraph(
  model: Uint8Array,
  found: GraphInterface,
  options: WrapOptions,
): Uint8Array {
  const weights = new Set(decodeModel(model).graph?.initializers?.map(({ name }) => name))
  return Buffer.concat(
    rawFields(model).map(({ number, content, whole }) =>
      number === field.modelGraph
        ? bytesField(field.modelGraph, wrapFields(content, found, { ...options, weights }))
        : whole,
    ),
  )
}

type WrapOptions = {
  labels: number
  link: 'softmax' | 'sigmoid'
  source: LogitSource
  /** Default: all tokens have type 0. */
  types?: TokenTypes
}

function wrapFields(
  graph: Uint8Array,
  found: GraphInterface,
  options: WrapOptions & { weights: ReadonlySet<string | undefined> },
): Uint8Array {
  const before = inputNodes(found, options.types)
  const after = outputNodes(found, options)
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

/** The names of Winnow's interface; values of the export with these names are renamed. */
const ownNames: ReadonlySet<string> = new Set(['input_ids', 'logits', 'probabilities'])
const renamed = (name: string): string => (ownNames.has(name) ? `export/${name}` : name)

function inputNodes({ inputs, opset }: GraphInterface, types: TokenTypes): OnnxMessage<'Node'>[] {
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
    if (name === 'token_type_ids' && types !== undefined) {
      if (opset < typesOpsetMin) {
        throw incompatible(
          `Its graph has the operators of opset ${opset}; types of tokens in pairs need opset ` +
            `${typesOpsetMin} or later. Export it again with a later one.`,
        )
      }
      nodes.push(...tokenTypeNodes(types, { shape, output: renamed(name), elementType }))
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
  { link, source }: { link: 'softmax' | 'sigmoid'; source: LogitSource },
): OnnxMessage<'Node'>[] {
  const linked = { name: 'winnow/probabilities', inputs: ['logits'], outputs: ['probabilities'] }
  return [
    ...logitNodes(logits, source),
    link === 'sigmoid'
      ? { ...linked, operator: 'Sigmoid' }
      : {
          ...linked,
          operator: 'Softmax',
          attributes: [{ name: 'axis', int: -1, type: onnxAttributeTypes.int }],
        },
  ]
}

function logitNodes(output: GraphInterface['logits'], source: LogitSource): OnnxMessage<'Node'>[] {
  const node = { name: 'winnow/logits', outputs: ['logits'] }
  const attributes = [{ name: 'to', int: onnxElementTypes.float32, type: onnxAttributeTypes.int }]
  if (source.kind === 'output') {
    const inputs = [renamed(output.name)]
    return output.elementType === onnxElementTypes.float32
      ? [{ ...node, inputs, operator: 'Identity' }]
      : [{ ...node, inputs, operator: 'Cast', attributes }]
  }
  // The value's own type is not in the file; a cast of float32 to itself costs nothing.
  if (source.kind === 'value') {
    return [{ ...node, inputs: [renamed(source.name)], operator: 'Cast', attributes }]
  }
  const given = 'winnow/given'
  const cast = { name: given, inputs: [renamed(output.name)], outputs: [given], attributes }
  const inverse = source.of === 'softmax' ? logNodes(given, 'logits') : oddsNodes(given, 'logits')
  return [{ ...cast, operator: 'Cast' }, ...inverse]
}

/** The smallest normal float32, as a lower bound because the logarithm of 0 is infinite. */
const tiniest = 2 ** -126
/** Half of the distance from 1 to the next lower float32. */
const closestToOne = 2 ** -25

/** log(max(p, tiniest)), whose softmax is p. */
function logNodes(given: string, output: string, least = tiniest): OnnxMessage<'Node'>[] {
  const name = `${given}/${output}`
  const bound = { name: `${name}/bound`, operator: 'Constant', outputs: [`${name}/bound`] }
  const tensor = { dims: [1], elementType: onnxElementTypes.float32, floats: [least] }
  return [
    { ...bound, attributes: [{ name: 'value', tensor, type: onnxAttributeTypes.tensor }] },
    {
      name: `${name}/max`,
      operator: 'Max',
      inputs: [given, `${name}/bound`],
      outputs: [`${name}/max`],
    },
    { name, operator: 'Log', inputs: [`${name}/max`], outputs: [output] },
  ]
}

/** log(p) - log(1 - p), whose sigmoid is p. */
function oddsNodes(given: string, output: string): OnnxMessage<'Node'>[] {
  const [one, rest, chance, against] = ['one', 'rest', 'for', 'against'].map(
    (part) => `winnow/odds/${part}`,
  ) as [string, string, string, string]
  const tensor = { dims: [1], elementType: onnxElementTypes.float32, floats: [1] }
  const attributes = [{ name: 'value', tensor, type: onnxAttributeTypes.tensor }]
  return [
    { name: one, operator: 'Constant', outputs: [one], attributes },
    { name: rest, operator: 'Sub', inputs: [one, given], outputs: [rest] },
    ...logNodes(given, chance),
    ...logNodes(rest, against, closestToOne),
    { name: 'winnow/odds', operator: 'Sub', inputs: [chance, against], outputs: [output] },
  ]
}

/** Renames the values of a node and of its subgraphs; other fields do not change. */
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
