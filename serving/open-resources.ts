// What a command has opened, closed the latest first: also when opening the next thing fails, since
// one connection or thread that is left would keep the process alive.

/** The clients, threads and listeners that a command has opened. */
export class OpenResources {
  #closers: (() => Promise<unknown>)[] = []

  /** Remembers how to close something and returns it. */
  add<T>(one: T, close: (one: T) => Promise<unknown>): T {
    this.#closers.push(() => close(one))
    return one
  }

  /** Closes everything, the latest first, then throws the first failure. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const close of this.#closers.splice(0).reverse()) {
      await close().catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw failures[0]
  }
}

/** Runs `open`. If it fails, what it has added is closed, and its own error is thrown. */
export async function openAll<T>(open: (resources: OpenResources) => Promise<T>): Promise<T> {
  const resources = new OpenResources()
  try {
    return await open(resources)
  } catch (error) {
    // The first failure is what matters; a client that cannot close either adds nothing.
    await resources.close().catch(() => undefined)
    throw error
  }
}

/**
 * Runs `work`, then `close`, even after a failure. An error of `work` takes precedence over one of
 * `close`.
 */
export async function closing<T>(work: () => Promise<T>, close: () => Promise<void>): Promise<T> {
  let result: T
  try {
    result = await work()
  } catch (error) {
    await close().catch(() => undefined)
    throw error
  }
  await close()
  return result
}
