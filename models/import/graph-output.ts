// Decides whether an export's output is logits, or probabilities after a softmax or sigmoid. Winnow
// turns logits into probabilities itself; a second softmax would flatten probabilities, and a
// second sigmoid would make every label apply. The last operators of the graph decide, and if they
// do not, its results.
import { WinnowError } from '../../schemas/errors.ts'
import type { OnnxMessage } from '../graph/onnx/onnx-wire.ts'
import { exportInvalid, type LabelTask } from './export-files.ts'

/** How a graph ends. */
export type GraphEnd =
  /** A softmax or a sigmoid; `before` is its input, if the operator can be removed. */
  | { readonly kind: 'softmax' | 'sigmoid'; readonly before: string | undefined }
  /** The logarithm of a softmax, which a softmax turns into probabilities as it does logits. */
  | { readonly kind: 'log softmax' }
  /** A product with weights, which is unbounded. */
  | { readonly kind: 'linear' }
  | { readonly kind: 'other'; readonly operator: string }

/** The kind of outputs that the caller states. */
export const statedOutputs = ['logits', 'probabilities'] as const
export type StatedOutputs = (typeof statedOutputs)[number]

/**
 * Where the logits of a version come from: an output of the export as it is, the value before its
 * last operator, or its probabilities by the inverse of their link.
 */
export type LogitSource =
  | { readonly kind: 'output' }
  | { readonly kind: 'value'; readonly name: string }
  | { readonly kind: 'inverse'; readonly of: 'softmax' | 'sigmoid' }

/** Operators that change the type of numbers, not their values. */
const passing = new Set(['Identity', 'Cast'])
const reshaping = new Set(['Squeeze', 'Unsqueeze', 'Reshape', 'Flatten', 'Gather', 'Dropout'])
const rounding = new Set(['QuantizeLinear', 'DequantizeLinear'])
const products =
  /^(?:Gemm|MatMul|MatMulInteger|MatMulNBits|MatMulBnb4|DynamicQuantizeMatMul|MatMulIntegerToFloat|QLinearMatMul|QGemm)$/

/** Finds the operator that computes the output `name` of a graph. */
export function graphEnd(graph: OnnxMessage<'Graph'>, name: string): GraphEnd {
  const { nodes = [], initializers = [] } = graph
  const makers = new Map<string, OnnxMessage<'Node'>>()
  for (const node of nodes) for (const output of node.outputs ?? []) makers.set(output, node)
  const weights = new Set(initializers.map((tensor) => tensor.name ?? ''))
  let value = name
  let isSame = true
  for (let steps = 0; steps < nodes.length; steps++) {
    const maker = makers.get(value)
    const operator = maker?.operator ?? ''
    const isPassed = passing.has(operator) || reshaping.has(operator) || rounding.has(operator)
    if (maker === undefined || !isPassed) break
    isSame &&= passing.has(operator)
    value = maker.inputs?.[0] ?? ''
  }
  const last = makers.get(value)
  const operator = last?.operator ?? 'none'
  const input = last?.inputs?.[0]
  const isOverLabels = [-1, 1].includes(axisOf(last))
  if (operator === 'Softmax' && isOverLabels) {
    return { kind: 'softmax', before: isSame ? input : undefined }
  }
  if (operator === 'QLinearSoftmax') return { kind: 'softmax', before: undefined }
  if (operator === 'Sigmoid') return { kind: 'sigmoid', before: isSame ? input : undefined }
  if (operator === 'QLinearSigmoid') return { kind: 'sigmoid', before: undefined }
  if (operator === 'LogSoftmax' && isOverLabels) return { kind: 'log softmax' }
  if (isLinear(value, { makers, weights, depth: 0 })) return { kind: 'linear' }
  return { kind: 'other', operator }
}

/** The axis of a softmax. Before version 13 the default is 1, which is the last of two axes. */
function axisOf(node: OnnxMessage<'Node'> | undefined): number {
  return node?.attributes?.find(({ name }) => name === 'axis')?.int ?? -1
}

const linearDepthMax = 16

/** Whether a value is a product with weights, possibly scaled or shifted. */
function isLinear(
  value: string,
  context: {
    makers: ReadonlyMap<string, OnnxMessage<'Node'>>
    weights: ReadonlySet<string>
    depth: number
  },
): boolean {
  const { makers, weights, depth } = context
  const maker = makers.get(value)
  if (maker === undefined || depth > linearDepthMax) return false
  const { operator = '', inputs = [] } = maker
  if (products.test(operator)) return true
  const isPart = (input: string): boolean =>
    !weights.has(input) && isLinear(input, { ...context, depth: depth + 1 })
  if (operator === 'Add' || operator === 'Mul') return inputs.some(isPart)
  const isPassed = passing.has(operator) || reshaping.has(operator) || rounding.has(operator)
  return (isPassed || operator === 'Div') && isPart(inputs[0] ?? '')
}

