// Lets the runtime map the weights of a model file into memory instead of copying them. It owns one
// rewriting: tensors inside the file become references to their bytes in that same file, as ONNX's
// external data (https://onnx.ai/onnx/repo-docs/ExternalData.html), so the file stays a single one.
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { decodeModel, encodeModel, type OnnxMessage } from './onnx-wire.ts'
import { producerName } from './onnx-writer.ts'

/** Smaller tensors stay inside: a mapping costs at least one page. */
const mappedBytesMin = 65_536
/** TensorProto.DataLocation. */
const external = 1

/**
 * A small model (0.1 MB for MiniLM) that is `file` with its large weights left where they are, in
 * `fileName`. Undefined for a file that Winnow did not write, which may hold fields unknown here.
 * Measured with two sessions of MiniLM fp32: 433 MB resident when loaded whole, 241 MB mapped,
 * because each session keeps only its packed copy, and word vectors come in as they are used.
 */
export function mapWeights(file: Uint8Array, fileName: string): Uint8Array | undefined {
  const model = decodeModel(file)
  if (model.producerName !== producerName || model.graph === undefined) return undefined
  const initializers = model.graph.initializers?.map((tensor) =>
    tensor.raw === undefined || tensor.raw.byteLength < mappedBytesMin
      ? tensor
      : reference(tensor, { fileName, offset: tensor.raw.byteOffset - file.byteOffset }),
  )
  return encodeModel({ ...model, graph: { ...model.graph, initializers } })
}

/**
 * `mapWeights` of the file at `path`, whose bytes are let go of before this returns. Throws
 * `session_failed` when the file cannot be read, `graph_invalid` when it is not an ONNX model.
 */
export async function readMappedModel(path: string): Promise<Uint8Array | undefined> {
  const file = await readWhole(path)
  try {
    return mapWeights(file, basename(path))
  } catch (cause) {
    const message = `${path} is not an ONNX model: ${errorMessage(cause)}`
    throw new WinnowError('graph_invalid', message, { cause, details: { path } })
  } finally {
    // Frees the bytes at once; waiting for a collection would add 91 MB to the peak. Node 20 has
    // no `transfer` and waits.
    if ('transfer' in ArrayBuffer.prototype) file.buffer.transfer(0)
  }
}

/** A file in memory of its own, which may be freed by hand. */
async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    await using handle = await open(path)
    const { size } = await handle.stat()
    const bytes = new Uint8Array(size)
    for (let filled = 0; filled < size;) {
      const { bytesRead } = await handle.read(bytes, filled)
      if (bytesRead === 0) throw new Error('it became shorter while it was read')
      filled += bytesRead
    }
    return bytes
  } catch (cause) {
    const message = `${path} cannot be read: ${errorMessage(cause)}`
    throw new WinnowError('session_failed', message, { cause, details: { path } })
  }
}

function reference(
  { raw, ...tensor }: OnnxMessage<'Tensor'>,
  { fileName, offset }: { fileName: string; offset: number },
): OnnxMessage<'Tensor'> {
  const length = raw?.byteLength ?? 0
  return {
    ...tensor,
    dataLocation: external,
    externalLocation: [
      { key: 'location', value: fileName },
      { key: 'offset', value: `${offset}` },
      { key: 'length', value: `${length}` },
    ],
  }
}
