// Ctrl-C and SIGTERM for commands: the first asks to finish and leave cleanly, a second leaves at once.

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

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