/** The tolerance for probabilities to add up to 1, also in half precision. */
const sumTolerance = 2e-3
const boundTolerance = 1e-6

/**
 * Decides where logits come from. `rows` are what the export gave for some texts, each with a
 * number for each label. Throws WinnowError 'export_invalid' when the outputs contradict the task
 * that is stated, or when it cannot be told what they are and the caller has not said it.
 */
export function logitSource(
  rows: readonly (readonly number[])[],
  context: {
    end: GraphEnd
    task: LabelTask
    isTaskStated: boolean
    labels: number
    stated: StatedOutputs | undefined
  },
): LogitSource {
  const { end, task, isTaskStated, labels, stated } = context
  const kind = outputKind(rows, { end, labels, stated })
  if (kind === 'logits') return { kind: 'output' }
  if (kind === 'unclear') {
    throw exportInvalid(
      `All outputs of the graph for ${rows.length} texts lie between 0 and 1, as probabilities do, and ` +
        `its last operator (${operatorOf(end)}) does not tell. Say what they are: --outputs logits or ` +
        '--outputs probabilities.',
    )
  }
  const link = kind === 'unlinked' ? (task === 'multi-label' ? 'sigmoid' : 'softmax') : kind
  requireTask(link, { task, isTaskStated })
  if (labels === 1 && link === 'softmax') {
    throw exportInvalid(
      'The graph ends in a softmax over one number, which is 1 for every text: export its logits.',
    )
  }
  const isAtEnd = end.kind === link
  if (end.kind === 'log softmax') return { kind: 'output' }
  return isAtEnd && end.before !== undefined
    ? { kind: 'value', name: end.before }
    : { kind: 'inverse', of: link }
}

function operatorOf(end: GraphEnd): string {
  return end.kind === 'other' ? end.operator : end.kind
}

/** The kind of output; `unlinked` means probabilities of unknown origin. */
function outputKind(
  rows: readonly (readonly number[])[],
  { end, labels, stated }: { end: GraphEnd; labels: number; stated: StatedOutputs | undefined },
): 'logits' | 'softmax' | 'sigmoid' | 'unlinked' | 'unclear' {
  const isBounded = rows.every((row) =>
    row.every((number) => number >= -boundTolerance && number <= 1 + boundTolerance),
  )
  if (stated === 'logits') return 'logits'
  if (end.kind === 'softmax' || end.kind === 'sigmoid') return end.kind
  if (end.kind === 'log softmax') return 'softmax'
  if (stated === 'probabilities') {
    if (isBounded) return 'unlinked'
    throw exportInvalid('The graph gives numbers below 0 or above 1, which are no probabilities.')
  }
  if (!isBounded) return 'logits'
  const sumsToOne = (row: readonly number[]): boolean =>
    Math.abs(row.reduce((sum, number) => sum + number, 0) - 1) <= sumTolerance
  if (labels > 1 && rows.every(sumsToOne)) return 'softmax'
  return end.kind === 'linear' ? 'logits' : 'unclear'
}

/**
 * Checks the output against the task: softmax is for one label, sigmoids for independent labels.
 */
function requireTask(
  link: 'softmax' | 'sigmoid',
  { task, isTaskStated }: { task: LabelTask; isTaskStated: boolean },
): void {
  if (link === 'softmax' && task === 'multi-label') {
    throw exportInvalid(
      'The outputs of the graph add up to 1 over the labels (a softmax), and the task is ' +
        'multi_label_classification, where each label has a sigmoid of its own: state the task that ' +
        'the model was trained for with --problem-type.',
    )
  }
  if (link !== 'sigmoid' || task === 'multi-label') return
  throw exportInvalid(
    isTaskStated
      ? 'The graph ends in sigmoids, one for each label, and the task is single_label_classification: ' +
          'state the task that the model was trained for with --problem-type.'
      : 'The graph ends in sigmoids, one for each label, and nothing says that several labels may apply ' +
          'to a text. If they may, import it with --problem-type multi_label_classification; if not, ' +
          'export its logits.',
  )
}

/** The error for a graph whose outputs are not floating-point numbers. */
export function notNumbers(name: string, elementType: number): WinnowError {
  return new WinnowError(
    'model_incompatible',
    `The export cannot be served. Its output ${name} has the ONNX element type ${elementType}, not ` +
      'floating-point numbers: export the logits, not the label that they give.',
  )
}
