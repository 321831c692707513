// A base encoder opened for training a head on it: the graph that will be served, its weights, and
// the embedding cache that belongs to it. It owns opening and closing them together.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Base } from '../../models/bases/base-store.ts'
import { readBaseWeights } from '../../models/bases/base-weights.ts'
import { sha256OfBytes } from '../../models/runtime/file-hash.ts'
import type { EncoderWeights } from '../../models/graph/weights/bert-weights.ts'
import { buildEncoder, type PooledLayers } from '../../models/graph/encoder.ts'
import { writeOnnx } from '../../models/graph/onnx/onnx-writer.ts'
import { openEncoder } from '../../models/inference/text-encoder.ts'
import { loadTokenizer } from '../../models/tokenizers/tokenizer.ts'
import { embedTexts, type EmbeddedTexts, type EmbeddingProgress } from './embed-texts.ts'
import { openEmbeddingCache } from './embedding-cache.ts'

/** Padding of the graphs that are trained on and published: one, so that embeddings are equal. */
export const servedPadding = 'lengths' as const

export type FrozenEncoderOptions = {
  readonly base: Base
  /** Folder of the embedding cache. */
  readonly cacheDir: string
  /** Tokens, special ones included, at which a text is cut. */
  readonly maxTokens: number
  readonly workers: number
  /** Default `last`. */
  readonly pooledLayers?: PooledLayers | undefined
}

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
  /** Ends the workers and closes the cache. */
  readonly close: () => Promise<void>
}

/**
 * Opens the encoder on `workers` threads.
 *
 * @throws WinnowError `model_incompatible`, `graph_invalid`, `session_failed`, `model_corrupt`.
 */
export async function openFrozenEncoder(options: FrozenEncoderOptions): Promise<FrozenEncoder> {
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
  try {
    const modelPath = join(scratch, 'encoder.onnx')
    await writeFile(modelPath, bytes)
    const encoder = await openEncoder({ modelPath, tokenizer, maxTokens, workers })
    const cache = await openEmbeddingCache({
      dir: options.cacheDir,
      space: {
        graphSha256: sha256OfBytes(bytes),
        tokenizerSha256: tokenizer.sha256,
        maxTokens,
        width: encoder.hidden,
      },
    }).catch(async (error: unknown) => {
      await encoder.close()
      throw error
    })
    return {
      weights,
      hidden: encoder.hidden,
      embed: (texts, embedOptions = {}) => embedTexts(texts, { encoder, cache, ...embedOptions }),
      async close() {
        await encoder.close()
        await cache.close()
        await rm(scratch, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(scratch, { recursive: true, force: true })
    throw error
  }
}
