// A client of server-sent events for tests: reads /v1/stream as browsers do (WHATWG HTML, 9.2.6).

/** One event that was dispatched. */
export type SentEvent = { readonly event: string; readonly id: string; readonly text: string }

/** An open stream; the caller closes it. */
export type EventStream = {
  readonly status: number
  readonly headers: Headers
  /** What has arrived so far. */
  readonly events: SentEvent[]
  /** The id to resume with. */
  readonly lastEventId: () => string
  /** Resolves when the server has ended the stream, or the caller closed it. */
  readonly ended: Promise<void>
  close(): void
}

/** Opens a stream and collects its events. */
export async function openEventStream(
  url: string,
  headers: Record<string, string> = {},
): Promise<EventStream> {
  const stop = new AbortController()
  const response = await fetch(url, { headers, signal: stop.signal })
  const events: SentEvent[] = []
  let lastEventId = ''
  const collect = async () => {
    let rest = ''
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + part).split('\n\n')
      rest = blocks.pop()!
      for (const block of blocks) {
        const fields = block.split('\n').map((line) => /^(\w*): ?(.*)$/.exec(line)!.slice(1))
        const field = (name: string) => fields.findLast(([key]) => key === name)?.[1]
        lastEventId = field('id') ?? lastEventId
        const text = field('data')
        if (text !== undefined) {
          events.push({ event: field('event') ?? 'message', id: lastEventId, text })
        }
      }
    }
  }
  return {
    status: response.status,
    headers: response.headers,
    events,
    lastEventId: () => lastEventId,
    ended: collect().catch(() => undefined),
    close: () => {
      stop.abort()
    },
  }
}

/** The results that a stream has sent, parsed. */
export function resultsOf({ events }: EventStream): Record<string, unknown>[] {
  return events
    .filter(({ event }) => event === 'result')
    .map(({ text }) => JSON.parse(text) as Record<string, unknown>)
}
