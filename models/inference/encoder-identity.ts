// Tells which model versions have the same encoder: the same nodes over the same constants, up to
// the embedding that their heads read. It goes by content, so it holds for every precision.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { dirname, join } from 'node:path'
import { WinnowError } from '../../schemas/errors.ts'
import { encodeModel, type OnnxMessage } from '../graph/onnx/onnx-wire.ts'
import { splitHead } from '../graph/onnx/split-head.ts'
import { readMappedModel } from '../graph/weights/mapped-weights.ts'
import { weightsFileName, type ModelVersion } from '../store/version-files.ts'

/** An encoder that models may share, and what the head of this one gives. */
export type EncoderIdentity = {
  /** SHA-256; equal for equal encoders. */
  readonly sha256: string
  readonly labels: number
}

/** What identifies the encoder of a version: its graph, and the hash of the weights beside it. */
export type EncodedVersion = Pick<ModelVersion, 'modelPath'> & {
  readonly manifest: Pick<ModelVersion['manifest'], 'weightsSha256'>
}

/**
 * Identifies a version's encoder. Reads the weights once, unless they lie in a file whose hash the
 * manifest has. Undefined for a version whose encoder nobody can share, as an imported one. Throws
 * `graph_invalid` and `session_failed` for a file that cannot be read.
 */
export async function encoderIdentity(
  version: EncodedVersion,
): Promise<EncoderIdentity | undefined> {
  try {
    return await identityOf(version)
  } catch (error) {
    if (error instanceof WinnowError && error.code === 'model_incompatible') return undefined
    throw error
  }
}

/** A model, and the encoder that it shares with those that have the same; undefined for its own. */
type EncodedModel = { readonly ref: string; readonly encoder: string | undefined }

/** A line for each encoder: the models that share it, or the one that it is for. */
export function sharingLines(models: readonly EncodedModel[]): string[] {
  const groups = Map.groupBy(models, ({ ref, encoder }) => encoder ?? ref)
  return [...groups.values()].map((group) => {
    const refs = group.map(({ ref }) => ref)
    return refs.length === 1
      ? `${refs[0]!} shares no encoder: each text is encoded for it alone`
      : `${refs.join(', ')} have the same encoder and share one pass over each text`
  })
}

async function identityOf({ modelPath, manifest }: EncodedVersion): Promise<EncoderIdentity> {
  const { encoder, labels } = splitHead(readMappedModel(modelPath))
  const { irVersion, opsetImport, graph = {} } = encoder
  const initializers: OnnxMessage<'Tensor'>[] = []
  for (const tensor of graph.initializers ?? []) {
    if (tensor.externalLocation === undefined) {
      initializers.push(tensor)
      continue
    }
    const place = new Map(tensor.externalLocation.map(({ key, value }) => [key, value]))
    const location = place.get('location') ?? ''
    const [offset, length] = [Number(place.get('offset')), Number(place.get('length'))]
    const content =
      location === weightsFileName && manifest.weightsSha256 !== undefined
        ? `${manifest.weightsSha256}/${offset}/${length}`
        : await hashOfRange(join(dirname(modelPath), location), offset, length)
    const { name, dims, elementType } = tensor
    initializers.push({ name, dims, elementType, raw: Buffer.from(content) })
  }
  // Names and metadata of the file say what its head is for.
  const { nodes, inputs, outputs } = graph
  const compared = { irVersion, opsetImport, graph: { nodes, initializers, inputs, outputs } }
  return { sha256: createHash('sha256').update(encodeModel(compared)).digest('hex'), labels }
}

async function hashOfRange(path: string, offset: number, length: number): Promise<string> {
  const hash = createHash('sha256')
  const bytes = createReadStream(path, { start: offset, end: offset + length - 1 })
  for await (const chunk of bytes) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
