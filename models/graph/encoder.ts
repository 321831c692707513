// The BERT-family encoder (arXiv:1810.04805), defined once: token ids to hidden states, to a text
// embedding, to class probabilities. Every graph that Winnow serves or trains comes from here. It
// owns the architecture and its shapes; it does not read weights or write bytes.
import { WinnowError } from '../../schemas/errors.ts'
import type { EncoderWeights, LayerWeights, LinearWeights, NormWeights } from './bert-weights.ts'
import * as op from './operations.ts'
import { GraphBuilder, type TensorGraph, type Value } from './tensor-graph.ts'

/**
 * How texts of one batch are told apart. `exact`: all have the same length, so nothing is masked
 * and `input_ids` is the only input. `lengths`: texts are padded at the end, and the input
 * `lengths` int32 [batch] says how many tokens of each count.
 */
export type Padding = 'exact' | 'lengths'

/**
 * Which hidden states make the embedding. `last`: the mean over the tokens of the last layer's, as
 * the base was trained: [hidden]. `every`: the means of the embedding layer's and each layer's,
 * each of length 1, side by side: [(layers + 1) x hidden]. Lower layers keep more of the wording,
 * at no cost in time.
 */
export type PooledLayers = 'last' | 'every'

export type EncoderOptions = {
  readonly padding: Padding
  /** Default `last`. */
  readonly pooledLayers?: PooledLayers | undefined
  /** Scale each embedding to Euclidean length 1. */
  readonly normalize: boolean
}

/** A linear classifier over embeddings: weight [features, labels] row-major, bias [labels]. */
export type Head = LinearWeights

/**
 * input_ids int32 [batch, tokens] (and lengths int32 [batch]) -> embedding float32 [batch, hidden].
 */
export function buildEncoder(weights: EncoderWeights, options: EncoderOptions): TensorGraph {
  const graph = new GraphBuilder()
  graph.output('embedding', embedTexts(graph, weights, options))
  return graph.finish()
}

/**
 * input_ids int32 [batch, tokens] (and lengths int32 [batch]) -> logits and probabilities, both
 * float32 [batch, labels]. Throws `model_incompatible` when the head is for another width.
 */
export function buildClassifier(
  weights: EncoderWeights,
  head: Head,
  options: EncoderOptions,
): TensorGraph {
  const features = embeddingWidth(weights, options)
  if (head.from !== features) {
    throw new WinnowError(
      'model_incompatible',
      `The head takes ${head.from} features and the encoder gives ${features}.`,
    )
  }
  const graph = new GraphBuilder()
  const embedding = embedTexts(graph, weights, options)
  const logits = graph.within('head', () => linear(graph, embedding, head))
  graph.output('logits', logits)
  graph.output('probabilities', op.softmax(graph, logits))
  return graph.finish()
}

/** Numbers in one embedding. */
export function embeddingWidth(
  { hidden, layers }: EncoderWeights,
  { pooledLayers = 'last' }: Pick<EncoderOptions, 'pooledLayers'>,
): number {
  return pooledLayers === 'last' ? hidden : (layers.length + 1) * hidden
}

function embedTexts(graph: GraphBuilder, weights: EncoderWeights, options: EncoderOptions): Value {
  const ids = graph.input('input_ids', 'int32', ['batch', 'tokens'])
  const lengths =
    options.padding === 'lengths' ? graph.input('lengths', 'int32', ['batch']) : undefined
  const states = encode(graph, weights, { ids, lengths })
  const pooling = { lengths, positions: weights.positions }
  const { pooledLayers = 'last', normalize } = options
  return graph.within('pool', () => {
    if (pooledLayers === 'last') {
      const mean = meanPool(graph, states.at(-1)!, pooling)
      return normalize ? op.l2Normalize(graph, mean) : mean
    }
    const means = states.map((state) => op.l2Normalize(graph, meanPool(graph, state, pooling)))
    const all = op.concat(graph, means)
    return normalize ? op.l2Normalize(graph, all) : all
  })
}

/**
 * ids [batch, tokens], lengths [batch] -> hidden states [batch, tokens, hidden] of the embedding
 * layer and of each layer.
 */
