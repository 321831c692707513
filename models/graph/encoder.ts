// The BERT-family encoder (arXiv:1810.04805): token ids -> hidden states -> text embedding -> class
// probabilities. Every graph that Winnow serves or trains is built here. This file owns the
// architecture; weights/ reads weights and onnx/ writes files.
import { WinnowError } from '../../schemas/errors.ts'
import type {
  EncoderWeights,
  LayerWeights,
  LinearWeights,
  NormWeights,
} from './weights/bert-weights.ts'
import * as layout from './tensors/layout-operations.ts'
import * as op from './tensors/operations.ts'
import { clsPool, meanPool, tokenMask, type Pooling } from './pooling.ts'
import { GraphBuilder, type TensorGraph, type Value } from './tensors/tensor-graph.ts'

/**
 * How a batch handles text lengths. `exact`: all texts have the same length, so nothing is masked
 * and `input_ids` is the only input. `lengths`: texts are padded at the end, and the input
 * `lengths` int32 [batch] gives the number of real tokens of each.
 */
export type Padding = 'exact' | 'lengths'

/**
 * Which hidden states make up an embedding. `last`: those of the last layer. `every`: those of the
 * embedding layer and of every layer, each pooled and scaled to length 1, then concatenated. Lower
 * layers keep more of the wording, which helps when style separates the classes.
 */
export type PooledLayers = 'last' | 'every'

export type EncoderOptions = {
  readonly padding: Padding
  /** Default `mean`. With `pooledLayers: 'every'`, each layer is always pooled by the mean. */
  readonly pooling?: Pooling | undefined
  /** Default `last`. */
  readonly pooledLayers?: PooledLayers | undefined
  /** Scale each embedding to Euclidean length 1. */
  readonly normalize: boolean
}

/**
 * What training builds differently from serving. Attention is one fused operation for serving, and
 * decomposed into differentiable operations for training. `dropout` is applied to hidden states
 * where BERT applies it, and to the embedding.
 */
type Construction = EncoderOptions & {
  readonly attention: 'fused' | 'decomposed'
  readonly dropout: (states: Value) => Value
}

const serving = { attention: 'fused', dropout: (states: Value) => states } as const

/** A linear classifier over embeddings: weight [features, labels] row-major, bias [labels]. */
export type Head = LinearWeights

/**
 * Builds the graph input_ids int32 [batch, tokens] (and lengths int32 [batch]) -> embedding float32
 * [batch, features], where `embeddingWidth` gives the number of features.
 */
export function buildEncoder(weights: EncoderWeights, options: EncoderOptions): TensorGraph {
  const graph = new GraphBuilder()
  const texts = textInputs(graph, options)
  const states = encode(graph, weights, { ...serving, ...options, ...texts })
  graph.output('embedding', poolTexts(graph, weights, { ...options, ...texts, states }))
  return graph.finish()
}

/**
 * Builds the graph input_ids int32 [batch, tokens] (and lengths int32 [batch]) -> states float32
 * [batch, tokens, hidden], the hidden states after all `layers` of `weights`.
 */
export function buildHiddenStates(weights: EncoderWeights, options: EncoderOptions): TensorGraph {
  const graph = new GraphBuilder()
  const texts = textInputs(graph, options)
  graph.output('states', encode(graph, weights, { ...serving, ...options, ...texts }).at(-1)!)
  return graph.finish()
}

/** The options of a classifier that is built into a training graph. */
export type ClassifierOptions = Pick<
  Construction,
  'normalize' | 'pooling' | 'attention' | 'dropout'
> & {
  readonly head: Head
  /**
   * How many layers from the bottom the graph leaves out, with the embedding layer; 0 leaves out
   * nothing.
   */
  readonly frozenLayers: number
}

/** The logits of `classifierOutputs`, float32 [batch, labels]. */
export function classifierLogits(
  graph: GraphBuilder,
  weights: EncoderWeights,
  options: ClassifierOptions,
): Value {
  return classifierOutputs(graph, weights, options).logits
}

