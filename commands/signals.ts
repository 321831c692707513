// Ctrl-C and SIGTERM for commands: the first signal asks to finish cleanly, a second one ends the
// process at once.
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import { writeError } from './terminal.ts'

/** Runs `work` with a signal that aborts on the first SIGINT or SIGTERM. */
export async function untilStopped<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  const onSignal = (name: NodeJS.Signals) => {
    if (stopping.signal.aborted) process.exit(name === 'SIGINT' ? 130 : 143)
    stopping.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    return await work(stopping.signal)
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

/**
 * After a failure: ends the process with its cause and status 1 if it is still alive after `msMax`,
 * so that a client that does not close cannot keep it hanging.
 */
export function endWithin(msMax: number, cause: unknown): void {
  const end = () => {
    const code = cause instanceof WinnowError ? cause.code : 'internal'
    writeError(
      `winnow: ${errorMessage(cause)} [${code}]; the process did not end by itself ` +
        `within ${msMax / 1_000} s`,
    )
    process.exit(1)
  }
  setTimeout(end, msMax).unref()
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
