// The layout of a weights file that lies beside its graph, as ONNX external data
// (https://onnx.ai/onnx/repo-docs/ExternalData.html), so that graphs over the same encoder can
// share it. onnx-writer.ts writes the graph that refers to the file, and
// models/store/shared-weights.ts shares the file between versions.
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Elements, TensorGraph, Value } from '../tensors/tensor-graph.ts'

/** Where the elements of a constant lie in the file, in bytes. */
export type WeightPlace = { readonly offset: number; readonly bytes: number }

/** The layout of a weights file. The same weights in the same order give the same file. */
export type ExternalWeights = {
  readonly places: ReadonlyMap<Value, WeightPlace>
  readonly sha256: string
  /** The content of the file in order: padding, and views of the caller's elements. */
  readonly parts: readonly Uint8Array[]
}

/** Smaller constants stay in the graph, because each external one costs up to a page of padding. */
const externalBytesMin = 65_536
/** The page size that ONNX recommends for files that are mapped into memory. */
const alignment = 4_096

/** Lays out the large constants whose names `isExternal` accepts, in the order of the graph. */
export function layOutWeights(
  graph: TensorGraph,
  isExternal: (name: string) => boolean,
): ExternalWeights {
  const places = new Map<Value, WeightPlace>()
  const parts: Uint8Array[] = []
  const hash = createHash('sha256')
  let end = 0
  const append = (part: Uint8Array): void => {
    parts.push(part)
    hash.update(part)
    end += part.byteLength
  }
  for (const [value, elements] of graph.constants) {
    if (elements.byteLength < externalBytesMin || !isExternal(value.name)) continue
    const padding = (alignment - (end % alignment)) % alignment
    if (padding > 0) append(new Uint8Array(padding))
    places.set(value, { offset: end, bytes: elements.byteLength })
    append(bytesOf(elements))
  }
  return { places, sha256: hash.digest('hex'), parts }
}

/** Writes the weights file. */
export async function writeWeights(path: string, { parts }: ExternalWeights): Promise<void> {
  const file = await open(path, 'w')
  try {
    for (const part of parts) await file.writeFile(part)
  } finally {
    await file.close()
  }
}

/** ONNX stores raw tensors little-endian, like every machine that ONNX Runtime for Node runs on. */
export function bytesOf(elements: Elements): Uint8Array {
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength)
}
