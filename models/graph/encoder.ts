// The BERT-family encoder (arXiv:1810.04805), defined once: token ids to hidden states, to a text
// embedding, to class probabilities. Every graph that Winnow serves or trains comes from here. It
// owns the architecture and its shapes; it does not read weights or write bytes.
import { WinnowError } from '../../schemas/errors.ts'
import type {
  EncoderWeights,
  LayerWeights,
  LinearWeights,
  NormWeights,
} from './weights/bert-weights.ts'
import * as layout from './tensors/layout-operations.ts'
import * as op from './tensors/operations.ts'
import { firstTokens, meanPool, tokensThatCount, type Pooling } from './pooling.ts'
import { GraphBuilder, type TensorGraph, type Value } from './tensors/tensor-graph.ts'

/**
 * How texts of one batch are told apart. `exact`: all have the same length, so nothing is masked
 * and `input_ids` is the only input. `lengths`: texts are padded at the end, and the input
 * `lengths` int32 [batch] says how many tokens of each count.
 */
export type Padding = 'exact' | 'lengths'

/**
 * Which hidden states an embedding is made of: those of the last layer, or those of the embeddings
 * and every layer, each pooled and scaled to length 1, side by side. Lower layers keep more of the
 * wording, which helps where style tells the classes apart.
 */
export type PooledLayers = 'last' | 'every'

export type EncoderOptions = {
  readonly padding: Padding
  /** Default `mean`; layers side by side are always means. */
  readonly pooling?: Pooling | undefined
  /** Default `last`. */
  readonly pooledLayers?: PooledLayers | undefined
  /** Scale each embedding to Euclidean length 1. */
  readonly normalize: boolean
}

/**
 * What training builds differently. Attention is fused when serving, and written out where it must
 * be differentiated. `dropout` is applied where BERT has it on hidden states and on the embedding.
 */
type Construction = EncoderOptions & {
  readonly attention: 'fused' | 'written out'
  readonly dropout: (states: Value) => Value
}

const serving = { attention: 'fused', dropout: (states: Value) => states } as const

/** A linear classifier over embeddings: weight [features, labels] row-major, bias [labels]. */
export type Head = LinearWeights

/**
 * input_ids int32 [batch, tokens] (and lengths int32 [batch]) -> embedding float32
 * [batch, features], where features is what embeddingWidth says.
 */
export function buildEncoder(weights: EncoderWeights, options: EncoderOptions): TensorGraph {
  const graph = new GraphBuilder()
  const texts = textInputs(graph, options)
  const states = encode(graph, weights, { ...serving, ...options, ...texts })
  graph.output('embedding', poolTexts(graph, weights, { ...options, ...texts, states }))
  return graph.finish()
}

/**
 * input_ids int32 [batch, tokens] (and lengths int32 [batch]) -> states float32
 * [batch, tokens, hidden] after the embeddings and all `layers` of `weights`.
 */
export function buildStates(weights: EncoderWeights, options: EncoderOptions): TensorGraph {
  const graph = new GraphBuilder()
  const texts = textInputs(graph, options)
  graph.output('states', encode(graph, weights, { ...serving, ...options, ...texts }).at(-1)!)
  return graph.finish()
}

/** What a classifier under construction is made of. */
export type ClassifierOptions = Pick<
  Construction,
  'normalize' | 'pooling' | 'attention' | 'dropout'
> & {
  readonly head: Head
  /** How many layers from the bottom are not part of the graph; with 0, nothing is. */
  readonly frozenLayers: number
}

/** The logits alone of `classifierOutputs`. */
export function classifierLogits(
  graph: GraphBuilder,
  weights: EncoderWeights,
  options: ClassifierOptions,
): Value {
  return classifierOutputs(graph, weights, options).logits
}

/**
 * The embedding float32 [batch, hidden], before dropout, and the logits float32 [batch, labels] of
 * a classifier in a graph under construction, as training needs it: parts of it may be frozen, and
 * parameters are what the builder makes of them. Inputs are lengths int32 [batch], and either
 * input_ids int32 [batch, tokens] or, when layers are frozen, states float32 [batch, tokens,
 * hidden], which the frozen part gave.
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
 * input_ids int32 [batch, tokens] (and lengths int32 [batch]) -> logits and probabilities, both
 * float32 [batch, labels]. Throws `model_incompatible` when the head is for another width.
 */
export function buildClassifier(
  weights: EncoderWeights,
  head: Head,
  options: EncoderOptions & {
    /** What makes probabilities of the logits; `sigmoid` where each label applies by itself. */
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

/** Numbers in one embedding. */
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
          ? firstTokens(graph, last, weights.positions)
          : meanPool(graph, last, texts)
      return normalize ? op.l2Normalize(graph, pooled) : pooled
    }
    const means = states.map((state) => op.l2Normalize(graph, meanPool(graph, state, texts)))
    const size = embeddingWidth(weights, { pooledLayers })
    const all = layout.concat(graph, means, { axis: 1, size })
    return normalize ? op.l2Normalize(graph, all) : all
  })
}

/** ids [batch, tokens], lengths [batch] -> hidden states [batch, tokens, hidden] of each layer. */
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

