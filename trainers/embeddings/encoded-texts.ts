// Packs the token ids of many texts into one buffer, and makes padded batches of them.
// token-batches.ts decides which texts share a batch.
import { Tensor } from '../../models/runtime/onnx-runtime.ts'

/**
 * Packed texts: the ids of text i are ids[offsets[i]] up to, not including, ids[offsets[i + 1]].
 */
export type EncodedTexts = {
  readonly ids: Int32Array
  /** int32 [texts + 1]. */
  readonly offsets: Int32Array
}

/** Packs the ids of all texts. */
export function packTexts(texts: readonly Int32Array[]): EncodedTexts {
  const offsets = new Int32Array(texts.length + 1)
  for (const [i, { length }] of texts.entries()) offsets[i + 1] = offsets[i]! + length
  const ids = new Int32Array(offsets[texts.length]!)
  for (const [i, text] of texts.entries()) ids.set(text, offsets[i])
  return { ids, offsets }
}

/** The number of tokens of each text: int32 [texts]. */
export function lengthsOf({ offsets }: EncodedTexts): Int32Array {
  return Int32Array.from({ length: offsets.length - 1 }, (_, i) => offsets[i + 1]! - offsets[i]!)
}

/** A padded batch. Positions after the end of a text have id 0 and are masked. */
export type PaddedBatch = {
  readonly batch: number
  readonly tokens: number
  /** int32 [batch, tokens]. */
  readonly ids: Int32Array
  /** int32 [batch]. */
  readonly lengths: Int32Array
}

/** The texts with these indices as one batch, padded to the longest. */
export function padBatch(texts: EncodedTexts, indices: Int32Array): PaddedBatch {
  const { ids, offsets } = texts
  const lengths = indices.map((index) => offsets[index + 1]! - offsets[index]!)
  const tokens = lengths.reduce((most, length) => Math.max(most, length), 0)
  const padded = new Int32Array(indices.length * tokens)
  for (const [row, index] of indices.entries()) {
    padded.set(ids.subarray(offsets[index], offsets[index + 1]), row * tokens)
  }
  return { batch: indices.length, tokens, ids: padded, lengths }
}

/** The distinct ids of a batch, ascending, and the batch's ids as indices into them (`places`). */
export function renumberIds(ids: Int32Array): { used: Int32Array; places: Int32Array } {
  const used = Int32Array.from(new Set(ids)).sort()
  const placeOf = new Map(Array.from(used, (id, place) => [id, place]))
  return { used, places: ids.map((id) => placeOf.get(id)!) }
}

/** The inputs input_ids int32 [batch, tokens] and lengths int32 [batch] of a graph. */
export function textFeeds({ batch, tokens, ids, lengths }: PaddedBatch): Record<string, Tensor> {
  return {
    input_ids: new Tensor('int32', ids, [batch, tokens]),
    lengths: new Tensor('int32', lengths, [batch]),
  }
}
