// Feeds the readers of GET /v1/stream. One loop reads the log of results for all of them, only
// while somebody listens, and writes each result once. A reader gets every result that its
// selection takes, once and in the order of the log: first what follows its cursor, from the
// results kept here or from ClickHouse, then what the loop reads. A reader that reads slowly goes
// on by itself; one that stops reading is cut off, and may resume.
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Config } from '../../configs/schema.ts'
import { boundCalls } from '../../models/runtime/bounded-calls.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { comparePositions, type LogPosition } from '../../schemas/cursors/log-position.ts'
import type { ResultLog } from '../../schemas/ports/result-log.ts'
import { mapInTurns, type WorkQueue } from '../http/work-queue.ts'
import { RecentResults } from './recent-results.ts'
import { selectionKey, selects, type ResultSelection } from './result-selection.ts'
import {
  emptyHeartbeat,
  eventFor,
  heartbeat,
  readyEvent,
  streamedResult,
  type ClosedReason,
  type StreamedResult,
} from './stream-event.ts'
import { readerBytesMax, StreamReader, type ReaderOptions } from './stream-reader.ts'

/** The times of the loop; tests shorten them. */
export type StreamPace = ReaderOptions['pace'] & {
  /** Time between two reads of the log. */
  readonly pollMs: number
  /** Shorter than the minute after which proxies, and this server, drop a quiet connection. */
  readonly heartbeatMs: number
  /** How soon results of forgotten events are no longer kept here. */
  readonly forgetMs: number
  /** Readers are closed when reads of the log have failed for so long. */
  readonly failedMsMax: number
}

const defaultPace: StreamPace = {
  pollMs: 250,
  heartbeatMs: 15_000,
  forgetMs: 10_000,
  slowMsMax: 10_000,
  closedMsMax: 5_000,
  failedMsMax: 30_000,
}
/** Longest pause after a failed read. */
const failedPauseMsMax = 5_000
/** Most results that a reader may have missed; one that missed more must start afresh. */
export const resumeResultsMax = 20_000
/** Readers whose missed results are read from ClickHouse at once. */
const catchUpsMax = 4
/** Writes to sockets in one turn of the event loop. */
const writesPerTurn = 100
const batchBytes = readerBytesMax / 4
/** How often failures are reported at most. */
const reportMs = 60_000
/** Bytes that wait for all readers together; above, the one that is furthest behind is cut off. */
const waitingBytesMax = 67_108_864

/** What a reader asks for. */
export type ListenRequest = {
  readonly selection: ResultSelection
  /** Whether the caller may still read; asked at each heartbeat. Absent: always. */
  readonly isAllowed?: () => boolean
  /** Where to resume; absent: with the next result. */
  readonly from?: LogPosition | undefined
  /** Cuts the connection if the reader stops reading. */
  readonly cut: () => void
  /** Aborts when the caller leaves, or when opening the stream takes too long. */
  readonly signal: AbortSignal
}

export type LiveOptions = {
  readonly log: ResultLog
  readonly gateway: Pick<Config['gateway'], 'streamReadersMax'>
  /** Shares the thread with the other work of the gateway. */
  readonly queue: WorkQueue
  /** Called when reading the log fails, at most once a minute. */
  readonly onFailure: (error: unknown) => void
  readonly pace?: Partial<StreamPace>
}

/** The readers and the loop that feeds them. The caller closes it before the server. */
export class LiveResults {
  readonly #options: LiveOptions
  readonly #pace: StreamPace
  /** All readers, also those that catch up or are being closed. */
  readonly #readers = new Set<StreamReader>()
  /** Those that get what the loop reads. */
  readonly #live = new Set<StreamReader>()
  readonly #stop = new AbortController()
  readonly #catchUpReads = boundCalls(catchUpsMax)
  #reportedMs = -Infinity
  #recent: Promise<RecentResults> | undefined
  #loop: Promise<void> = Promise.resolve()

