// The graphs that integrated gradients run: token ids -> embedding layer, and embedding layer ->
// log-odds of one label with their gradients. models/explain/ chooses the points and adds up.
import type { EncoderWeights } from './weights/bert-weights.ts'
import { buildHiddenStates, logitsOfStates, type EncoderOptions, type Head } from './encoder.ts'
import { gradientsOf } from './tensors/gradient.ts'
import * as op from './tensors/operations.ts'
import { GraphBuilder, type TensorGraph } from './tensors/tensor-graph.ts'

/** A classifier whose log-odds are explained. */
export type AttributableClassifier = Omit<EncoderOptions, 'padding'> & {
  readonly head: Head
  /** Divides the logits. */
  readonly temperature: number
  /** `softmax` for one label per text, `sigmoid` for independent labels. */
  readonly link: 'softmax' | 'sigmoid'
}

/** Stands for minus infinity: e to this power is 0 in float32 whatever the other logits. */
const excluded = -10_000

/**
 * Builds the graph input_ids int32 [batch, tokens] -> states float32 [batch, tokens, hidden], the
 * output of the embedding layer.
 */
export function buildEmbeddingLayer(weights: EncoderWeights): TensorGraph {
  return buildHiddenStates({ ...weights, layers: [] }, { padding: 'exact', normalize: false })
}

/**
 * Builds the graph of log-odds and their gradients.
 *
 * Inputs:
 * - states float32 [batch, tokens, hidden], the output of the embedding layer;
 * - label float32 [1, labels]: 1 for the label that is explained;
 * - other_label float32 [1, labels]: 1 for any other label (only with the link softmax and more
 *   than one label).
 *
 * Outputs: log_odds float32 [batch]; gradients float32 [batch, tokens, hidden], of each text's own
 * log-odds with respect to its states.
 */
export function buildAttribution(
  weights: EncoderWeights,
  classifier: AttributableClassifier,
): TensorGraph {
  const { head, temperature, link } = classifier
  const graph = new GraphBuilder()
  const states = graph.input('states', 'float32', ['batch', 'tokens', weights.hidden])
  const label = graph.input('label', 'float32', [1, head.to])
  const raw = logitsOfStates(graph, weights, { ...classifier, states })
  const odds = graph.within('log_odds', () => {
    const logits = op.scale(graph, raw, 1 / temperature)
    const rowSum = { axes: [1], keepDims: false }
    const own = op.reduceSum(graph, op.multiply(graph, logits, label), rowSum) // [batch]
    if (link === 'sigmoid' || head.to === 1) return own
    // log(p / (1 - p)) is the own logit minus log(sum(exp(other logits))). A logit minus its
    // logSoftmax is that logarithm of a sum, from which the own logit is excluded.
    const otherLabel = graph.input('other_label', 'float32', [1, head.to])
    const others = op.add(graph, logits, op.scale(graph, label, excluded))
    const sums = op.subtract(graph, others, op.logSoftmax(graph, others)) // [batch, labels]
    return op.subtract(
      graph,
      own,
      op.reduceSum(graph, op.multiply(graph, sums, otherLabel), rowSum),
    )
  })
  // Texts do not depend on each other, so the gradient of the sum holds those of all texts.
  const sum = op.reduceSum(graph, odds, { axes: [0], keepDims: false })
  const [gradients] = gradientsOf(graph, sum, [states])
  graph.output('log_odds', odds)
  graph.output('gradients', gradients!)
  return graph.finish()
}
