// Embeds many texts: takes embeddings from the cache if it has them, and otherwise computes them.
// It owns the order of the work and the progress; embedding-cache.ts owns the files.
import type { TextEncoder } from '../../models/inference/text-encoder.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { Embedding, EmbeddingCache } from './embedding-cache.ts'

/** The progress of embedding; `textsPerSecond` counts computed texts only, not cached ones. */
export type EmbeddingProgress = {
  readonly done: number
  readonly total: number
  readonly textsPerSecond: number
}

/** The options of `embedTexts`. */
export type EmbedTextsOptions = {
  readonly encoder: TextEncoder
  readonly cache: EmbeddingCache
  readonly onProgress?: ((progress: EmbeddingProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** The embeddings of texts, in the order of the texts. */
export type EmbeddedTexts = {
  /** float32 [texts, hidden] row-major. */
  readonly rows: Float32Array
  /** The number of features in one row. */
  readonly width: number
  /** The tokens read of each text, special ones included: int32 [texts]. */
  readonly tokens: Int32Array
  /** The number of distinct texts that were not in the cache. */
  readonly computed: number
}

/** Texts that are embedded and stored together; a killed run loses at most this many. */
const chunkTextsMax = 1_024

/**
 * Embeds each distinct text once.
 *
 * @throws WinnowError `cancelled`; `training_diverged` for an embedding that is not finite; and the
 * errors of the encoder.
 */
export async function embedTexts(
  texts: readonly string[],
  options: EmbedTextsOptions,
): Promise<EmbeddedTexts> {
  const { encoder, cache, signal } = options
  const rows = new Float32Array(texts.length * encoder.hidden)
  const tokens = new Int32Array(texts.length)
  const indicesByText = indicesOf(texts)
  let done = 0
  const store = (text: string, embedding: Embedding): void => {
    for (const index of indicesByText.get(text) ?? []) {
      rows.set(embedding.row, index * encoder.hidden)
      tokens[index] = embedding.tokens
      done++
    }
  }
  const missing: string[] = []
  for (const text of indicesByText.keys()) {
    throwIfAborted(signal)
    const cached = await cache.get(text)
    if (cached === undefined) missing.push(text)
    else store(text, cached)
  }
  const started = performance.now()
  for (let first = 0; first < missing.length; first += chunkTextsMax) {
    const chunk = missing.slice(first, first + chunkTextsMax)
    const embedded = await embedChunk(chunk, { encoder, signal })
    for (const { text, embedding } of embedded) store(text, embedding)
    await cache.put(embedded)
    const textsPerSecond = ((first + chunk.length) * 1_000) / (performance.now() - started)
    options.onProgress?.({ done, total: texts.length, textsPerSecond })
  }
  if (missing.length === 0) options.onProgress?.({ done, total: texts.length, textsPerSecond: 0 })
  return { rows, width: encoder.hidden, tokens, computed: missing.length }
}

/** Embeds the longest texts first, so that texts of the same length reach the batcher together. */
async function embedChunk(
  texts: readonly string[],
  { encoder, signal }: Pick<EmbedTextsOptions, 'encoder' | 'signal'>,
): Promise<{ text: string; embedding: Embedding }[]> {
  const sized = texts.map((text) => ({ text, tokens: encoder.tokenize(text).ids.length }))
  sized.sort((a, b) => b.tokens - a.tokens)
  const embedded: { text: string; embedding: Embedding }[] = []
  for await (const outcome of encoder.embedAll(sized.map(({ text }) => text))) {
    throwIfAborted(signal)
    const { text, tokens } = sized[embedded.length]!
    if (outcome.kind === 'rejected') {
      throw new WinnowError(
        'training_diverged',
        `A text has no embedding: ${outcome.error.message}`,
      )
    }
    embedded.push({ text, embedding: { row: outcome.embedding, tokens } })
  }
  return embedded
}

/** The indices at which each distinct text occurs. */
function indicesOf(texts: readonly string[]): Map<string, number[]> {
  const byText = new Map<string, number[]>()
  for (const [index, text] of texts.entries()) {
    const known = byText.get(text)
    if (known === undefined) byText.set(text, [index])
    else known.push(index)
  }
  return byText
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new WinnowError('cancelled', 'Training was cancelled.')
}
