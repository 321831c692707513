// Reads the XML of one part as a stream of events, in constant memory. htmlparser2 parses; it
// expands no entities but those of XML and characters, so nested ones cannot grow a text.
import { Parser } from 'htmlparser2'

/** The attributes of an element. Names keep their prefix. */
export type Attributes = Readonly<Record<string, string>>

/** What is called for each element; names come without their namespace prefix. */
export type XmlHandler = {
  readonly open: (element: string, attributes: Attributes) => void
  readonly text?: ((text: string) => void) | undefined
  readonly close?: ((element: string) => void) | undefined
}

/** Calls the handler for a whole part, and yields after each chunk of bytes. */
export async function* xmlEvents(
  bytes: AsyncIterable<Uint8Array>,
  handler: XmlHandler,
): AsyncGenerator<void> {
  const decoder = new TextDecoder('utf-8')
  const parser = new Parser(
    {
      onopentag: (name, attributes) => handler.open(localName(name), attributes),
      ontext: (text) => handler.text?.(text),
      onclosetag: (name) => handler.close?.(localName(name)),
    },
    { xmlMode: true, decodeEntities: true },
  )
  for await (const chunk of bytes) {
    parser.write(decoder.decode(chunk, { stream: true }))
    yield
  }
  parser.write(decoder.decode())
  parser.end()
  yield
}

/** Calls the handler for a whole part. */
export async function readXml(
  bytes: AsyncIterable<Uint8Array>,
  handler: XmlHandler,
): Promise<void> {
  const events = xmlEvents(bytes, handler)
  while ((await events.next()).done !== true);
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

/** An attribute by its local name, such as `r:id`. */
export function attribute(attributes: Attributes, name: string): string | undefined {
  const own = attributes[name]
  if (own !== undefined) return own
  const [, value] = Object.entries(attributes).find(([key]) => key.endsWith(`:${name}`)) ?? []
  return value
}

/** Replaces `_x000D_` and its like by the characters that they stand for (ECMA-376, 22.9.2.19). */
export function unescapedText(text: string): string {
  if (!text.includes('_x')) return text
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}
