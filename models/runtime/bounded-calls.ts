// Runs a bounded number of calls at once; the others wait in the order in which they came.

/** Runs a call when it is its turn. */
export type BoundedCalls = <T>(call: () => Promise<T>) => Promise<T>

/**
 * Makes the bound. When calls have to wait, `onWait` is called with how many wait already, and may
 * throw to refuse one more.
 */
export function boundCalls(
  atOnceMax: number,
  onWait: (waiting: number) => void = () => undefined,
): BoundedCalls {
  const waiting: (() => void)[] = []
  let running = 0
  return async (call) => {
    if (running >= atOnceMax) {
      onWait(waiting.length)
      // A call that ends hands its place to the next one, so the count stays the same.
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running += 1
    try {
      return await call()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}