/**
 * Adds a classifier to a training graph: its embedding float32 [batch, hidden], before dropout, and
 * its logits float32 [batch, labels]. The builder decides whether parameters are constants or
 * inputs. Inputs are lengths int32 [batch] and input_ids int32 [batch, tokens]. When layers are
 * frozen, states float32 [batch, tokens, hidden], the output of the frozen layers, replaces
 * input_ids.
 */
export function classifierOutputs(
  graph: GraphBuilder,
  weights: EncoderWeights,
  options: ClassifierOptions,
): { embedding: Value; logits: Value } {
  const { head, normalize, pooling, dropout, frozenLayers } = options
  const lengths = graph.input('lengths', 'int32', ['batch'])
  const build = { ...options, padding: 'lengths', lengths } as const
  const states =
    frozenLayers === 0
      ? encode(graph, weights, { ...build, ids: idsInput(graph) })
      : encodeAbove(graph, weights, {
          ...build,
          from: frozenLayers,
          states: graph.input('states', 'float32', ['batch', 'tokens', weights.hidden]),
        })
  const embedding = poolTexts(graph, weights, { normalize, pooling, lengths, states })
  const logits = graph.within('head', () => linear(graph, dropout(embedding), head))
  return { embedding, logits }
}

/**
 * Adds the served classifier above its embedding layer, in differentiable operations: states
 * float32 [batch, tokens, hidden], all of one length -> logits float32 [batch, labels].
 */
export function logitsOfStates(
  graph: GraphBuilder,
  weights: EncoderWeights,
  options: Omit<EncoderOptions, 'padding'> & { readonly head: Head; readonly states: Value },
): Value {
  const above = { ...options, ...serving, attention: 'decomposed', padding: 'exact' } as const
  const lengths = undefined
  const states = encodeAbove(graph, weights, { ...above, lengths, from: 0 })
  const embedding = poolTexts(graph, weights, { ...options, lengths, states })
  return graph.within('head', () => linear(graph, embedding, options.head))
}

/**
 * Builds the graph input_ids int32 [batch, tokens] (and lengths int32 [batch]) -> logits and
 * probabilities, both float32 [batch, labels]. Throws `model_incompatible` when the head does not
 * take as many features as the encoder gives.
 */
export function buildClassifier(
  weights: EncoderWeights,
  head: Head,
  options: EncoderOptions & {
    /** How logits become probabilities; `sigmoid` when labels are independent. Default softmax. */
    readonly link?: 'softmax' | 'sigmoid' | undefined
  },
): TensorGraph {
  const features = embeddingWidth(weights, options)
  if (head.from !== features) {
    throw new WinnowError(
      'model_incompatible',
      `The head takes ${head.from} features and the encoder gives ${features}.`,
    )
  }
  const graph = new GraphBuilder()
  const texts = textInputs(graph, options)
  const states = encode(graph, weights, { ...serving, ...options, ...texts })
  const embedding = poolTexts(graph, weights, { ...options, ...texts, states })
  const logits = graph.within('head', () => linear(graph, embedding, head))
  graph.output('logits', logits)
  const linked = options.link === 'sigmoid' ? op.sigmoid(graph, logits) : op.softmax(graph, logits)
  graph.output('probabilities', linked)
  return graph.finish()
}

/** The number of features in one embedding. */
export function embeddingWidth(
  { hidden, layers }: EncoderWeights,
  { pooledLayers = 'last' }: Pick<EncoderOptions, 'pooledLayers'>,
): number {
  return pooledLayers === 'last' ? hidden : (layers.length + 1) * hidden
}

type TextInputs = { readonly ids: Value; readonly lengths: Value | undefined }

function textInputs(graph: GraphBuilder, { padding }: EncoderOptions): TextInputs {
  const ids = idsInput(graph)
  return {
    ids,
    lengths: padding === 'lengths' ? graph.input('lengths', 'int32', ['batch']) : undefined,
  }
}

function idsInput(graph: GraphBuilder): Value {
  return graph.input('input_ids', 'int32', ['batch', 'tokens'])
}

