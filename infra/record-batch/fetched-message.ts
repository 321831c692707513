// One record of a fetched batch in the form in which kafkajs passes messages on, and the bounds
// within which one answer of a broker is decoded.
import type { EventError } from '../../schemas/errors.ts'

export type FetchedMessage = {
  readonly magicByte: number
  readonly attributes: number
  /** Epoch milliseconds, -1 for none. */
  readonly timestamp: string
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Record<string, Buffer | Buffer[]>
  /** kafkajs does not hand these out, and moves on behind them. */
  readonly isControlRecord: boolean
  /** By these kafkajs-fetch.ts leaves out what belongs to a transaction that was aborted. */
  readonly batchContext: {
    readonly firstOffset: string
    readonly lastOffsetDelta: number
    readonly producerId: string
    readonly inTransaction: boolean
  }
  /** Why there is no value: the record, or the batch that it came in, cannot be read. */
  readonly unreadable?: EventError
}

export type DecodeBounds = {
  /** Most bytes of a record. */
  readonly recordBytesMax: number
}

/**
 * Most bytes that a batch may decompress to: four records of the largest size. Batches are limited
 * by their compressed size in a broker, and what producers fill one with seldom exceeds 1 MB before
 * compression.
 */
export function batchBytesMax({ recordBytesMax }: DecodeBounds): number {
  return 4 * recordBytesMax
}

/** What is handed out of one answer; the rest is fetched again. */
const messagesMax = 50_000
const messageBytesMax = 33_554_432

/** How much more of one answer of a broker is decoded. */
export class AnswerBudget {
  #messages = messagesMax
  #bytes = messageBytesMax
  #decompressed: number

  constructor(bounds: DecodeBounds) {
    this.#decompressed = batchBytesMax(bounds)
  }

  /**
   * At least one batch, and one message of it, is decoded with a fresh budget, however large they
   * are.
   */
  get isSpent(): boolean {
    return this.#messages <= 0 || this.#bytes <= 0 || this.#decompressed <= 0
  }

  /** Counts a message; false when it has to wait for the next fetch. */
  takeMessage(bytes: number): boolean {
    if (this.#messages <= 0 || this.#bytes <= 0) return false
    this.#messages--
    this.#bytes -= bytes
    return true
  }

  /** Counts bytes that were decompressed, whether or not they turned out to be of use. */
  spend(bytes: number): void {
    this.#decompressed -= bytes
  }
}
