// Turns a failure that can happen at any time into a promise, to be raced with other work.

/** A promise that rejects once `fail` is called, and never resolves. */
export function failureSignal(): {
  readonly failed: Promise<never>
  readonly fail: (error: Error) => void
} {
  let fail: (error: Error) => void = () => undefined
  const failed = new Promise<never>((_resolve, reject) => (fail = reject))
  // It may reject before anything awaits it; without this, Node would end the process.
  failed.catch(() => undefined)
  return { failed, fail }
}