function encode(
  graph: GraphBuilder,
  weights: EncoderWeights,
  inputs: { ids: Value; lengths: Value | undefined },
): Value[] {
  const all = [graph.within('embeddings', () => embedTokens(graph, weights, inputs.ids))]
  for (const [index, layer] of weights.layers.entries()) {
    const states = all.at(-1)!
    const next = graph.within(`layer.${index}`, () =>
      encoderLayer(graph, layer, { ...weights, states, lengths: inputs.lengths }),
    )
    all.push(next)
  }
  return all
}

function embedTokens(graph: GraphBuilder, weights: EncoderWeights, ids: Value): Value {
  const { vocabulary, positions, hidden } = weights
  const words = graph.constant('words', weights.wordEmbedding, [vocabulary, hidden])
  const places = graph.constant('positions', foldTypeRow(weights), [positions, hidden])
  const count = op.sizeOf(graph, ids, 1) // [1]
  const first = op.take(graph, places, { axis: 0, count, size: 'tokens' }) // [tokens, hidden]
  const sum = op.add(graph, op.gather(graph, words, ids), first) // [batch, tokens, hidden]
  return norm(graph, sum, { ...weights.embeddingNorm, epsilon: weights.epsilon })
}

function encoderLayer(
  graph: GraphBuilder,
  layer: LayerWeights,
  context: { states: Value; lengths: Value | undefined; heads: number; epsilon: number },
): Value {
  const { states, lengths, heads, epsilon } = context
  const attended = graph.within('attention', () => {
    const projected = linear(graph, states, mergeProjections(layer)) // [batch, tokens, 3 hidden]
    const [query, key, value] = op.split(graph, projected, 3) as [Value, Value, Value]
    const mixed = op.attention(graph, { query, key, value, heads, lengths })
    const output = linear(graph, mixed, layer.attentionOutput) // [batch, tokens, hidden]
    return norm(graph, op.add(graph, output, states), { ...layer.attentionNorm, epsilon })
  })
  return graph.within('feed_forward', () => {
    const wide = op.gelu(graph, linear(graph, attended, layer.intermediate))
    const narrow = linear(graph, wide, layer.output) // [batch, tokens, hidden]
    return norm(graph, op.add(graph, narrow, attended), { ...layer.outputNorm, epsilon })
  })
}

/**
 * Mean over the tokens that count: [batch, tokens, hidden] -> [batch, hidden]. A product with a
 * row of weights, because ReduceMean gives last bits that depend on the batch (measured).
 */
function meanPool(
  graph: GraphBuilder,
  states: Value,
  options: { lengths: Value | undefined; positions: number },
): Value {
  const { lengths, positions } = options
  const count = op.sizeOf(graph, states, 1) // [1]
  if (lengths === undefined) {
    const ones = graph.constant('ones', new Float32Array(positions).fill(1), [1, positions])
    const weights = op.take(graph, ones, { axis: 1, count, size: 'tokens' }) // [1, tokens]
    const sums = op.squeeze(graph, op.matMul(graph, weights, states), 1) // [batch, hidden]
    return op.divide(graph, sums, op.cast(graph, count, 'float32'))
  }
  const indices = graph.constant(
    'indices',
    Int32Array.from({ length: positions }, (_, i) => i),
    [1, positions],
  )
  const index = op.take(graph, indices, { axis: 1, count, size: 'tokens' }) // [1, tokens]
  const length = op.unsqueeze(graph, lengths, 1) // [batch, 1]
  const mask = op.cast(graph, op.less(graph, index, length), 'float32') // [batch, tokens]
  const sums = op.matMul(graph, op.unsqueeze(graph, mask, 1), states) // [batch, 1, hidden]
  return op.divide(graph, op.squeeze(graph, sums, 1), op.cast(graph, length, 'float32'))
}

function linear(graph: GraphBuilder, x: Value, weights: LinearWeights): Value {
  const weight = graph.constant('weight', weights.weight, [weights.from, weights.to])
  const bias = graph.constant('bias', weights.bias, [weights.to])
  return op.linear(graph, x, { weight, bias })
}

function norm(graph: GraphBuilder, x: Value, weights: NormWeights & { epsilon: number }): Value {
  const scale = graph.constant('scale', weights.scale, [weights.scale.length])
  const bias = graph.constant('bias', weights.bias, [weights.bias.length])
  return op.layerNorm(graph, x, { scale, bias, epsilon: weights.epsilon })
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
