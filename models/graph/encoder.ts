// The BERT-family encoder (arXiv:1810.04805), defined once: token ids to hidden states, to a text
// embedding, to class probabilities. Every graph that Winnow serves or trains comes from here. It
// owns the architecture and its shapes; it does not read weights or write bytes.
import { WinnowError } from '../../schemas/errors.ts'
import type { EncoderWeights, LayerWeights, LinearWeights, NormWeights } from './bert-weights.ts'
import * as layout from './layout-operations.ts'
import * as op from './operations.ts'
import { GraphBuilder, type TensorGraph, type Value } from './tensor-graph.ts'

/**
 * How texts of one batch are told apart. `exact`: all have the same length, so nothing is masked
 * and `input_ids` is the only input. `lengths`: texts are padded at the end, and the input
 * `lengths` int32 [batch] says how many tokens of each count.
 */
export type Padding = 'exact' | 'lengths'

export type EncoderOptions = {
  readonly padding: Padding
  /** Scale each embedding to Euclidean length 1. */
  readonly normalize: boolean
}

/** A linear classifier over embeddings: weight [hidden, labels] row-major, bias [labels]. */
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
  if (head.from !== weights.hidden) {
    throw new WinnowError(
      'model_incompatible',
      `The head takes ${head.from} features and the encoder gives ${weights.hidden}.`,
    )
  }
  const graph = new GraphBuilder()
  const embedding = embedTexts(graph, weights, options)
  const logits = graph.within('head', () => linear(graph, embedding, head))
  graph.output('logits', logits)
  graph.output('probabilities', op.softmax(graph, logits))
  return graph.finish()
}

function embedTexts(graph: GraphBuilder, weights: EncoderWeights, options: EncoderOptions): Value {
  const ids = graph.input('input_ids', 'int32', ['batch', 'tokens'])
  const lengths =
    options.padding === 'lengths' ? graph.input('lengths', 'int32', ['batch']) : undefined
  const states = encode(graph, weights, { ids, lengths }) // [batch, tokens, hidden]
  return graph.within('pool', () => {
    const mean = meanPool(graph, states, { lengths, positions: weights.positions })
    return options.normalize ? op.l2Normalize(graph, mean) : mean
  })
}

/** ids [batch, tokens], lengths [batch] -> hidden states [batch, tokens, hidden]. */
function encode(
  graph: GraphBuilder,
  weights: EncoderWeights,
  inputs: { ids: Value; lengths: Value | undefined },
): Value {
  let states = graph.within('embeddings', () => embedTokens(graph, weights, inputs.ids))
  for (const [index, layer] of weights.layers.entries()) {
    states = graph.within(`layer.${index}`, () =>
      encoderLayer(graph, layer, { ...weights, states, lengths: inputs.lengths }),
    )
  }
  return states
}

function embedTokens(graph: GraphBuilder, weights: EncoderWeights, ids: Value): Value {
  const { vocabulary, positions, hidden } = weights
  const words = graph.constant('words', weights.wordEmbedding, [vocabulary, hidden])
  const places = graph.constant('positions', foldTypeRow(weights), [positions, hidden])
  const count = layout.sizeOf(graph, ids, 1) // [1]
  const first = layout.take(graph, places, { axis: 0, count, size: 'tokens' }) // [tokens, hidden]
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
    const [query, key, value] = layout.split(graph, projected, 3) as [Value, Value, Value]
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
  const count = layout.sizeOf(graph, states, 1) // [1]
  if (lengths === undefined) {
    const ones = graph.constant('ones', new Float32Array(positions).fill(1), [1, positions])
    const weights = layout.take(graph, ones, { axis: 1, count, size: 'tokens' }) // [1, tokens]
    const sums = layout.squeeze(graph, op.matMul(graph, weights, states), 1) // [batch, hidden]
    return op.divide(graph, sums, layout.cast(graph, count, 'float32'))
  }
  const indices = graph.constant(
    'indices',
    Int32Array.from({ length: positions }, (_, i) => i),
    [1, positions],
  )
  const index = layout.take(graph, indices, { axis: 1, count, size: 'tokens' }) // [1, tokens]
  const length = layout.unsqueeze(graph, lengths, 1) // [batch, 1]
  const mask = layout.cast(graph, op.less(graph, index, length), 'float32') // [batch, tokens]
  const sums = op.matMul(graph, layout.unsqueeze(graph, mask, 1), states) // [batch, 1, hidden]
  return op.divide(graph, layout.squeeze(graph, sums, 1), layout.cast(graph, length, 'float32'))
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
