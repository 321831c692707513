// Retries after operating failures, with growing pauses, until the call succeeds or the caller
// stops.
import { WinnowError } from '../../schemas/errors.ts'

export type RetryOptions = {
  /** Longest pause between two tries, milliseconds. */
  pauseMsMax: number
  signal: AbortSignal
  onRetry(error: WinnowError): void
}

const pauseMsFirst = 100

/**
 * Calls until the call succeeds. Failures that are not retryable and bugs are thrown at once; the
 * last failure is thrown when the signal aborts.
 */
export async function retry<T>(call: () => Promise<T>, options: RetryOptions): Promise<T> {
  let pauseMs = Math.min(pauseMsFirst, options.pauseMsMax)
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof WinnowError) || !error.retryable || options.signal.aborted) throw error
      options.onRetry(error)
      await pause(pauseMs, options.signal)
      pauseMs = Math.min(pauseMs * 2, options.pauseMsMax)
    }
  }
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve()
      return
    }
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
