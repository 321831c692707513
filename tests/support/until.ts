// Waiting on a condition with a deadline, instead of sleeping.

/**
 * Short pauses first, for conditions that soon hold; then longer ones, because most probes call a
 * busy server.
 */
const pauseMs = { first: 20, factor: 1.2, longest: 150 }

/**
 * Calls `probe` until it returns a value other than undefined and false; throws after `msMax`.
 * `what` names it in the error; as a function it can say what was seen last.
 */
export async function until<T>(
  what: string | (() => string),
  probe: () => Promise<T | undefined | false> | T | undefined | false,
  msMax = 60_000,
): Promise<T> {
  const deadlineMs = performance.now() + msMax
  for (let pause = pauseMs.first; ; pause = Math.min(pause * pauseMs.factor, pauseMs.longest)) {
    const value = await probe()
    if (value !== undefined && value !== false) return value
    if (performance.now() > deadlineMs) {
      throw new Error(`${typeof what === 'string' ? what : what()}: not within ${msMax} ms`)
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
