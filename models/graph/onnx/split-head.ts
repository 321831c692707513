// Cuts a classifier that Winnow wrote (buildClassifier in ../encoder.ts) in two at its pooled
// embedding: the encoder, which several classifiers may have in common, and the head. Every node
// and constant stays as it is, so both halves together compute the same bits as the whole.
import { WinnowError } from '../../../schemas/errors.ts'
import { decodeModel, onnxElementTypes, type OnnxMessage } from './onnx-wire.ts'

type OnnxModel = OnnxMessage<'Model'>
type OnnxGraph = OnnxMessage<'Graph'>
type OnnxNode = OnnxMessage<'Node'>

/** The two halves of a classifier. References to weights in other files stay as they are. */
export type SplitModel = {
  /** input_ids int32 [batch, tokens] -> embedding float32 [batch, features]. */
  readonly encoder: OnnxModel
  /** The embedding, under the name that it has in the file -> logits float32 [batch, labels]. */
  readonly head: OnnxModel
  /** The width of the logits. */
  readonly labels: number
}

/** The first operand of the head, in the files of onnx-writer.ts. */
const headWeight = 'head/weight'

/**
 * Splits the bytes of a model file. Throws `model_incompatible` if it has no head of Winnow's, as
 * an imported model, or if its head reads more than the embedding.
 */
export function splitHead(bytes: Uint8Array): SplitModel {
  const { graph = {}, ...model } = decodeModel(bytes)
  const { nodes = [], inputs = [] } = graph
  const first = nodes.find((node) => node.inputs?.[1] === headWeight)
  const pooled = first?.inputs?.[0]
  if (first === undefined || pooled === undefined) throw notSplit('it was not trained by Winnow')
  const behind = nodesBehind(nodes, first)
  const head = nodesBefore(
    nodes.filter((node) => behind.has(node)),
    'logits',
  )
  const encoder = nodes.filter((node) => !behind.has(node))
  const made = new Set(encoder.flatMap((node) => node.outputs ?? []))
  const read = head.flatMap((node) => node.inputs ?? [])
  const other = read.find((name) => name !== pooled && made.has(name))
  if (other !== undefined) throw notSplit(`its head reads ${other} besides the embedding`)
  const weight = graph.initializers?.find(({ name }) => name === headWeight)
  const labels = weight?.dims?.at(-1)
  if (labels === undefined) throw notSplit('the shape of its head is unknown')
  const embedding = { operator: 'Identity', inputs: [pooled], outputs: ['embedding'] }
  return {
    encoder: {
      ...model,
      graph: {
        ...partOf(graph, [...encoder, { name: 'embedding', ...embedding }]),
        inputs,
        outputs: [floats('embedding', 'features')],
      },
    },
    head: {
      ...model,
      graph: {
        ...partOf(graph, head),
        inputs: [floats(pooled, 'features')],
        outputs: [floats('logits', 'labels')],
      },
    },
    labels,
  }
}

/** A node and all that read, directly or not, what it makes. Nodes are in the order of use. */
function nodesBehind(nodes: readonly OnnxNode[], first: OnnxNode): Set<OnnxNode> {
  const behind = new Set([first])
  const made = new Set(first.outputs)
  for (const node of nodes) {
    if (node.inputs?.some((name) => made.has(name)) !== true) continue
    behind.add(node)
    for (const name of node.outputs ?? []) made.add(name)
  }
  return behind
}

/** The nodes, in their order, that a value is made from. */
function nodesBefore(nodes: readonly OnnxNode[], value: string): OnnxNode[] {
  const wanted = new Set([value])
  const before = nodes.toReversed().filter((node) => {
    const isWanted = node.outputs?.some((name) => wanted.has(name)) === true
    if (isWanted) for (const name of node.inputs ?? []) wanted.add(name)
    return isWanted
  })
  return before.reverse()
}

/** The nodes with the constants that they read. */
function partOf({ name, initializers = [] }: OnnxGraph, nodes: readonly OnnxNode[]): OnnxGraph {
  const read = new Set(nodes.flatMap((node) => node.inputs ?? []))
  return { name, nodes, initializers: initializers.filter((one) => read.has(one.name ?? '')) }
}

function floats(name: string, columns: string): OnnxMessage<'ValueInfo'> {
  const shape = { dims: [{ parameter: 'batch' }, { parameter: columns }] }
  return { name, type: { tensor: { elementType: onnxElementTypes.float32, shape } } }
}

function notSplit(why: string): WinnowError {
  return new WinnowError('model_incompatible', `The model cannot share its encoder: ${why}.`)
}
