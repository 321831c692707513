// Repeats a request that the gateway could not take now: 429 and 503 after the time that
// Retry-After names, and a lost connection. Only requests that may run twice are repeated.
import { GatewayUnreachable, retryAfterMs } from './gateway-error.ts'

/** How often a request is repeated, and how long it may wait. */
export type RetryOptions = {
  /** Repetitions after the first try; 3 by default. */
  readonly retriesMax: number
  /** The longest wait before a repetition, in milliseconds; 10 seconds by default. */
  readonly waitMsMax: number
}

/** POST routes that change nothing, or that change the same thing twice. */
const repeatable: ReadonlySet<string> = new Set([
  '/v1/classify',
  '/v1/explain',
  '/v1/labels',
  '/v1/tokenize',
])
const firstWaitMs = 250

/**
 * A fetch that repeats. Throws `GatewayUnreachable` if no try was answered, and the reason of the
 * signal if the request was aborted.
 */
export function retryingFetch(
  fetch: (request: Request) => Promise<Response>,
  { retriesMax, waitMsMax }: RetryOptions,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const triesMax = mayRepeat(request) ? retriesMax + 1 : 1
    for (let tried = 1; ; tried++) {
      // A body can be read once, so each try but the last gets a copy.
      const own = tried < triesMax ? request.clone() : request
      const outcome = await fetch(own).catch((error: unknown) => {
        request.signal.throwIfAborted()
        return new GatewayUnreachable(request.url, error)
      })
      if (outcome instanceof GatewayUnreachable) {
        if (tried >= triesMax) throw outcome
        await pause(backoffMs(tried, waitMsMax), request.signal)
        continue
      }
      const isBusy = outcome.status === 429 || outcome.status === 503
      const waitMs = retryAfterMs(outcome.headers) ?? backoffMs(tried, waitMsMax)
      if (!isBusy || tried >= triesMax || waitMs > waitMsMax) return outcome
      await outcome.body?.cancel()
      await pause(waitMs, request.signal)
    }
  }
}

function mayRepeat(request: Request): boolean {
  if (request.method === 'GET' || request.method === 'HEAD') return true
  return (
    request.headers.has('idempotency-key') ||
    [...repeatable].some((path) => new URL(request.url).pathname.endsWith(path))
  )
}

/** Doubles with each try; half of it is random, so that many clients do not return together. */
export function backoffMs(tried: number, waitMsMax: number): number {
  const wait = Math.min(waitMsMax, firstWaitMs * 2 ** (tried - 1))
  return wait / 2 + (Math.random() * wait) / 2
}

/** Waits; rejects with the reason of the signal if it aborts meanwhile. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