/** Hidden states of the layers, each [batch, tokens, hidden] -> embeddings [batch, features]. */
function poolTexts(
  graph: GraphBuilder,
  weights: EncoderWeights,
  options: { states: readonly Value[]; lengths: Value | undefined } & Pick<
    EncoderOptions,
    'normalize' | 'pooling' | 'pooledLayers'
  >,
): Value {
  const { states, lengths, normalize, pooledLayers = 'last' } = options
  const texts = { lengths, positions: weights.positions }
  return graph.within('pool', () => {
    if (pooledLayers === 'last') {
      const last = states.at(-1)!
      const pooled =
        options.pooling === 'cls'
          ? clsPool(graph, last, weights.positions)
          : meanPool(graph, last, texts)
      return normalize ? op.l2Normalize(graph, pooled) : pooled
    }
    const means = states.map((state) => op.l2Normalize(graph, meanPool(graph, state, texts)))
    const size = embeddingWidth(weights, { pooledLayers })
    const all = layout.concat(graph, means, { axis: 1, size })
    return normalize ? op.l2Normalize(graph, all) : all
  })
}

/**
 * ids [batch, tokens], lengths [batch] -> hidden states, each [batch, tokens, hidden], of the
 * embedding layer and of each layer above.
 */
function encode(
  graph: GraphBuilder,
  weights: EncoderWeights,
  options: Construction & TextInputs,
): Value[] {
  const states = graph.within('embeddings', () =>
    options.dropout(embedTokens(graph, weights, options.ids)),
  )
  return encodeAbove(graph, weights, { ...options, states, from: 0 })
}

/** The given states, then the output of each layer from `from` on: [batch, tokens, hidden] each. */
function encodeAbove(
  graph: GraphBuilder,
  weights: EncoderWeights,
  options: Construction & { states: Value; lengths: Value | undefined; from: number },
): Value[] {
  const { lengths, attention, dropout, from } = options
  const { heads, epsilon } = weights
  const mask =
    attention === 'decomposed' && lengths !== undefined
      ? attentionMask(graph, { lengths, states: options.states, positions: weights.positions })
      : undefined
  const all = [options.states]
  for (const [index, layer] of weights.layers.entries()) {
    if (index < from) continue
    const context = { attention, dropout, heads, epsilon, states: all.at(-1)!, lengths, mask }
    all.push(graph.within(`layer.${index}`, () => encoderLayer(graph, layer, context)))
  }
  return all
}

function embedTokens(graph: GraphBuilder, weights: EncoderWeights, ids: Value): Value {
  const { vocabulary, positions, hidden } = weights
  const words = graph.parameter('words', weights.wordEmbedding, {
    shape: [vocabulary, hidden],
    rows: 'used',
  })
  const table = graph.parameter('positions', foldTokenType(weights), { shape: [positions, hidden] })
  const count = layout.sizeOf(graph, ids, 1) // [1]
  const used = layout.take(graph, table, { axis: 0, count, size: 'tokens' }) // [tokens, hidden]
  const sum = op.add(graph, op.gather(graph, words, ids), used) // [batch, tokens, hidden]
  return norm(graph, sum, { ...weights.embeddingNorm, epsilon: weights.epsilon })
}

type LayerContext = Pick<Construction, 'attention' | 'dropout'> & {
  readonly states: Value
  readonly lengths: Value | undefined
  /** float32 [batch, 1, 1, tokens], for decomposed attention only. */
  readonly mask: Value | undefined
  readonly heads: number
  readonly epsilon: number
}

/** One post-norm transformer layer: states [batch, tokens, hidden] -> the same shape. */
function encoderLayer(graph: GraphBuilder, layer: LayerWeights, context: LayerContext): Value {
  const { states, heads, lengths, mask, epsilon, dropout } = context
  const afterAttention = graph.within('attention', () => {
    const projected = graph.within('projections', () =>
      linear(graph, states, mergeProjections(layer)),
    ) // [batch, tokens, 3 hidden]
    const [query, key, value] = layout.split(graph, projected, 3) as [Value, Value, Value]
    const operands = { query, key, value, heads }
    const attended =
      context.attention === 'fused'
        ? op.attention(graph, { ...operands, lengths })
        : decomposedAttention(graph, { ...operands, mask })
    const output = dropout(linear(graph, attended, layer.attentionOutput)) // same shape as states
    return norm(graph, op.add(graph, output, states), { ...layer.attentionNorm, epsilon })
  })
  return graph.within('feed_forward', () => {
    const wide = graph.within('wide', () =>
      op.gelu(graph, linear(graph, afterAttention, layer.intermediate)),
    )
    const narrow = dropout(linear(graph, wide, layer.output)) // [batch, tokens, hidden]
    return norm(graph, op.add(graph, narrow, afterAttention), { ...layer.outputNorm, epsilon })
  })
}

