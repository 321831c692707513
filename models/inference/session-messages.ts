// The messages between the pool and a session worker. Batches are copied, rows are transferred.
import type { OperationErrorCode } from '../../schemas/errors.ts'
import type { Device } from '../devices/device.ts'
import type { ThreadPriority } from '../runtime/thread-priority.ts'

/** The model that a worker is to load. */
export type WorkerStart = {
  readonly modelPath: string
  /** The graph output whose rows are wanted. */
  readonly output: 'logits' | 'embedding'
  /** Default: the processor. With `turn`, threads use the device one after the other. */
  readonly device?: (Device & { readonly turn: SharedArrayBuffer | undefined }) | undefined
  /** Default `normal`. */
  readonly priority?: ThreadPriority | undefined
  /**
   * With heads, the thread runs only the encoder of the model, and applies these to its embeddings;
   * `output` is `embedding`, and the rows are the logits of the heads.
   */
  readonly heads?: readonly HeadStart[] | undefined
}

/** The head of a model whose encoder the thread has; `head` is its number in the pool. */
export type HeadStart = { readonly head: number; readonly modelPath: string }

/** Which columns of a row are the logits of a head. */
export type HeadColumns = { readonly head: number; readonly from: number; readonly width: number }

/** Texts of one padded length: ids int32 [batch, tokens] row-major. */
export type TokenBatch = {
  readonly ids: Int32Array
  readonly batch: number
  readonly tokens: number
  /** Tokens of each text that count, int32 [batch]; only for graphs that mask padding. */
  readonly lengths?: Int32Array
}

/** What a loaded model takes and gives, read from its graph. */
export type SessionShape = {
  /** Columns of the output: labels, those of all heads, or hidden size. */
  readonly width: number
  /** Whether the graph masks padding, and so needs `lengths`. */
  readonly masksPadding: boolean
}

/** Answered in the order sent; one model at a time. */
export type PoolMessage =
  | { readonly kind: 'load'; readonly start: WorkerStart }
  | { readonly kind: 'run'; readonly id: number; readonly batch: TokenBatch }
  /** Applies one more head from the next run on; answered by `attached` or `unattached`. */
  | { readonly kind: 'attach'; readonly start: HeadStart }
  | { readonly kind: 'detach'; readonly head: number }
  /** Frees the model; the thread waits for another. */
  | { readonly kind: 'release' }
  | { readonly kind: 'close' }

export type WorkerMessage =
  /** Loads at a low priority, from which `raiseThread` raises it. */
  | { readonly kind: 'yielding'; readonly thread: number }
  | { readonly kind: 'ready'; readonly shape: SessionShape }
  | {
      readonly kind: 'refused'
      readonly code: OperationErrorCode
      readonly message: string
    }
  | {
      readonly kind: 'done'
      readonly id: number
      readonly rows: Float32Array
      readonly width: number
      /** The heads of the rows, if the thread has heads. */
      readonly columns?: readonly HeadColumns[] | undefined
      readonly runMs: number
    }
  | { readonly kind: 'attached'; readonly head: number }
  | {
      readonly kind: 'unattached'
      readonly head: number
      readonly code: OperationErrorCode
      readonly message: string
    }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'released' }
