// Gives a classifier that Winnow wrote (buildClassifier in ../encoder.ts) a second output: the
// pooled embedding that its head reads. The weights and every other byte stay as they are.
import { WinnowError } from '../../../schemas/errors.ts'
import { decodeModel, encodeMessage, onnxElementTypes } from './onnx-wire.ts'

/** The first operand of the head, in the files of onnx-writer.ts. */
const headWeight = 'head/weight'

/**
 * The model with the output `embedding` float32 [batch, features]; unchanged if it has one. Throws
 * `model_incompatible` if it has no head of Winnow's, as an imported model.
 */
export function withEmbeddingOutput(model: Uint8Array): Uint8Array {
  const { nodes = [], outputs = [] } = decodeModel(model).graph ?? {}
  if (outputs.some(({ name }) => name === 'embedding')) return model
  const head = nodes.find(({ inputs }) => inputs?.[1] === headWeight)
  const pooled = head?.inputs?.[0]
  if (pooled === undefined) {
    throw new WinnowError(
      'model_incompatible',
      'The model gives no embeddings: it was not trained by Winnow, so it is unknown which of its ' +
        'values is the embedding of a text.',
    )
  }
  const shape = { dims: [{ parameter: 'batch' }, { parameter: 'features' }] }
  const type = { tensor: { elementType: onnxElementTypes.float32, shape } }
  // A message that is written twice is merged (protobuf encoding guide, "Last One Wins"), so what
  // is appended is added to the lists of the graph.
  const added = encodeMessage('Model', {
    graph: {
      nodes: [
        { name: 'embedding', operator: 'Identity', inputs: [pooled], outputs: ['embedding'] },
      ],
      outputs: [{ name: 'embedding', type }],
    },
  })
  return Buffer.concat([model, added])
}
