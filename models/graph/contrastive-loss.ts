// The supervised contrastive loss (Khosla et al. 2020, arXiv:2004.11362) as nodes of a training
// graph: it pulls texts with the same label together and pushes the others apart. The trainer
// decides which texts share a batch and feeds the weight of each pair.
import * as op from './tensors/operations.ts'
import type { GraphBuilder, Value } from './tensors/tensor-graph.ts'

/**
 * The negated, weighted sum of log softmax(cosine similarity / temperature) over all pairs of
 * texts: embedding float32 [batch, hidden] -> loss float32 []. Adds two inputs to the graph.
 * `pair_targets` float32 [batch, batch] holds the weight of each pair. `pair_mask` float32
 * [batch, batch] is strongly negative on the diagonal, because a text is not compared with itself,
 * and 0 elsewhere.
 */
export function contrastiveLoss(
  graph: GraphBuilder,
  embedding: Value,
  { temperature }: { temperature: number },
): Value {
  return graph.within('contrast', () => {
    const unit = op.l2Normalize(graph, embedding) // [batch, hidden]
    // [batch, batch]
    const similarity = op.matMul(graph, unit, unit, { transposed: 'b', scale: 1 / temperature })
    const mask = graph.input('pair_mask', 'float32', similarity.shape) // [batch, batch]
    const logProbabilities = op.logSoftmax(graph, op.add(graph, similarity, mask))
    const pairWeights = graph.input('pair_targets', 'float32', similarity.shape)
    const weighted = op.multiply(graph, logProbabilities, pairWeights) // [batch, batch]
    return op.scale(graph, op.reduceSum(graph, weighted, { axes: [0, 1], keepDims: false }), -1)
  })
}
