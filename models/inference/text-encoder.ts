// Embeds texts with one model, over the same batches and workers as classification.
// graph/encoder.ts makes the graph that it needs.
import type { EventError } from '../../schemas/errors.ts'
import type { RowResult, SubmitOptions } from './batcher.ts'
import {
  openInference,
  type InferenceOptions,
  type InferenceStats,
  type Tokenized,
} from './inference.ts'
import { mapInOrder } from '../runtime/map-in-order.ts'

/** An embedding float32 [hidden], or why this text has none. */
export type EmbedOutcome =
  | { readonly kind: 'ok'; readonly embedding: Float32Array }
  | { readonly kind: 'rejected'; readonly error: EventError }

export type TextEncoder = {
  readonly hidden: number
  tokenize(text: string): Tokenized
  /** Embeds token ids int32 [tokens]; throws as `Classifier.classify` does. */
  embed(ids: Int32Array, options?: SubmitOptions): Promise<EmbedOutcome>
  /** Embeds a stream of texts; outcomes come in input order, the memory used is bounded. */
  embedAll(texts: AsyncIterable<string> | Iterable<string>): AsyncGenerator<EmbedOutcome>
  stats(): InferenceStats
  /** Answers what is queued, then ends the workers. */
  close(): Promise<void>
}

/** Embeddings that may wait for an earlier one in `embedAll`. */
const windowTextsMax = 4096

/**
 * Opens an encoder on a graph with the output `embedding`; errors as openInference. The caller
 * closes it.
 */
export async function openEncoder(options: InferenceOptions): Promise<TextEncoder> {
  const inference = await openInference(options, 'embedding')
  const start = async (text: string): Promise<{ result: Promise<EmbedOutcome> }> => {
    const { result } = await inference.submitWhenRoom(inference.tokenize(text).ids)
    return { result: result.then(readEmbedding) }
  }
  return {
    hidden: inference.width,
    tokenize: inference.tokenize,
    embed: async (ids, submitOptions) => readEmbedding(await inference.submit(ids, submitOptions)),
    embedAll: (texts) => mapInOrder(texts, start, { windowMax: windowTextsMax }),
    stats: inference.stats,
    close: inference.close,
  }
}

function readEmbedding({ row }: RowResult): EmbedOutcome {
  const at = row.findIndex((number) => !Number.isFinite(number))
  if (at < 0) return { kind: 'ok', embedding: row }
  const message = `Component ${at} of the embedding is ${row[at] ?? 'missing'}.`
  return { kind: 'rejected', error: { code: 'output_invalid', message } }
}
