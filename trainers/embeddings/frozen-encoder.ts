// Opens a base encoder for training a head: the graph as it will be served, its weights and its
// embedding cache, which are closed together.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Base } from '../../models/bases/base-store.ts'
import { readBaseWeights } from '../../models/bases/base-weights.ts'
import { sha256OfBytes } from '../../models/runtime/file-hash.ts'
import type { EncoderWeights } from '../../models/graph/weights/bert-weights.ts'
import { buildEncoder, type PooledLayers } from '../../models/graph/encoder.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import { openEncoder, type TextEncoder } from '../../models/inference/text-encoder.ts'
import { loadTokenizer } from '../../models/tokenizers/tokenizer.ts'
import { embedTexts, type EmbeddedTexts, type EmbeddingProgress } from './embed-texts.ts'
import { openEmbeddingCache } from './embedding-cache.ts'

/** The padding of graphs for training and serving; it is the same so that embeddings are equal. */
export const servedPadding = 'lengths' as const

/** The options of `openFrozenEncoder`. */
export type FrozenEncoderOptions = {
  readonly base: Base
  /** The folder of the embedding cache. */
  readonly cacheDir: string
  /** The tokens, special ones included, at which texts are truncated. */
  readonly maxTokens: number
  readonly workers: number
  /** Default `last`. */
  readonly pooledLayers?: PooledLayers | undefined
}

/** An open encoder whose weights do not change. */
export type FrozenEncoder = {
  readonly weights: EncoderWeights
  readonly hidden: number
  readonly embed: (
    texts: readonly string[],
    options?: {
      onProgress?: ((progress: EmbeddingProgress) => void) | undefined
      signal?: AbortSignal | undefined
    },
  ) => Promise<EmbeddedTexts>
  /** Ends the threads and closes the cache. */
  readonly close: () => Promise<void>
}

/** The parts of `openBaseEncoder`. */
export type BaseEncoder = {
  readonly weights: EncoderWeights
  readonly graphSha256: string
  readonly tokenizerSha256: string
  readonly encoder: TextEncoder
  /** Ends the threads and removes the graph. */
  readonly close: () => Promise<void>
}

/**
 * Opens a base as it is served, without a cache. The caller closes it.
 *
 * @throws WinnowError `model_incompatible`, `graph_invalid`, `session_failed`, `model_corrupt`.
 */
export async function openBaseEncoder(
  options: Omit<FrozenEncoderOptions, 'cacheDir'>,
): Promise<BaseEncoder> {
  const { base, maxTokens, workers } = options
  const weights = await readBaseWeights(base)
  const graph = buildEncoder(weights, {
    padding: servedPadding,
    normalize: base.normalize,
    pooling: base.pooling,
    pooledLayers: options.pooledLayers,
  })
  const bytes = writeOnnx(graph, { name: base.name })
  const tokenizer = loadTokenizer({ json: await readFile(base.tokenizerPath) })
  const scratch = await mkdtemp(join(tmpdir(), 'winnow-encoder-'))
  const removeScratch = (): Promise<void> => rm(scratch, { recursive: true, force: true })
  try {
    const modelPath = join(scratch, 'encoder.onnx')
    await writeFile(modelPath, bytes)
    const encoder = await openEncoder({ modelPath, tokenizer, maxTokens, workers })
    return {
      weights,
      graphSha256: sha256OfBytes(bytes),
      tokenizerSha256: tokenizer.sha256,
      encoder,
      async close() {
        await encoder.close()
        await removeScratch()
      },
    }
  } catch (error) {
    await removeScratch()
    throw error
  }
}

/**
 * Opens the encoder with `workers` threads and its cache. The caller closes it.
 *
 * @throws WinnowError as `openBaseEncoder`.
 */
export async function openFrozenEncoder(options: FrozenEncoderOptions): Promise<FrozenEncoder> {
  const opened = await openBaseEncoder(options)
  const { encoder, weights, graphSha256, tokenizerSha256 } = opened
  try {
    const { cacheDir: dir, maxTokens } = options
    const width = encoder.hidden
    const space = { graphSha256, tokenizerSha256, maxTokens, width }
    const cache = await openEmbeddingCache({ dir, space })
    return {
      weights,
      hidden: width,
      embed: (texts, embedOptions = {}) => embedTexts(texts, { encoder, cache, ...embedOptions }),
      async close() {
        await opened.close()
        await cache.close()
      },
    }
  } catch (error) {
    await opened.close()
    throw error
  }
}
