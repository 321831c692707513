// A failure that happens at any time, as a promise that everything else can be raced with.

/** A promise that rejects once `fail` is called, and never resolves. */
export function failureSignal(): {
  readonly failed: Promise<never>
  readonly fail: (error: Error) => void
} {
  let fail: (error: Error) => void = () => undefined
  const failed = new Promise<never>((_resolve, reject) => (fail = reject))
  // It may fail before anything waits for it; without this, Node would end the process.
  failed.catch(() => undefined)
  return { failed, fail }
}
