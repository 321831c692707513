// The tensors of an encoder under the names that PyTorch's BertModel gives them. The visitor
// decides how they are written, and under which suffix.
import type {
  EncoderWeights,
  LinearWeights,
  NormWeights,
} from '../../models/graph/weights/bert-weights.ts'
import type { WeightTensor } from '../../models/graph/onnx/onnx-reader.ts'

export type WeightVisitor = {
  readonly prefix: string
  /** An embedding table by its full name. */
  readonly table: (name: string, table: WeightTensor) => void
  /** Layers by the prefix of their tensors' names. */
  readonly norm: (path: string, weights: NormWeights) => void
  readonly linear: (path: string, weights: LinearWeights) => void
}

/** Passes all weights of an encoder to a visitor, from the bottom up. */
export function visitWeights(
  weights: EncoderWeights,
  { prefix, table, norm, linear }: WeightVisitor,
): void {
  const embeddings = `${prefix}embeddings`
  const show = (name: string, elements: Float32Array): void => {
    const shape = [elements.length / weights.hidden, weights.hidden]
    table(`${embeddings}.${name}.weight`, { shape, elements })
  }
  show('word_embeddings', weights.wordEmbedding)
  show('position_embeddings', weights.positionEmbedding)
  show('token_type_embeddings', weights.typeEmbedding)
  norm(`${embeddings}.LayerNorm`, weights.embeddingNorm)
  for (const [index, layer] of weights.layers.entries()) {
    const path = `${prefix}encoder.layer.${index}`
    linear(`${path}.attention.self.query`, layer.query)
    linear(`${path}.attention.self.key`, layer.key)
    linear(`${path}.attention.self.value`, layer.value)
    linear(`${path}.attention.output.dense`, layer.attentionOutput)
    norm(`${path}.attention.output.LayerNorm`, layer.attentionNorm)
    linear(`${path}.intermediate.dense`, layer.intermediate)
    linear(`${path}.output.dense`, layer.output)
    norm(`${path}.output.LayerNorm`, layer.outputNorm)
  }
}
