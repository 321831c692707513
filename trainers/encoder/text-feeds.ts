// Makes batches of texts into inputs of a training graph: token ids, or the hidden states of the
// frozen layers, which the serving graph computes once. state-files.ts caches the states.
import { createHash } from 'node:crypto'
import { closeSync, readSync, writeSync } from 'node:fs'
import { InferenceSession, Tensor } from '../../models/runtime/onnx-runtime.ts'
import type { EncoderWeights } from '../../models/graph/weights/bert-weights.ts'
import { buildHiddenStates } from '../../models/graph/encoder.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import { sessionOptions } from '../../models/runtime/session-options.ts'
import {
  lengthsOf,
  padBatch,
  renumberIds,
  textFeeds,
  type EncodedTexts,
} from '../embeddings/encoded-texts.ts'
import { openStateFile } from './state-files.ts'
import { sortedIntoBatches, type BatchLimits } from './token-batches.ts'

/** The inputs of one batch. */
export type FedBatch = {
  readonly feeds: Record<string, Tensor>
  /** The rows of the word table that `input_ids` index; empty when layers are frozen. */
  readonly usedRows: Int32Array
  readonly batch: number
  readonly tokens: number
}

/** A source of batches; `close` frees it. */
export type TextFeeds = {
  readonly feed: (indices: Int32Array) => FedBatch
  readonly close: () => void
}

/** Feeds token ids, for training without frozen layers. */
export function idFeeds(texts: EncodedTexts): TextFeeds {
  return {
    feed(indices) {
      const padded = padBatch(texts, indices)
      const { used, places } = renumberIds(padded.ids)
      const { batch, tokens } = padded
      return { feeds: textFeeds({ ...padded, ids: places }), usedRows: used, batch, tokens }
    },
    close: () => undefined,
  }
}

/**
 * Feeds the hidden states below the trained layers from a file in `statesDir`, which earlier runs
 * on the same texts may have filled: float32 [tokens, hidden] per text, 15 kB for a text of ten
 * tokens with MiniLM.
 */
export async function stateFeeds(texts: EncodedTexts, options: FrozenStates): Promise<TextFeeds> {
  const { weights, statesDir } = options
  const { hidden } = weights
  const lower = { ...weights, layers: weights.layers.slice(0, options.frozenLayers) }
  const graph = buildHiddenStates(lower, { padding: 'lengths', normalize: false })
  const model = writeOnnx(graph, { name: 'states' })
  const key = createHash('sha256').update(model).update(texts.ids).update(texts.offsets)
  const file = await openStateFile({
    dir: statesDir,
    key: key.digest('hex'),
    bytes: texts.ids.length * hidden * 4,
    fill: (pending) => writeStates(pending, { ...options, model, texts }),
  })
  return {
    feed(indices) {
      const { batch, tokens, lengths } = padBatch(texts, indices)
      const states = new Float32Array(batch * tokens * hidden)
      for (const [row, index] of indices.entries()) {
        const bytes = lengths[row]! * hidden * 4
        const own = new Uint8Array(states.buffer, row * tokens * hidden * 4, bytes)
        readSync(file, own, 0, bytes, texts.offsets[index]! * hidden * 4)
      }
      const feeds = {
        states: new Tensor('float32', states, [batch, tokens, hidden]),
        lengths: new Tensor('int32', lengths, [batch]),
      }
      return { feeds, usedRows: new Int32Array(0), batch, tokens }
    },
    close: () => closeSync(file),
  }
}

/** Some of the texts of other feeds, by their places; `close` is left to the others. */
export function feedsAt(all: TextFeeds, places: Int32Array): TextFeeds {
  return {
    feed: (indices) => all.feed(indices.map((index) => places[index]!)),
    close: () => undefined,
  }
}

type FrozenStates = {
  readonly weights: EncoderWeights
  readonly frozenLayers: number
  readonly threads: number
  readonly limits: BatchLimits
  readonly statesDir: string
  readonly onProgress: (done: number) => void
}

/** Runs the frozen layers on all texts, and writes their states to the file. */
async function writeStates(
  file: number,
  options: FrozenStates & { model: Uint8Array; texts: EncodedTexts },
): Promise<void> {
  const { texts, limits, threads } = options
  const { hidden } = options.weights
  const session = await InferenceSession.create(options.model, {
    ...sessionOptions,
    intraOpNumThreads: threads,
  })
  const lengths = lengthsOf(texts)
  const order = Int32Array.from(lengths, (_, index) => index)
  let done = 0
  try {
    for (const indices of sortedIntoBatches(order, lengths, limits)) {
      const padded = padBatch(texts, indices)
      const results = await session.run(textFeeds(padded))
      const states = results['states']!.data as Float32Array
      for (const [row, index] of indices.entries()) {
        const start = row * padded.tokens * hidden
        const own = states.subarray(start, start + padded.lengths[row]! * hidden)
        writeSync(file, own, 0, own.byteLength, texts.offsets[index]! * hidden * 4)
      }
      done += indices.length
      options.onProgress(done)
    }
  } finally {
    await session.release()
  }
}
