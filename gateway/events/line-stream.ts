// POST /v1/events as a stream: NDJSON of any length, answered with one line of result per line.
// Each piece of lines is checked and published before the next one is read. It owns how such a
// request ends; line-pieces.ts cuts the body.
import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import type { Config } from '../../configs/schema.ts'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError, operationErrors } from '../../schemas/errors.ts'
import { decodedBody } from '../bodies/content-coding.ts'
import { readBody } from '../bodies/event-body.ts'
import { LinePieces, type Line } from '../bodies/line-pieces.ts'
import { bodyStream } from '../http/body-stream.ts'
import type { EventPublisher, PublishedEvent } from '../http/dependencies.ts'
import { isOwnRefusal, statusByCode, type ItemDefect } from '../http/problem.ts'
import { markArrivingInPieces } from '../http/connections.ts'
import { incomingOf, type GatewayEnv } from '../http/request-context.ts'
import { checkEvent } from './event-check.ts'
import { repeatableId, timeOrderedId } from './event-ids.ts'
import type { RequestKey } from './event-reading.ts'
import { itemLimits } from './item-checks.ts'

/** Most bytes of results that wait for the caller; about 60,000 lines. */
export const unreadBytesMax = 4_194_304
/** Most lines and bytes that are checked and published together. */
const pieceLimits = { linesMax: 1_000, pieceBytesMax: 524_288 }
/** A stream that has sent nothing for this long gives way to a new one. */
const idleMsMin = 1_000

/** What streams of lines need. */
export type LineStreamOptions = {
  readonly config: Pick<Config, 'gateway' | 'limits'>
  readonly publisher: EventPublisher
  /** Epoch milliseconds. */
  readonly clock: () => number
}

/** Whether a request wants a result per line. */
export function wantsLines(accept: string | undefined): boolean {
  return /(?:^|,)\s*application\/x-ndjson\s*(?:;|,|$)/i.test(accept ?? '')
}

/** The streams that are open. All of a gateway share one. */
export class LineStreams {
  readonly #options: LineStreamOptions
  readonly #open = new Set<OpenStream>()

  constructor(options: LineStreamOptions) {
    this.#options = options
  }

  /**
   * Answers a request with a stream of results. Throws `queue_full` if too many streams are open
   * and none of them is idle, and `media_type_unsupported` for an unknown coding.
   */
  answer(c: Context<GatewayEnv, string>, key: string | undefined): Response {
    const { gateway } = this.#options.config
    const source = decodedBody(bodyStream(c), {
      contentEncoding: c.req.header('content-encoding'),
      bytesMax: Infinity,
    })
    this.#makeRoom()
    markArrivingInPieces(incomingOf(c))
    const stream: OpenStream = { waitsSinceMs: undefined, stop: new AbortController() }
    this.#open.add(stream)
    const lines = new PublishedLines({
      ...this.#options,
      pieces: new LinePieces(source, { ...pieceLimits, lineBytesMax: gateway.bodyBytesMax }),
      steps: (steps) => c.get('work').steps(steps),
      traceparent: c.get('traceparent'),
      identity: key === undefined ? undefined : { caller: c.get('caller'), key },
    })
    const left = () => {
      stream.stop.abort(new WinnowError('cancelled', 'The caller closed the connection'))
    }
    const caller = c.req.raw.signal
    caller.addEventListener('abort', left, { once: true })
    const close = () => {
      this.#open.delete(stream)
      caller.removeEventListener('abort', left)
    }
    const body = resultStream({ lines, stream, source, close, msMax: gateway.requestMsMax, left })
    return c.body(body, 200, { 'Content-Type': 'application/x-ndjson' })
  }

  #makeRoom(): void {
    const streamsMax = this.#options.config.gateway.lineStreamsMax
    if (this.#open.size < streamsMax) return
    const oldest = [...this.#open]
      .filter(({ waitsSinceMs }) => waitsSinceMs !== undefined)
      .toSorted((a, b) => a.waitsSinceMs! - b.waitsSinceMs!)[0]
    const message = `Already ${streamsMax} requests stream events (gateway.lineStreamsMax)`
    if (oldest === undefined || performance.now() - oldest.waitsSinceMs! < idleMsMin) {
      throw new WinnowError('queue_full', `${message}; try again later`)
    }
    this.#open.delete(oldest)
    oldest.stop.abort(new WinnowError('queue_full', `${message}, and this one was idle`))
  }
}

type OpenStream = {
  /** Since when it waits for lines; undefined while it does not. */
  waitsSinceMs: number | undefined
  readonly stop: AbortController
}

/**
 * The results as bytes. A piece is read when fewer than `unreadBytesMax` bytes of results wait for
 * the caller. Each piece, and each wait for the caller, may take `msMax`.
 */
function resultStream(options: {
  readonly lines: PublishedLines
  readonly stream: OpenStream
  readonly source: { readonly stream: NodeJS.ReadableStream & { destroyed: boolean } }
  readonly close: () => void
  readonly left: () => void
  readonly msMax: number
}): ReadableStream<Uint8Array> {
  const { lines, stream, source, close, msMax } = options
  const encoder = new TextEncoder()
  let timer: NodeJS.Timeout | undefined
  let isEnding = false
  const stopAfter = (message: string) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      stream.stop.abort(new WinnowError('deadline_exceeded', message))
    }, msMax)
  }
  const end = async (controller: ReadableStreamDefaultController, reason?: unknown) => {
    if (isEnding) return
    isEnding = true
    clearTimeout(timer)
    close()
    if (reason !== undefined) {
      controller.enqueue(encoder.encode(lines.lastLine(reason)))
      // A caller who reads nothing before it has sent everything gets the results then.
      await discarded(source.stream, msMax)
    }
    controller.close()
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        stream.stop.signal.addEventListener('abort', () => {
          void end(controller, stream.stop.signal.reason).catch(() => undefined)
        })
      },
      async pull(controller) {
        stopAfter(`No complete line, or no place for it, within ${msMax} ms (gateway.requestMsMax)`)
        stream.waitsSinceMs = performance.now()
        try {
          const read = await lines.read(stream.stop.signal)
          stream.waitsSinceMs = undefined
          const results = await lines.publish(read, stream.stop.signal)
          if (isEnding) return
          if (results === '') {
            await end(controller)
            return
          }
          controller.enqueue(encoder.encode(results))
          stopAfter(`The results were not read within ${msMax} ms (gateway.requestMsMax)`)
        } catch (error) {
          await end(controller, error)
        }
      },
      cancel() {
        isEnding = true
        clearTimeout(timer)
        close()
        options.left()
      },
    },
    { highWaterMark: unreadBytesMax, size: (chunk) => chunk.byteLength },
  )
}

