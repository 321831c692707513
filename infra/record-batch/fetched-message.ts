// One record of a fetched batch in the form of a kafkajs message, with the limits for decoding one
// fetch response.
import type { EventError } from '../../schemas/errors.ts'

export type FetchedMessage = {
  readonly magicByte: number
  readonly attributes: number
  /** Epoch milliseconds; -1 for none. */
  readonly timestamp: string
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Record<string, Buffer | Buffer[]>
  /** kafkajs does not hand these out, and moves past them. */
  readonly isControlRecord: boolean
  /** kafkajs-fetch.ts uses this to hide the records of aborted transactions. */
  readonly batchContext: {
    readonly firstOffset: string
    readonly lastOffsetDelta: number
    readonly producerId: string
    readonly inTransaction: boolean
  }
  /** Why there is no value: the record, or the batch that holds it, cannot be read. */
  readonly unreadable?: EventError
}

export type DecodeBounds = {
  /** Most bytes of a record. */
  readonly recordBytesMax: number
}

/**
 * Most bytes that a batch may decompress to: four records of the largest size. A broker limits the
 * compressed size of batches, and producers seldom put more than 1 MB into one.
 */
export function batchBytesMax({ recordBytesMax }: DecodeBounds): number {
  return 4 * recordBytesMax
}

/** Most messages of one response; the rest is fetched again. */
const messagesMax = 50_000
const messageBytesMax = 33_554_432

/** How much more of one response may be decoded. */
export class AnswerBudget {
  #messages = messagesMax
  #bytes = messageBytesMax
  #decompressed: number

  constructor(bounds: DecodeBounds) {
    this.#decompressed = batchBytesMax(bounds)
  }

  /**
   * With a fresh budget, at least one batch and one of its messages are decoded, whatever their
   * size.
   */
  get isSpent(): boolean {
    return this.#messages <= 0 || this.#bytes <= 0 || this.#decompressed <= 0
  }

  /** Counts a message; false if it has to wait for the next fetch. */
  takeMessage(bytes: number): boolean {
    if (this.#messages <= 0 || this.#bytes <= 0) return false
    this.#messages--
    this.#bytes -= bytes
    return true
  }

  /** Counts decompressed bytes, useful or not. */
  spend(bytes: number): void {
    this.#decompressed -= bytes
  }
}
