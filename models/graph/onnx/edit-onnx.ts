// Replaces nodes and initializers of an ONNX file of any origin. Everything else keeps its bytes,
// also fields that onnx-wire.ts does not know.
import { decodeMessage, encodeMessage, type OnnxMessage } from './onnx-wire.ts'
import { bytesField, fieldHeader, rawFields } from './protobuf-fields.ts'

/** Field numbers in onnx.proto. */
const field = { modelGraph: 7, graphNode: 1, graphInitializer: 5 } as const

/** What takes the place of nodes and initializers; undefined keeps one as it is. */
export type OnnxEdit = {
  readonly node: (node: OnnxMessage<'Node'>) => readonly OnnxMessage<'Node'>[] | undefined
  readonly initializer: (
    tensor: OnnxMessage<'Tensor'>,
  ) => readonly OnnxMessage<'Tensor'>[] | undefined
  /** Initializers, outputs and operator sets to add. */
  readonly added?: OnnxMessage<'Model'> | undefined
}

/** The edited model. Throws RangeError when the bytes are not protobuf. */
export function editOnnx(model: Uint8Array, edit: OnnxEdit): Uint8Array {
  const parts: Uint8Array[] = []
  for (const { number, whole, content } of rawFields(model)) {
    if (number !== field.modelGraph) parts.push(whole)
    else {
      const graph = graphParts(content, edit)
      const bytes = graph.reduce((sum, { length }) => sum + length, 0)
      parts.push(fieldHeader(field.modelGraph, bytes), ...graph)
    }
  }
  // A message that is written twice is merged (protobuf encoding guide, "Last One Wins").
  if (edit.added !== undefined) parts.push(encodeMessage('Model', edit.added))
  return Buffer.concat(parts)
}

function graphParts(graph: Uint8Array, { node, initializer }: OnnxEdit): Uint8Array[] {
  return rawFields(graph).flatMap(({ number, whole, content }) => {
    if (number === field.graphNode) {
      const replaced = node(decodeMessage('Node', content))
      return replaced?.map((one) => bytesField(number, encodeMessage('Node', one))) ?? [whole]
    }
    if (number === field.graphInitializer) {
      const replaced = initializer(decodeMessage('Tensor', content))
      return replaced?.map((one) => bytesField(number, encodeMessage('Tensor', one))) ?? [whole]
    }
    return [whole]
  })
}