/** Reads and drops what is left of a body, for at most `msMax`. */
function discarded(source: NodeJS.ReadableStream & { destroyed: boolean }, msMax: number) {
  return new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, msMax)
    const ended = () => {
      clearTimeout(timer)
      resolve()
    }
    source.once('end', ended).once('close', ended).once('error', ended)
    source.resume()
    if (source.destroyed || !source.readable) ended()
  })
}

type LinesOptions = LineStreamOptions & {
  readonly pieces: LinePieces
  readonly steps: <T>(steps: Work<T>) => Promise<T>
  readonly traceparent: string | undefined
  readonly identity: RequestKey | undefined
}

/** Checks and publishes the lines of one request, and writes their results. */
class PublishedLines {
  readonly #options: LinesOptions
  #answered = 0

  constructor(options: LinesOptions) {
    this.#options = options
  }

  read(signal: AbortSignal): Promise<Line[]> {
    return this.#options.pieces.next(signal)
  }

  /** The results of a piece, one a line; empty for the end of the body. */
  async publish(lines: readonly Line[], signal: AbortSignal): Promise<string> {
    const { publisher, traceparent, steps } = this.#options
    const checked = await steps(this.#check(lines))
    const events = checked.flatMap(({ event }) => (event === undefined ? [] : [event]))
    if (events.length > 0) {
      await untilAborted(publisher.publish(events, { ...(traceparent && { traceparent }) }), signal)
    }
    this.#answered += lines.length
    return checked.map(({ result }) => `${JSON.stringify(result)}\n`).join('')
  }

  /** The line that says why a request ends before its body does. */
  lastLine(reason: unknown): string {
    const error = reason instanceof WinnowError ? reason : new WinnowError('internal', '')
    const isOwn = statusByCode[error.code] < 500 || isOwnRefusal(error)
    const message = isOwn ? error.message : operationErrors[error.code].meaning
    return `${JSON.stringify({ error: { code: error.code, message }, lines: this.#answered })}\n`
  }

  *#check(lines: readonly Line[]): Work<{ event?: PublishedEvent; result: object }[]> {
    const checked: { event?: PublishedEvent; result: object }[] = []
    for (const [at, line] of lines.entries()) {
      yield
      const index = this.#answered + at
      const read = yield* this.#event(line, index)
      checked.push(
        'defect' in read
          ? { result: { index, error: read.defect } }
          : { event: read.event, result: { index, id: read.event.id } },
      )
    }
    return checked
  }

  *#event(
    line: Line,
    index: number,
  ): Work<{ readonly event: PublishedEvent } | { readonly defect: ItemDefect }> {
    const { config, clock, identity } = this.#options
    if (line === undefined) {
      const message = `the line is longer than ${config.gateway.bodyBytesMax} bytes (gateway.bodyBytesMax)`
      return { defect: { code: 'field_too_long', message } }
    }
    const read = yield* readBody(line, itemLimits(config).entriesMax)
    if (read.kind === 'unreadable') return { defect: read.error }
    const nowMs = clock()
    const checked = checkEvent(read.value, { limits: config.limits, nowMs })
    if (checked.kind === 'rejected') return { defect: checked.defects[0]! }
    const id = checked.event.id ?? newId(line, { index, nowMs, identity })
    return { event: { ...checked.event, id } }
  }
}

/** With an Idempotency-Key, the same line in the same place gets the same id again. */
function newId(
  line: Buffer,
  options: { index: number; nowMs: number; identity: RequestKey | undefined },
): string {
  const { identity, index, nowMs } = options
  if (identity === undefined) return timeOrderedId(nowMs)
  const bodySha256 = createHash('sha256').update(line).digest('hex')
  return repeatableId({ ...identity, bodySha256 }, index)
}

/** Rejects with the reason of the signal if that comes first. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(signal.reason as Error)
    }
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work
      .finally(() => {
        signal.removeEventListener('abort', onAbort)
      })
      .then(resolve, reject)
  })
}