  constructor(options: LiveOptions) {
    this.#options = options
    this.#pace = { ...defaultPace, ...options.pace }
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
    const { selection, cut, signal, isAllowed = () => true } = request
    const reader: StreamReader = new StreamReader({
      selection,
      pace: this.#pace,
      isAllowed,
      cut,
      onGone: () => {
        this.#forget(reader)
      },
    })
    this.#readers.add(reader)
    try {
      return await Promise.race([this.#open(reader, request.from), this.#left(reader, signal)])
    } catch (error) {
      reader.leave()
      throw error
    }
  }

  /** Sends `ready` as soon as it is known where the stream begins. */
  async #open(
    reader: StreamReader,
    cursor: LogPosition | undefined,
  ): Promise<ReadableStream<Uint8Array>> {
    const recent = await this.#start()
    const from = cursor ?? recent.end
    if (recent.after(from) === undefined) await this.#refuseExpired(from)
    reader.push(readyEvent(from))
    void this.#catchUp(reader, from)
    return reader.stream
  }

  /** Rejects when the caller has left, or the time to open a stream is up. */
  #left(reader: StreamReader, signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      const leave = () => {
        reader.leave()
        const { reason } = signal as { reason: unknown }
        const message = 'The caller closed the connection'
        reject(reason instanceof WinnowError ? reason : new WinnowError('cancelled', message))
      }
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
    })
  }

  /** Ends all streams at once and refuses new ones. */
  close(): Promise<void> {
    this.#stop.abort()
    this.#endAll('shutdown')
    // The loop ends by itself, at the latest with the query that it waits for.
    return Promise.resolve()
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
    const [end, missed] = await this.#catchUpReads(() =>
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
        const missed = kept === undefined ? await this.#missed(reader, recent, at) : undefined
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
  async #missed(reader: StreamReader, recent: RecentResults, at: LogPosition): Promise<Streamed> {
    const end = recent.end
    if (comparePositions(at, end) > 0) {
      // Another gateway has sent what this one has not read yet.
      await pause(this.#pace.pollMs, this.#stop.signal)
      return nothing(at)
    }
    const page = await this.#catchUpReads(async () =>
      reader.isOpen ? this.#read(at) : nothing(at),
    )
    // A page that is not cut has all that was visible, so also what was read here before.
    const isBehind = !page.isCut && comparePositions(page.position, end) < 0
    return isBehind ? { ...page, position: end } : page
  }

  /** Reads the log while somebody listens. */
  async #follow(recent: RecentResults, own: Promise<RecentResults>): Promise<void> {
    let failedSinceMs: number | undefined
    let quietSinceMs = performance.now()
    const forgetting = new Forgetting(this.#options.log, this.#pace.forgetMs)
    const { pollMs, heartbeatMs, failedMsMax } = this.#pace
    let pauseMs = pollMs
    const beats = setInterval(() => this.#beat(recent.end), heartbeatMs)
    while (this.#recent === own && !this.#stop.signal.aborted) {
      try {
        const before = recent.end
        const { results, position, isCut } = await this.#read(before)
        failedSinceMs = undefined
        pauseMs = isCut ? 0 : pollMs
        recent.add(results, position)
        if (await forgetting.isNew()) recent.clear()
        await this.#deliver(results, before)
        if (results.length > 0) quietSinceMs = performance.now()
        else if (performance.now() - quietSinceMs > heartbeatMs) {
          quietSinceMs = performance.now()
          await this.#endIfNewTable(recent.end)
        }
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

  /** A table that was created again numbers its blocks from the start. */
  async #endIfNewTable(at: LogPosition): Promise<void> {
    const end = await this.#options.log.end()
    if (end.block < at.block) this.#endAll('unavailable')
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
    const deliveries = await mapInTurns(this.#options.queue, bySelection, (readers) => ({
      readers,
      batches: batchesOf(results, readers[0]!.selection),
    }))
    let passed = 0
    for (const { readers, batches } of deliveries) {
      for (const reader of readers) {
        const tooMany = batches.findIndex(({ events }) => !reader.push(events))
        if (tooMany >= 0 && this.#live.delete(reader)) {
          // It is behind: it goes on by itself, no faster than it reads.
          void this.#catchUp(reader, batches[tooMany - 1]?.position ?? before)
        }
        passed += batches.length
        if (passed >= writesPerTurn) {
          passed = 0
          await setImmediate()
        }
      }
    }
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
    for (const reader of [...this.#readers]) {
      reader.checkAllowed()
      // The cursor of a reader that is behind must not pass what it has not got.
      if (reader.waitingBytes === 0) reader.push(this.#live.has(reader) ? beat : emptyHeartbeat)
    }
  }

  #report(error: unknown): void {
    if (this.#stop.signal.aborted) return
    const nowMs = performance.now()
    if (nowMs - this.#reportedMs < reportMs) return
    this.#reportedMs = nowMs
    this.#options.onFailure(error)
  }
}

/** Asks now and then whether events were forgotten since it was asked last. */
class Forgetting {
  readonly #log: ResultLog
  readonly #everyMs: number
  #askedMs = -Infinity
  #mark: number | undefined

  constructor(log: ResultLog, everyMs: number) {
    this.#log = log
    this.#everyMs = everyMs
  }

  async isNew(): Promise<boolean> {
    if (performance.now() - this.#askedMs < this.#everyMs) return false
    this.#askedMs = performance.now()
    const before = this.#mark
    this.#mark = await this.#log.forgottenMark()
    return before !== undefined && before !== this.#mark
  }
}

/** Results as they are sent, with the place after them. */
type Streamed = {
  readonly results: readonly StreamedResult[]
  readonly position: LogPosition
  readonly isCut: boolean
}

/** Events that readers share as one piece of bytes, with the place after them. */
type Batch = { readonly events: Uint8Array; readonly position: LogPosition }

/** Pieces that are small compared with what may wait for a reader, unless one result is larger. */
function batchesOf(results: readonly StreamedResult[], selection: ResultSelection): Batch[] {
  const selected = results.filter(selects(selection))
  const events = selected.map(eventFor(selection.isMasked === true))
  const batches: Batch[] = []
  let from = 0
  let bytes = 0
  for (const [at, event] of events.entries()) {
    bytes += event.length
    if (bytes < batchBytes && at + 1 < events.length) continue
    const { position } = selected[at]!
    batches.push({ events: Buffer.concat(events.slice(from, at + 1)), position })
    from = at + 1
    bytes = 0
  }
  return batches
}

function nothing(position: LogPosition): Streamed {
  return { results: [], position, isCut: false }
}

/** Resolves after a time, or at once when the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined)
}
