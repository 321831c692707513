// Maps a stream concurrently and yields the results in input order, with a bounded window between
// the two.

/**
 * Starts work on elements ahead of the one whose result is due, at most `windowMax` of them, and
 * yields results in input order. `start` resolves when the work is accepted, which is where a full
 * queue slows the reading down. The first failure ends the stream; started work is awaited before.
 */
export async function* mapInOrder<Element, Result>(
  source: AsyncIterable<Element> | Iterable<Element>,
  start: (element: Element) => Promise<{ readonly result: Promise<Result> }>,
  options: { readonly windowMax: number },
): AsyncGenerator<Result, void, undefined> {
  const window: Promise<Result>[] = []
  try {
    for await (const element of source) {
      const { result } = await start(element)
      // Awaited below in its turn; a failure until then is not unhandled.
      result.catch(() => undefined)
      window.push(result)
      if (window.length >= options.windowMax) yield await window.shift()!
    }
    while (window.length > 0) yield await window.shift()!
  } finally {
    await Promise.allSettled(window)
  }
}