/** Computes what `op.attention` does, in differentiable operations: [batch, tokens, hidden]. */
function decomposedAttention(
  graph: GraphBuilder,
  operands: { query: Value; key: Value; value: Value; heads: number; mask: Value | undefined },
): Value {
  const { query, key, value, heads, mask } = operands
  const [batch, tokens, hidden] = query.shape as [string, string, number]
  const width = hidden / heads
  const splitHeads = (x: Value): Value => {
    const split = layout.reshape(graph, x, [batch, tokens, heads, width])
    return layout.transpose(graph, split, [0, 2, 1, 3]) // [batch, heads, tokens, width]
  }
  const product = { transposed: 'b', scale: 1 / Math.sqrt(width) } as const
  const scores = op.matMul(graph, splitHeads(query), splitHeads(key), product)
  const masked = mask === undefined ? scores : op.add(graph, scores, mask)
  const attentionWeights = op.softmax(graph, masked) // [batch, heads, tokens, tokens]
  // [batch, heads, tokens, width]
  const attended = op.matMul(graph, attentionWeights, splitHeads(value))
  return layout.reshape(graph, layout.transpose(graph, attended, [0, 2, 1, 3]), query.shape)
}

/**
 * 0 for real tokens, -10,000 for padding, whose attention weight is then 0: [batch, 1, 1, tokens].
 */
function attentionMask(
  graph: GraphBuilder,
  texts: { lengths: Value; states: Value; positions: number },
): Value {
  return graph.within('mask', () => {
    const mask = tokenMask(graph, texts) // [batch, tokens]
    const bias = op.scale(graph, op.subtract(graph, mask, op.scalar(graph, 1)), 10_000)
    return layout.unsqueeze(graph, layout.unsqueeze(graph, bias, 1), 1)
  })
}

function linear(graph: GraphBuilder, x: Value, weights: LinearWeights): Value {
  const weight = graph.parameter('weight', weights.weight, { shape: [weights.from, weights.to] })
  const bias = graph.parameter('bias', weights.bias, { shape: [weights.to] })
  return op.linear(graph, x, { weight, bias })
}

function norm(graph: GraphBuilder, x: Value, weights: NormWeights & { epsilon: number }): Value {
  return graph.within('norm', () => {
    const scale = graph.parameter('scale', weights.scale, { shape: [weights.scale.length] })
    const bias = graph.parameter('bias', weights.bias, { shape: [weights.bias.length] })
    return op.layerNorm(graph, x, { scale, bias, epsilon: weights.epsilon })
  })
}

/** Adds the row of token type 0 to every position: all tokens of a single text have that type. */
function foldTokenType({ positionEmbedding, typeEmbedding, hidden }: EncoderWeights): Float32Array {
  return positionEmbedding.map((weight, i) => weight + typeEmbedding[i % hidden]!)
}

/** Query, key and value as one linear layer: weight [hidden, 3 hidden], bias [3 hidden]. */
function mergeProjections({ query, key, value }: LayerWeights): LinearWeights {
  const { from, to } = query
  const weight = new Float32Array(from * 3 * to)
  for (const [index, { weight: columns }] of [query, key, value].entries()) {
    for (let row = 0; row < from; row++) {
      weight.set(columns.subarray(row * to, (row + 1) * to), (row * 3 + index) * to)
    }
  }
  return {
    from,
    to: 3 * to,
    weight,
    bias: Float32Array.from([...query.bias, ...key.bias, ...value.bias]),
  }
}
