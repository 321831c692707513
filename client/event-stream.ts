// Reads server-sent events (HTML Living Standard, 9.2) from a body of bytes. It knows nothing of
// results or reconnections.

/** One event of a stream. */
export type StreamEvent = {
  /** `message` if the server names none. */
  readonly event: string
  readonly data: string
  /** The last id that the server gave, of this event or an earlier one. */
  readonly id: string | undefined
}

/** A line longer than this is no event of the gateway. */
const bufferCharactersMax = 8 * 1_024 * 1_024

/** The events of a body, as they arrive; comments are left out. */
export async function* streamEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<StreamEvent, void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const parser = new EventParser()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield* parser.push(decoder.decode(value, { stream: true }))
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** Turns pieces of text into events. An event that is not finished by a blank line is dropped. */
export class EventParser {
  #rest = ''
  #event = ''
  #lines: string[] = []
  #id: string | undefined;

  /** The events that this piece completes. */
  *push(piece: string): Generator<StreamEvent, void> {
    this.#rest += piece
    if (this.#rest.length > bufferCharactersMax) throw new Error('a line of the stream is too long')
    for (;;) {
      // A CR at the very end may be half of a CRLF.
      const end = /\r\n|\n|\r(?!$)/.exec(this.#rest)
      if (end === null) return
      const line = this.#rest.slice(0, end.index)
      this.#rest = this.#rest.slice(end.index + end[0].length)
      const event = this.#line(line)
      if (event !== undefined) yield event
    }
  }

  #line(line: string): StreamEvent | undefined {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return undefined
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.#event = value
    else if (field === 'data') this.#lines.push(value)
    else if (field === 'id' && !value.includes('\0')) this.#id = value
    return undefined
  }

  #dispatch(): StreamEvent | undefined {
    const [event, lines] = [this.#event, this.#lines]
    this.#event = ''
    this.#lines = []
    if (lines.length === 0) return undefined
    return { event: event === '' ? 'message' : event, data: lines.join('\n'), id: this.#id }
  }
}
