// Follows GET /v1/stream without gaps: after a lost connection it connects again from the last
// result that was handed out.
import { streamEvents } from './event-stream.ts'
import { gatewayError, GatewayError } from './gateway-error.ts'
import { backoffMs, pause } from './retry.ts'

/** What a stream of results says. */
export type LiveMessage<Result> =
  /** The stream is connected, for the first time or again. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly id: string | undefined; readonly result: Result }
  /** The connection is lost or was ended by the gateway; the next try follows after `waitMs`. */
  | { readonly kind: 'lost'; readonly reason: string; readonly waitMs: number }

/** Where and how to connect. */
export type LiveOptions = {
  /** Opens the stream from a cursor, or from now. */
  readonly open: (lastEventId: string | undefined, signal: AbortSignal) => Promise<Response>
  readonly signal: AbortSignal
  readonly lastEventId?: string
  /** The longest wait between two tries, in milliseconds. */
  readonly waitMsMax: number
}

/**
 * The messages of a stream, until the signal aborts. Throws `GatewayError` for a refusal that no
 * repetition can change, such as a missing scope.
 */
export async function* liveResults<Result>(
  options: LiveOptions,
): AsyncGenerator<LiveMessage<Result>, void> {
  const { signal, waitMsMax } = options
  let { lastEventId } = options
  let failed = 0
  const isOver = (): boolean => signal.aborted
  while (!isOver()) {
    let reason = 'the connection was lost'
    let askedMs: number | undefined
    try {
      const response = await options.open(lastEventId, signal)
      if (!response.ok || response.body === null) throw await gatewayError(response)
      for await (const { event, data, id } of streamEvents(response.body)) {
        lastEventId = id ?? lastEventId
        if (event === 'ready') yield { kind: 'ready' }
        else if (event === 'result') {
          yield { kind: 'result', id, result: JSON.parse(data) as Result }
        } else if (event === 'closed') reason = closeReason(data)
        failed = 0
      }
    } catch (error) {
      if (isOver()) return
      if (error instanceof GatewayError) {
        if (!isPassing(error.status)) throw error
        reason = error.message
        askedMs = error.retryAfterMs
      }
    }
    if (isOver()) return
    failed += 1
    const waitMs = Math.min(waitMsMax, askedMs ?? backoffMs(failed, waitMsMax))
    yield { kind: 'lost', reason, waitMs }
    await pause(waitMs, signal).catch(() => undefined)
  }
}

/** Whether the same request may succeed later. */
function isPassing(status: number): boolean {
  return status === 429 || status >= 500
}

function closeReason(data: string): string {
  try {
    const { reason } = JSON.parse(data) as { reason?: unknown }
    return typeof reason === 'string' ? reason : 'the gateway ended the stream'
  } catch {
    return 'the gateway ended the stream'
  }
}
