// Reads request bodies into memory that all requests share. A body that arrives slowly does not
// block others: it holds no admission slot, and when memory runs out the oldest unfinished body is
// dropped. admission.ts limits the number of requests.
import type { Readable } from 'node:stream'
import { WinnowError } from '../../schemas/errors.ts'

/** Memory of all bodies together, as a multiple of the largest one. */
const bodiesMax = 8

/** The source of a body. */
export type BodySource = {
  /** The decoded bytes; content-coding.ts undoes the coding. */
  readonly stream: Readable
  /**
   * Memory that reading takes besides the bytes: that of a decoder, which stops with the reading.
   */
  readonly overheadBytes: number
  /** Whether the decoder keeps what it has decoded, as the window of zstd does. */
  readonly isWindowed: boolean
  /** The error for a failure of the stream, or its early end. */
  readonly failure: (cause?: Error) => WinnowError
}

/** A body in memory; `release` frees its memory once. */
export type HeldBody = { readonly bytes: Buffer; readonly release: () => void }

/** The memory of all bodies, complete or still arriving. */
export class BodyMemory {
  readonly #bytesMax: number
  /** Bodies that still arrive, oldest first, with the function that drops each. */
  readonly #arriving = new Map<Buffered, (reason: WinnowError) => void>()
  #total = 0

  /** For bodies of at most `bytesMax` bytes each. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /**
   * Reads a body to its end. Throws `body_too_large`, `body_invalid` if its coding is damaged,
   * `cancelled` if the connection breaks, the reason of `signal`, and `queue_full` if memory runs
   * out and no older body can be dropped. Whatever it throws, it has stopped the decoder.
   */
  read(
    { stream: source, overheadBytes, isWindowed, failure }: BodySource,
    signal: AbortSignal,
  ): Promise<HeldBody> {
    return new Promise((resolve, reject) => {
      const copies = isWindowed ? 2 : 1
      const body: Buffered = { memory: Buffer.alloc(0), length: 0, capacity: 0, copies }
      const leave = () => {
        this.#arriving.delete(body)
        signal.removeEventListener('abort', onAbort)
        source
          .off('readable', onReadable)
          .off('end', onEnd)
          .off('error', onClose)
          .off('close', onClose)
      }
      const giveUp = (reason: Error) => {
        leave()
        this.#free(body, body.capacity)
        // Node sends the response on the same connection, so its own stream stays; a decoder is
        // destroyed.
        if (overheadBytes > 0) source.on('error', () => undefined).destroy()
        reject(reason)
      }
      const onAbort = () => {
        giveUp(signal.reason as WinnowError)
      }
      const onReadable = () => {
        try {
          let chunk
          while ((chunk = source.read() as Buffer | null) !== null) this.#append(body, chunk)
        } catch (error) {
          giveUp(error as Error)
        }
      }
      const onEnd = () => {
        leave()
        this.#free(body, overheadBytes + (copies - 1) * body.memory.length)
        const bytes = body.memory.subarray(0, body.length)
        resolve({
          bytes,
          release: () => {
            this.#free(body, body.capacity)
          },
        })
      }
      const onClose = (cause?: Error) => {
        giveUp(failure(cause))
      }
      this.#arriving.set(body, giveUp)
      try {
        this.#reserve(body, overheadBytes)
      } catch (error) {
        giveUp(error as Error)
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      source.on('readable', onReadable).on('end', onEnd).on('error', onClose).on('close', onClose)
      if (signal.aborted) onAbort()
      else if (source.destroyed) onClose()
    })
  }

  #append(body: Buffered, chunk: Buffer): void {
    const length = body.length + chunk.length
    if (length > this.#bytesMax) throw bodyTooLarge(this.#bytesMax)
    if (length > body.memory.length) {
      // A body of one chunk takes what it needs; one of many small chunks is copied twice at most.
      const capacity = Math.min(this.#bytesMax, Math.max(length, 2 * body.memory.length))
      this.#reserve(body, body.copies * (capacity - body.memory.length))
      const larger = Buffer.allocUnsafeSlow(capacity)
      body.memory.copy(larger, 0, 0, body.length)
      body.memory = larger
    }
    chunk.copy(body.memory, body.length)
    body.length = length
  }

  #reserve(body: Buffered, bytes: number): void {
    while (this.#total + bytes > bodiesMax * this.#bytesMax) {
      const [oldest] = this.#arriving
      if (oldest === undefined || oldest[0] === body) throw memoryFull()
      oldest[1](memoryFull())
    }
    this.#total += bytes
    body.capacity += bytes
  }

  #free(body: Buffered, bytes: number): void {
    this.#total -= bytes
    body.capacity -= bytes
  }
}

type Buffered = {
  memory: Buffer
  length: number
  /** Bytes reserved for it. */
  capacity: number
  /** How often its bytes are in memory while it arrives. */
  readonly copies: number
}

/** The refusal of a body above the limit. */
export function bodyTooLarge(bytesMax: number): WinnowError {
  return new WinnowError(
    'body_too_large',
    `The body is larger than ${bytesMax} bytes (gateway.bodyBytesMax)`,
    { details: { bytesMax } },
  )
}

/** The caller left before the body was complete. */
export function brokenOff(cause?: Error): WinnowError {
  return new WinnowError('cancelled', 'The connection ended before the body was complete', {
    cause,
  })
}

function memoryFull(): WinnowError {
  return new WinnowError(
    'queue_full',
    'Other requests use all the memory for request bodies; try again later',
  )
}
