// The server-sent events of GET /v1/stream as bytes (WHATWG HTML, section 9.2). A result is written
// once for all readers with the same view of texts.
import { exactJsonText } from '../../schemas/exact-json.ts'
import { logCursor, type LogPosition } from '../../schemas/cursors/log-position.ts'
import type { LogEntry } from '../../schemas/ports/result-log.ts'
import type { StoredResult } from '../../schemas/ports/result-reader.ts'
import { maskedView, wholeView, type TextView } from '../http/text-view.ts'
import { resultOnTheWire } from '../results/result-json.ts'

/** Why the gateway ended a stream. */
export type ClosedReason = 'slow_reader' | 'shutdown' | 'unavailable' | 'unauthorized'

/** One result of the log with its event. */
export type StreamedResult = {
  readonly position: LogPosition
  readonly result: StoredResult
  readonly event: Uint8Array
  /** The same for readers with the scope `read-masked`. */
  readonly maskedEvent: Uint8Array
  /** The text in lower case, for the parameter q. */
  readonly lowerText: string
}

/** Writes the event of one result. */
export function streamedResult({ position, result }: LogEntry): StreamedResult {
  let lowerText: string | undefined
  let maskedEvent: Uint8Array | undefined
  return {
    position,
    result,
    event: eventOf(position, result, wholeView),
    get maskedEvent() {
      return (maskedEvent ??= eventOf(position, result, maskedView))
    },
    get lowerText() {
      return (lowerText ??= result.text.toLowerCase())
    },
  }
}

function eventOf(position: LogPosition, result: StoredResult, view: TextView): Uint8Array {
  const text = exactJsonText(resultOnTheWire(result, view))
  return Buffer.from(`id: ${logCursor(position)}\nevent: result\ndata: ${text}\n\n`)
}

/** The bytes that a reader gets. */
export function eventFor(isMasked: boolean): (one: StreamedResult) => Uint8Array {
  return isMasked ? ({ maskedEvent }) => maskedEvent : ({ event }) => event
}

/** The first event of a stream. Its id lets a reader resume before the first result. */
export function readyEvent(position: LogPosition): Uint8Array {
  const cursor = logCursor(position)
  const retry = 'retry: 2000'
  return Buffer.from(`${retry}\nid: ${cursor}\nevent: ready\ndata: {"cursor":"${cursor}"}\n\n`)
}

/**
 * A comment that keeps the connection open. Its id moves the reader's cursor past results that its
 * filter leaves out; an event without data is not passed to the program that reads.
 */
export function heartbeat(position: LogPosition): Uint8Array {
  return Buffer.from(`: heartbeat\nid: ${logCursor(position)}\n\n`)
}

/** Keeps a connection open without moving the cursor. */
export const emptyHeartbeat: Uint8Array = Buffer.from(': heartbeat\n\n')

/** The last event of a stream that the gateway ends. It has no id, so the cursor stays. */
export function closedEvent(reason: ClosedReason): Uint8Array {
  return Buffer.from(`event: closed\ndata: {"reason":"${reason}"}\n\n`)
}
