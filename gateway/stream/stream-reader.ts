// One reader of GET /v1/stream: the bytes that wait for it, bounded, as a web stream.
// live-results.ts feeds it.
import type { ResultSelection } from './result-selection.ts'
import { closedEvent, eventFor, type ClosedReason, type StreamedResult } from './stream-event.ts'

/** Most bytes that wait for one reader. Only one event, or one batch of them, may be larger. */
export const readerBytesMax = 262_144

/** What a reader is made of. */
export type ReaderOptions = {
  readonly selection: ResultSelection
  readonly pace: {
    /** How long it may take to read what waits for it. */
    readonly slowMsMax: number
    /** How long it may take to read that its stream is closed, before its connection is cut. */
    readonly closedMsMax: number
  }
  /** Whether the caller may still read: its key may be revoked or expire. */
  readonly isAllowed: () => boolean
  /** Cuts the connection of a reader that reads nothing. */
  readonly cut: () => void
  /** Called once, when the reader takes no more: it left, or it has read that the stream closed. */
  readonly onGone: () => void
}

/** A reader; the stream ends when the caller leaves or `end` is called. */
export class StreamReader {
  readonly selection: ResultSelection
  readonly stream: ReadableStream<Uint8Array>
  readonly #options: ReaderOptions
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #state: 'open' | 'ended' | 'gone' = 'open'
  #wake: () => void = () => undefined
  #emptied: () => void = () => undefined
  #cutTimer: NodeJS.Timeout | undefined

  constructor(options: ReaderOptions) {
    this.selection = options.selection
    this.#options = options
    this.stream = new ReadableStream<Uint8Array>(
      { pull: (controller) => this.#pull(controller), cancel: () => this.leave() },
      { highWaterMark: 0 },
    )
  }

  get isOpen(): boolean {
    return this.#state === 'open'
  }

  /** Ends the stream of a caller who may no longer read. */
  checkAllowed(): void {
    if (!this.#options.isAllowed()) this.end('unauthorized')
  }

  /** Bytes that nobody has read yet. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /** The bytes that nobody has read yet; readers share them. */
  get waiting(): readonly Uint8Array[] {
    return this.#waiting
  }

  /** Adds bytes; returns false, and adds nothing, if too much waits already. */
  push(bytes: Uint8Array): boolean {
    if (this.#state !== 'open') return true
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > readerBytesMax) return false
    this.#add(bytes)
    return true
  }

  /** Adds results until too much waits; returns how many it added. */
  pushFitting(results: readonly StreamedResult[]): number {
    const bytesOf = eventFor(this.selection.isMasked === true)
    const fitting: Uint8Array[] = []
    let bytes = this.#waitingBytes
    for (const result of results) {
      const event = bytesOf(result)
      if (bytes > 0 && bytes + event.length > readerBytesMax) break
      bytes += event.length
      fitting.push(event)
    }
    if (fitting.length > 0) this.push(Buffer.concat(fitting))
    return fitting.length
  }

  /** Resolves when nothing waits. Ends a reader that takes too long. */
  async room(): Promise<void> {
    if (this.#waitingBytes === 0 || this.#state !== 'open') return
    const timer = setTimeout(() => {
      this.end('slow_reader')
    }, this.#options.pace.slowMsMax)
    await new Promise<void>((resolve) => (this.#emptied = resolve))
    clearTimeout(timer)
  }

  /** Ends the stream with the event `closed`. What waits for a slow reader is dropped. */
  end(reason: ClosedReason): void {
    if (this.#state !== 'open') return
    if (reason === 'slow_reader') this.#drop()
    this.#add(closedEvent(reason))
    this.#state = 'ended'
    this.#emptied()
    this.#cutTimer = setTimeout(this.#options.cut, this.#options.pace.closedMsMax)
    this.#cutTimer.unref()
  }

  /** The caller has left: nothing waits any longer. May be called twice. */
  leave(): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    this.#drop()
    clearTimeout(this.#cutTimer)
    this.#wake()
    this.#options.onGone()
  }

  #drop(): void {
    this.#waiting = []
    this.#waitingBytes = 0
    this.#emptied()
  }

  #add(bytes: Uint8Array): void {
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.length
    this.#wake()
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (this.#waiting.length === 0 && this.#state === 'open') {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    const next = this.#waiting.shift()
    if (next !== undefined) {
      this.#waitingBytes -= next.length
      if (this.#waitingBytes === 0) this.#emptied()
      controller.enqueue(next)
      return
    }
    if (this.#state === 'ended') {
      controller.close()
      this.leave()
    }
  }
}
