// Feeds the readers of GET /v1/stream. One loop reads the log of results for all of them, only while
// somebody listens, and writes each result once. A reader gets every result that its selection
// takes, once and in the order of the log: first what follows its cursor, from the results kept here
// or from ClickHouse, then what the loop reads. A reader that is too slow is cut off; it can resume.
import { setTimeout } from 'node:timers/promises'
import type { Config } from '../../configs/schema.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { comparePositions, type LogPosition } from '../../schemas/log-position.ts'
import type { ResultLog } from '../../schemas/ports/result-log.ts'
import { mapInTurns, type WorkQueue } from '../http/work-queue.ts'
import { RecentResults } from './recent-results.ts'
import { selectionKey, selects, type ResultSelection } from './result-selection.ts'
import {
  emptyHeartbeat,
  heartbeat,
  readyEvent,
  streamedResult,
  type ClosedReason,
  type StreamedResult,
} from './stream-event.ts'
import { StreamReader } from './stream-reader.ts'

/** Time between two reads of the log. */
const pollMs = 250
/** Longest pause after a failed read; readers are closed when reads have failed for so long. */
const failedPauseMsMax = 5_000
const failedMsMax = 30_000
/** Shorter than the minute after which proxies, and this server, drop a quiet connection. */
const heartbeatMs = 15_000
/** Most results that a reader may have missed; one that missed more must start afresh. */
export const resumeResultsMax = 20_000
/** Readers whose missed results are read from ClickHouse at once. */
const catchUpsMax = 4
/** How often failures are reported at most. */
const reportMs = 60_000
/** Bytes that wait for all readers together; above, the one that is furthest behind is cut off. */
const waitingBytesMax = 67_108_864

/** What a reader asks for. */
export type ListenRequest = {
  readonly selection: ResultSelection
  /** Where to resume; absent: with the next result. */
  readonly from?: LogPosition | undefined
  /** Cuts the connection if the reader stops reading. */
  readonly cut: () => void
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal
}

export type LiveOptions = {
  readonly log: ResultLog
  readonly gateway: Pick<Config['gateway'], 'streamReadersMax'>
  /** Shares the thread with the other work of the gateway. */
  readonly queue: WorkQueue
  /** Called when reading the log fails, at most once a minute. */
  readonly onFailure: (error: unknown) => void
}

/** The readers and the loop that feeds them. The caller closes it before the server. */
export class LiveResults {
  readonly #options: LiveOptions
  /** All readers, also those that catch up or are being closed. */
  readonly #readers = new Set<StreamReader>()
  /** Those that get what the loop reads. */
  readonly #live = new Set<StreamReader>()
  readonly #stop = new AbortController()
  readonly #turns = new Turns(catchUpsMax)
  #reportedMs = -Infinity
  #recent: Promise<RecentResults> | undefined
  #loop: Promise<void> = Promise.resolve()

  constructor(options: LiveOptions) {
    this.#options = options
  }

  /** How many readers there are. */
  get readers(): number {
    return this.#readers.size
  }

  /**
   * Adds a reader and returns its stream. Throws `queue_full` above `gateway.streamReadersMax`,
   * `cursor_expired` if it missed too much, `cancelled` when the gateway stops.
   */
  async listen(request: ListenRequest): Promise<ReadableStream<Uint8Array>> {
    const { streamReadersMax } = this.#options.gateway
    if (this.#stop.signal.aborted) throw new WinnowError('cancelled', 'The gateway is stopping')
    if (this.#readers.size >= streamReadersMax) {
      const message =
        `The gateway already streams to ${counted(streamReadersMax, 'reader')} ` +
        '(gateway.streamReadersMax); try again later'
      throw new WinnowError('queue_full', message)
    }
    const { selection, cut, signal } = request
    const reader: StreamReader = new StreamReader({
      selection,
      cut,
      onGone: () => {
        this.#forget(reader)
      },
    })
    this.#readers.add(reader)
    signal.addEventListener('abort', () => {
      reader.leave()
    })
    try {
      signal.throwIfAborted()
      const recent = await this.#start()
      const from = request.from ?? recent.end
      if (recent.after(from) === undefined) await this.#refuseExpired(from)
      reader.push(readyEvent(from))
      void this.#catchUp(reader, from)
      return reader.stream
    } catch (error) {
      reader.leave()
      throw error
    }
  }

  /** Ends all streams at once and refuses new ones. */
  async close(): Promise<void> {
    this.#stop.abort()
    this.#endAll('shutdown')
    await this.#loop
  }

  #forget(reader: StreamReader): void {
    this.#readers.delete(reader)
    this.#live.delete(reader)
    if (this.#readers.size === 0) this.#recent = undefined
  }

  #endAll(reason: ClosedReason): void {
    for (const reader of [...this.#readers]) reader.end(reason)
  }

  /** Starts the loop at the end of the log, unless it runs. */
  #start(): Promise<RecentResults> {
    if (this.#recent !== undefined) return this.#recent
    const recent = this.#options.log.end().then((end) => new RecentResults(end))
    this.#recent = recent
    recent.then(
      (from) => {
        const before = this.#loop
        this.#loop = before.then(() => this.#follow(from, recent))
      },
      () => {
        if (this.#recent === recent) this.#recent = undefined
      },
    )
    return recent
  }

  async #refuseExpired(from: LogPosition): Promise<void> {
    const { log } = this.#options
    const [end, missed] = await this.#turns.use(() =>
      Promise.all([log.end(), log.countAfter(from, resumeResultsMax + 1)]),
    )
    if (missed > resumeResultsMax || from.block > end.block) {
      const message =
        missed > resumeResultsMax
          ? `More than ${resumeResultsMax} results follow this cursor; start without it and read ` +
            'what is missing from /v1/results'
          : 'The table of results is a new one since this cursor; start without it'
      throw new WinnowError('cursor_expired', message)
    }
  }

  /**
   * Gives a reader what follows a place, no faster than it reads, until it has all that was read
   * here. From then on the loop feeds it.
   */
  async #catchUp(reader: StreamReader, from: LogPosition): Promise<void> {
    const isSelected = selects(reader.selection)
    let at = from
    try {
      while (reader.isOpen) {
        const recent = await this.#start()
        const kept = recent.after(at)
        const missed = kept === undefined ? await this.#missed(recent, at) : undefined
        const results = (kept ?? missed!.results).filter(isSelected)
        const added = reader.pushFitting(results)
        if (added < results.length) {
          at = results[added - 1]?.position ?? at
          await reader.room()
        } else if (missed === undefined) {
          // Nothing was awaited since `kept` was taken, so the loop has read no more.
          this.#live.add(reader)
          return
        } else {
          at = missed.position
        }
      }
    } catch (error) {
      this.#report(error)
      reader.end('unavailable')
    }
  }

