// One model ready to take texts: tokenizer, batcher and workers opened and closed together. It owns
// their wiring and the counts; what a row means is the classifier's or the text encoder's.
import type { ExecutionProvider } from '../../configs/execution-provider.ts'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { deviceAdvice, providerLimits, type AskedDevice } from '../devices/device.ts'
import { deviceTurn } from '../devices/device-turn.ts'
import { createBatcher, type BatchRecord, type Batcher } from './batcher.ts'
import { cacheBatches, type Lookup } from './cached-batcher.ts'
import type { Work } from '../runtime/sliced-work.ts'
import { openPool, type PoolOptions, type SessionPool } from './pool.ts'
import type { HeadStart } from './session-messages.ts'

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
  /** What computes the model. Default: the processor. */
  readonly device?: AskedDevice | undefined
  /** Padded tokens of a batch. Default: that of the provider, 512 for the processor. */
  readonly batchTokens?: number | undefined
  /** Texts of a batch. Default: that of the provider, 64 for the processor. */
  readonly batchTextsMax?: number | undefined
  /** A text that has waited longer goes first. Default 250. */
  readonly batchAgeMsMax?: number
  /** Padded tokens that may wait. Default 65,536. */
  readonly queueTokensMax?: number
  /** Texts that may wait. Default 8,192. */
  readonly queueTextsMax?: number
  /** Lengths are rounded up to a multiple of this; 1 (the default) pads nothing. */
  readonly padTo?: number
  readonly onBatch?: (batch: ComputedBatch) => void
  /** Memory for rows of texts that were run before. Default 0: each text is run. */
  readonly cacheBytesMax?: number | undefined
  readonly onLookup?: ((lookup: Lookup) => void) | undefined
} & Pick<
  PoolOptions,
  'batchesPerWorkerMax' | 'restartsMax' | 'spawn' | 'keep' | 'readyWith' | 'priority'
>

/** Figures of one batch, with what computed it. */
export type ComputedBatch = BatchRecord & { readonly provider: ExecutionProvider }

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
  /** What computes the model. */
  readonly provider: ExecutionProvider
  /** The encoder that it shares with other models; undefined if it has one of its own. */
  readonly encoder?: string | undefined
  readonly tokenize: (text: string) => Tokenized
  /** `tokenize` as work in steps, for callers that share an event loop. */
  readonly tokenizing: (text: string) => Work<Tokenized>
  readonly stats: () => InferenceStats
  /** Ends the low priority of workers that were opened as `loading`. */
  readonly raisePriority: () => void
  /** Answers what is queued, then ends the workers. */
  readonly close: () => Promise<void>
}

/** Inference for several heads over one encoder; `width` counts the columns of the first ones. */
export type HeadsInference = Omit<Inference, 'tokenize' | 'tokenizing'> &
  Pick<SessionPool, 'attach' | 'detach'>

/** The options of a pool and its batches. */
export type BatchesOptions = Omit<InferenceOptions, 'tokenizer' | 'maxTokens'>

/**
 * Opens a model for its `output`. Throws `config_invalid` when `padTo` does not fit `maxTokens` or
 * the graph, `model_incompatible` and `session_failed` as the pool does, the latter also if the
 * device does not work and nothing else may take over.
 */
export async function openInference(
  options: InferenceOptions,
  output: PoolOptions['output'],
): Promise<Inference> {
  const { tokenizer, maxTokens } = options
  requireWhole(options, maxTokens)
  const inference = await openBatches(options, { output })
  return { ...inference, ...tokenizing(tokenizer, maxTokens) }
}

/** As openInference, for the encoder of a model, and the heads that read its embeddings. */
export function openHeadsInference(
  options: BatchesOptions,
  heads: readonly HeadStart[],
): Promise<HeadsInference> {
  return openBatches(options, { output: 'embedding', heads })
}

/** Throws `config_invalid` when texts of the greatest length could not be padded. */
export function requireWhole({ padTo = 1 }: BatchesOptions, maxTokens: number): void {
  if (maxTokens % padTo === 0) return
  throw new WinnowError(
    'config_invalid',
    `inference.padTo is ${padTo}, but the model reads up to ${maxTokens} tokens, ` +
      'which is not a multiple of it; set padTo to 1.',
  )
}

/** The part of an Inference that is the tokenizer's. */
export function tokenizing(
  tokenizer: TextTokenizer,
  maxTokens: number,
): Pick<Inference, 'tokenize' | 'tokenizing'> {
  return {
    tokenize: (text) => tokenizer.encode(text, { maxTokens }),
    tokenizing: (text) => tokenizer.encoding(text, { maxTokens }),
  }
}

async function openBatches(
  options: BatchesOptions,
  start: Pick<PoolOptions, 'output' | 'heads'>,
): Promise<HeadsInference> {
  const { padTo = 1 } = options
  const totals = { texts: 0, tokens: 0, paddedTokens: 0, batches: 0, runMs: 0 }
  const opened: { batcher?: Batcher } = {}
  const { modelPath, workers, batchesPerWorkerMax, restartsMax, priority } = options
  const { spawn, keep, readyWith } = options
  const { pool, provider } = await openOn(options.device, {
    ...start,
    modelPath,
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
    batchTokens: options.batchTokens ?? providerLimits[provider].batchTokens,
    batchTextsMax: options.batchTextsMax ?? providerLimits[provider].batchTextsMax,
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
      options.onBatch?.({ ...batch, provider })
    },
  })
  opened.batcher = batcher
  const { cacheBytesMax = 0, onLookup } = options
  const cache =
    cacheBytesMax === 0 ? undefined : cacheBatches(batcher, { bytesMax: cacheBytesMax, onLookup })
  const { submit, submitWhenRoom } = cache ?? batcher
  return {
    width: pool.shape.width,
    provider,
    submit,
    submitWhenRoom,
    stats: () => ({
      ...totals,
      queuedTexts: batcher.queuedTexts,
      queuedTokens: batcher.queuedTokens,
    }),
    attach: async (head) => {
      await pool.attach(head)
      // Rows from before lack the columns of the head.
      cache?.clear()
    },
    detach: (head) => pool.detach(head),
    raisePriority: () => pool.raisePriority(),
    close: async () => {
      await batcher.close()
      // A closed model answers nothing, also what it knows.
      cache?.clear()
      await pool.close()
    },
  }
}

type OpenPool = { readonly pool: SessionPool; readonly provider: ExecutionProvider }

/** Opens the pool on the device, or on the processor if none is asked for or may take over. */
async function openOn(asked: AskedDevice | undefined, options: PoolOptions): Promise<OpenPool> {
  if (asked === undefined) return { pool: await openPool(options), provider: 'cpu' }
  const { provider, deviceId, precision, workers, fallback, onFallback } = asked
  const turn = provider === 'webgpu' ? deviceTurn() : undefined
  const device = { provider, deviceId, precision, turn }
  try {
    return { pool: await openPool({ ...options, workers, device }), provider }
  } catch (cause) {
    if (!(cause instanceof WinnowError) || cause.code !== 'session_failed') throw cause
    const message = `${options.modelPath} does not open with ${provider}: ${errorMessage(cause).trim()}`
    if (fallback === 'none') {
      const advice = `${deviceAdvice(asked)} Or set inference.provider to cpu.`
      throw new WinnowError('session_failed', `${message} ${advice}`, { cause })
    }
    const pool = await openPool(options)
    onFallback?.(`${message} The processor computes the model (inference.fallback is cpu).`)
    return { pool, provider: 'cpu' }
  }
}
