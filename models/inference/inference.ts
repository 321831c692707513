// One model ready to take texts: tokenizer, batcher and workers opened and closed together. It owns
// their wiring and the counts; what a row means is the classifier's or the text encoder's.
import { WinnowError } from '../../schemas/errors.ts'
import { createBatcher, type BatchRecord, type Batcher } from './batcher.ts'
import { cacheBatches, type Lookup } from './cached-batcher.ts'
import type { Work } from '../runtime/sliced-work.ts'
import { openPool, type PoolOptions } from './pool.ts'

/** What inference needs of a tokenizer. `ids` begin and end with the special tokens. */
export type TextTokenizer = {
  encode(text: string, options: { readonly maxTokens: number }): Tokenized
  /** `encode` as work in steps. */
  encoding(text: string, options: { readonly maxTokens: number }): Work<Tokenized>
}

/** A text as token ids int32 [tokens]; `truncated` when tokens beyond the limit were dropped. */
export type Tokenized = { readonly ids: Int32Array; readonly truncated: boolean }

export type InferenceOptions = {
  readonly modelPath: string
  readonly tokenizer: TextTokenizer
  /** Longest text in tokens, special ones included; longer texts are cut. */
  readonly maxTokens: number
  /** Inference threads; one per core is best. */
  readonly workers: number
  /** Padded tokens of a batch. Default 512. */
  readonly batchTokens?: number | undefined
  /** Texts of a batch. Default 64. */
  readonly batchTextsMax?: number | undefined
  /** A text that has waited longer goes first. Default 250. */
  readonly batchAgeMsMax?: number
  /** Padded tokens that may wait. Default 65,536. */
  readonly queueTokensMax?: number
  /** Texts that may wait. Default 8,192. */
  readonly queueTextsMax?: number
  /** Lengths are rounded up to a multiple of this; 1 (the default) pads nothing. */
  readonly padTo?: number
  readonly onBatch?: (batch: BatchRecord) => void
  /** Memory for rows of texts that were run before. Default 0: each text is run. */
  readonly cacheBytesMax?: number | undefined
  readonly onLookup?: ((lookup: Lookup) => void) | undefined
} & Pick<
  PoolOptions,
  'batchesPerWorkerMax' | 'restartsMax' | 'spawn' | 'keep' | 'readyWith' | 'priority'
>

/** Totals of what was run since opening. Padding waste is 1 - tokens / paddedTokens. */
export type InferenceStats = {
  readonly texts: number
  readonly tokens: number
  readonly paddedTokens: number
  readonly batches: number
  /** Time spent inside the runtime, summed over workers. */
  readonly runMs: number
  readonly queuedTexts: number
  readonly queuedTokens: number
}

export type Inference = Pick<Batcher, 'submit' | 'submitWhenRoom'> & {
  /** Columns of a row: labels or hidden size. */
  readonly width: number
  readonly tokenize: (text: string) => Tokenized
  /** `tokenize` as work in steps, for callers that share an event loop. */
  readonly tokenizing: (text: string) => Work<Tokenized>
  readonly stats: () => InferenceStats
  /** Ends the low priority of workers that were opened as `loading`. */
  readonly raisePriority: () => void
  /** Answers what is queued, then ends the workers. */
  readonly close: () => Promise<void>
}

/**
 * Opens a model for its `output`. Throws `config_invalid` when `padTo` does not fit `maxTokens` or
 * the graph, `model_incompatible` and `session_failed` as the pool does.
 */
export async function openInference(
  options: InferenceOptions,
  output: PoolOptions['output'],
): Promise<Inference> {
  const { tokenizer, maxTokens, padTo = 1 } = options
  if (maxTokens % padTo !== 0) {
    throw new WinnowError(
      'config_invalid',
      `inference.padTo is ${padTo}, but the model reads up to ${maxTokens} tokens, ` +
        'which is not a multiple of it; set padTo to 1.',
    )
  }
  const totals = { texts: 0, tokens: 0, paddedTokens: 0, batches: 0, runMs: 0 }
  const opened: { batcher?: Batcher } = {}
  const { modelPath, workers, batchesPerWorkerMax, restartsMax, priority } = options
  const { spawn, keep, readyWith } = options
  const pool = await openPool({
    modelPath,
    output,
    workers,
    batchesPerWorkerMax,
    restartsMax,
    priority,
    spawn,
    keep,
    readyWith,
    onRoom: () => opened.batcher?.wake(),
  })
  if (padTo > 1 && !pool.shape.masksPadding) {
    await pool.close()
    throw new WinnowError(
      'config_invalid',
      `${modelPath} takes texts of one length only; set inference.padTo to 1.`,
    )
  }
  const batcher = createBatcher(pool, {
    batchTokens: options.batchTokens ?? 512,
    batchTextsMax: options.batchTextsMax ?? 64,
    batchAgeMsMax: options.batchAgeMsMax ?? 250,
    queueTokensMax: options.queueTokensMax ?? 65_536,
    queueTextsMax: options.queueTextsMax ?? 8_192,
    padTo,
    onBatch: (batch) => {
      totals.batches += 1
      totals.texts += batch.size
      totals.tokens += batch.tokens
      totals.paddedTokens += batch.paddedTokens
      totals.runMs += batch.runMs
      options.onBatch?.(batch)
    },
  })
  opened.batcher = batcher
  const { cacheBytesMax = 0, onLookup } = options
  const { submit, submitWhenRoom } =
    cacheBytesMax === 0 ? batcher : cacheBatches(batcher, { bytesMax: cacheBytesMax, onLookup })
  return {
    width: pool.shape.width,
    tokenize: (text) => tokenizer.encode(text, { maxTokens }),
    tokenizing: (text) => tokenizer.encoding(text, { maxTokens }),
    submit,
    submitWhenRoom,
    stats: () => ({
      ...totals,
      queuedTexts: batcher.queuedTexts,
      queuedTokens: batcher.queuedTokens,
    }),
    raisePriority: () => pool.raisePriority(),
    close: async () => {
      await batcher.close()
      await pool.close()
    },
  }
}