  /** What follows a place that is older than what is kept here, or newer. */
  async #missed(recent: RecentResults, at: LogPosition): Promise<Streamed> {
    const end = recent.end
    if (comparePositions(at, end) > 0) {
      // Another gateway has sent what this one has not read yet.
      await pause(pollMs, this.#stop.signal)
      return { results: [], position: at, isCut: false }
    }
    const page = await this.#turns.use(() => this.#read(at))
    // A page that is not cut has all that was visible, so also what was read here before.
    const isBehind = !page.isCut && comparePositions(page.position, end) < 0
    return isBehind ? { ...page, position: end } : page
  }

  /** Reads the log while somebody listens. */
  async #follow(recent: RecentResults, own: Promise<RecentResults>): Promise<void> {
    let failedSinceMs: number | undefined
    let pauseMs = pollMs
    const beats = setInterval(() => this.#beat(recent.end), heartbeatMs)
    while (this.#recent === own && !this.#stop.signal.aborted) {
      try {
        const before = recent.end
        const { results, position, isCut } = await this.#read(before)
        failedSinceMs = undefined
        pauseMs = isCut ? 0 : pollMs
        recent.add(results, position)
        await this.#deliver(results, before)
      } catch (error) {
        failedSinceMs ??= performance.now()
        pauseMs = Math.min(failedPauseMsMax, 2 * Math.max(pauseMs, pollMs))
        this.#report(error)
        if (performance.now() - failedSinceMs > failedMsMax) this.#endAll('unavailable')
      }
      await pause(pauseMs, this.#stop.signal)
    }
    clearInterval(beats)
  }

  async #read(at: LogPosition): Promise<Streamed> {
    const { log, queue } = this.#options
    const { entries, position, isCut } = await log.after(at)
    return { results: await mapInTurns(queue, entries, streamedResult), position, isCut }
  }

  /** Passes results to the readers that are live now. They have all that is `before`. */
  async #deliver(results: readonly StreamedResult[], before: LogPosition): Promise<void> {
    if (results.length === 0) return
    // Readers that are added from here on have these results already.
    const bySelection = [
      ...Map.groupBy(this.#live, ({ selection }) => selectionKey(selection)).values(),
    ]
    await mapInTurns(this.#options.queue, bySelection, (readers) => {
      const chosen = results.filter(selects(readers[0]!.selection))
      if (chosen.length === 0) return
      const events = Buffer.concat(chosen.map(({ event }) => event))
      for (const reader of readers) {
        if (reader.push(events) || !this.#live.delete(reader)) continue
        // It is behind: it goes on by itself, no faster than it reads.
        void this.#catchUp(reader, before)
      }
    })
    this.#boundMemory()
  }

  /** Ends the readers that are furthest behind while too many bytes wait. */
  #boundMemory(): void {
    const total = [...this.#readers].reduce((sum, { waitingBytes }) => sum + waitingBytes, 0)
    if (total <= waitingBytesMax) return
    const slowest = [...this.#readers].toSorted((a, b) => b.waitingBytes - a.waitingBytes)
    for (const reader of slowest) {
      // Readers share the bytes that they have in common.
      const waiting = new Set([...this.#readers].flatMap((one) => one.waiting))
      const bytes = [...waiting].reduce((sum, { length }) => sum + length, 0)
      if (bytes <= waitingBytesMax) return
      reader.end('slow_reader')
    }
  }

  #beat(end: LogPosition): void {
    const beat = heartbeat(end)
    for (const reader of this.#readers) {
      // The cursor of a reader that is behind must not pass what it has not got.
      if (reader.waitingBytes === 0) reader.push(this.#live.has(reader) ? beat : emptyHeartbeat)
    }
  }

  #report(error: unknown): void {
    const nowMs = performance.now()
    if (nowMs - this.#reportedMs < reportMs) return
    this.#reportedMs = nowMs
    this.#options.onFailure(error)
  }
}

/** Results as they are sent, with the place after them. */
type Streamed = {
  readonly results: readonly StreamedResult[]
  readonly position: LogPosition
  readonly isCut: boolean
}

/** Resolves after a time, or at once when the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined)
}

/** Lets a bounded number of calls run at once; others wait in their order. */
class Turns {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(callsMax: number) {
    this.#free = callsMax
  }

  async use<T>(call: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await call()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