/** The given states, then those after each layer from number `from` on: [batch, tokens, hidden]. */
function encodeAbove(
  graph: GraphBuilder,
  weights: EncoderWeights,
  options: Construction & { states: Value; lengths: Value | undefined; from: number },
): Value[] {
  const { lengths, attention, dropout, from } = options
  const { heads, epsilon } = weights
  const mask =
    attention === 'written out' && lengths !== undefined
      ? keyMask(graph, { lengths, states: options.states, positions: weights.positions })
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
  const places = graph.parameter('positions', foldTypeRow(weights), { shape: [positions, hidden] })
  const count = layout.sizeOf(graph, ids, 1) // [1]
  const first = layout.take(graph, places, { axis: 0, count, size: 'tokens' }) // [tokens, hidden]
  const sum = op.add(graph, op.gather(graph, words, ids), first) // [batch, tokens, hidden]
  return norm(graph, sum, { ...weights.embeddingNorm, epsilon: weights.epsilon })
}

type LayerContext = Pick<Construction, 'attention' | 'dropout'> & {
  readonly states: Value
  readonly lengths: Value | undefined
  /** float32 [batch, 1, 1, tokens], where attention is written out. */
  readonly mask: Value | undefined
  readonly heads: number
  readonly epsilon: number
}

function encoderLayer(graph: GraphBuilder, layer: LayerWeights, context: LayerContext): Value {
  const { states, heads, lengths, mask, epsilon, dropout } = context
  const attended = graph.within('attention', () => {
    const projected = graph.within('projections', () =>
      linear(graph, states, mergeProjections(layer)),
    ) // [batch, tokens, 3 hidden]
    const [query, key, value] = layout.split(graph, projected, 3) as [Value, Value, Value]
    const operands = { query, key, value, heads }
    const mixed =
      context.attention === 'fused'
        ? op.attention(graph, { ...operands, lengths })
        : attentionWrittenOut(graph, { ...operands, mask })
    const output = dropout(linear(graph, mixed, layer.attentionOutput)) // [batch, tokens, hidden]
    return norm(graph, op.add(graph, output, states), { ...layer.attentionNorm, epsilon })
  })
  return graph.within('feed_forward', () => {
    const wide = graph.within('wide', () =>
      op.gelu(graph, linear(graph, attended, layer.intermediate)),
    )
    const narrow = dropout(linear(graph, wide, layer.output)) // [batch, tokens, hidden]
    return norm(graph, op.add(graph, narrow, attended), { ...layer.outputNorm, epsilon })
  })
}

/** What `op.attention` computes, in operations that have gradients: [batch, tokens, hidden]. */
function attentionWrittenOut(
  graph: GraphBuilder,
  operands: { query: Value; key: Value; value: Value; heads: number; mask: Value | undefined },
): Value {
  const { query, key, value, heads, mask } = operands
  const [batch, tokens, hidden] = query.shape as [string, string, number]
  const width = hidden / heads
  const byHead = (x: Value): Value => {
    const parted = layout.reshape(graph, x, [batch, tokens, heads, width])
    return layout.transpose(graph, parted, [0, 2, 1, 3]) // [batch, heads, tokens, width]
  }
  const product = { transposed: 'b', scale: 1 / Math.sqrt(width) } as const
  const scores = op.matMul(graph, byHead(query), byHead(key), product)
  const masked = mask === undefined ? scores : op.add(graph, scores, mask)
  const shares = op.softmax(graph, masked) // [batch, heads, tokens, tokens]
  const mixed = op.matMul(graph, shares, byHead(value)) // [batch, heads, tokens, width]
  return layout.reshape(graph, layout.transpose(graph, mixed, [0, 2, 1, 3]), query.shape)
}

/** 0 for keys that count and -10,000 for padding, whose share is then 0: [batch, 1, 1, tokens]. */
function keyMask(
  graph: GraphBuilder,
  texts: { lengths: Value; states: Value; positions: number },
): Value {
  return graph.within('mask', () => {
    const counts = tokensThatCount(graph, texts) // [batch, tokens]
    const bias = op.scale(graph, op.subtract(graph, counts, op.scalar(graph, 1)), 10_000)
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

/** Single texts always have token type 0, so its row is added to every position beforehand. */
function foldTypeRow({ positionEmbedding, typeEmbedding, hidden }: EncoderWeights): Float32Array {
  return positionEmbedding.map((weight, i) => weight + typeEmbedding[i % hidden]!)
}

/** Query, key and value in one product: weight [hidden, 3 hidden], bias [3 hidden]. */
function mergeProjections({ query, key, value }: LayerWeights): LinearWeights {
  const { from, to } = query
  const weight = new Float32Array(from * 3 * to)
  for (const [part, { weight: columns }] of [query, key, value].entries()) {
    for (let row = 0; row < from; row++) {
      weight.set(columns.subarray(row * to, (row + 1) * to), (row * 3 + part) * to)
    }
  }
  return {
    from,
    to: 3 * to,
    weight,
    bias: Float32Array.from([...query.bias, ...key.bias, ...value.bias]),
  }
}
