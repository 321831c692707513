// The supervised contrastive loss (Khosla et al. 2020, arXiv:2004.11362) as nodes of a training
// graph: texts of one label are drawn together, others pushed apart. It owns the arithmetic; which
// texts share a batch, and how much each pair counts, is fed by the trainer.
import * as op from './tensors/operations.ts'
import type { GraphBuilder, Value } from './tensors/tensor-graph.ts'

/**
 * Minus the weighted sum of the log shares that each text's likeness to another has among its
 * likenesses to all others: embedding [batch, hidden] -> float32 []. Adds the inputs pair_targets
 * float32 [batch, batch], the weight of each pair, and pair_mask float32 [batch, batch], which is
 * far below 0 on the diagonal, since a text is not compared with itself, and 0 elsewhere.
 */
export function contrastiveLoss(
  graph: GraphBuilder,
  embedding: Value,
  { temperature }: { temperature: number },
): Value {
  return graph.within('contrast', () => {
    const unit = op.l2Normalize(graph, embedding) // [batch, hidden]
    const likeness = op.matMul(graph, unit, unit, { transposed: 'b', scale: 1 / temperature })
    const mask = graph.input('pair_mask', 'float32', likeness.shape) // [batch, batch]
    const shares = op.logSoftmax(graph, op.add(graph, likeness, mask))
    const weighted = op.multiply(
      graph,
      shares,
      graph.input('pair_targets', 'float32', likeness.shape),
    )
    return op.scale(graph, op.reduceSum(graph, weighted, { axes: [0, 1], keepDims: false }), -1)
  })
}
