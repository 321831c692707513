// Splits one JSON array (RFC 8259) into the text of its items, in memory that does not depend on
// the length of the array. jsonl-rows.ts parses the items.
import { requireText } from './file-format.ts'
import { openPlainBytes, type ByteSource } from './plain-bytes.ts'
import { decodeText, lineBytesMax, lineError, throwIfCancelled } from './text-lines.ts'

/** The text of one item. `number`, and `line` on which it begins, count from 1. */
export type JsonItem = { readonly number: number; readonly line: number; readonly text: string }

/** The bytes that matter for splitting. */
const byteOf = {
  newline: 0x0a,
  quote: 0x22,
  comma: 0x2c,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const

/**
 * Yields the items of a source that is one JSON array.
 *
 * @throws WinnowError `dataset_invalid` if the source is not an array; an item is missing,
 * truncated or longer than `lineBytesMax`; text follows the array; or bytes are invalid UTF-8.
 * `cancelled` when the signal fires.
 */
export async function* jsonItems(
  source: ByteSource,
  options: { signal?: AbortSignal | undefined },
): AsyncGenerator<JsonItem, void, undefined> {
  const { head, source: plain, close } = await openPlainBytes(source)
  const splitter = new ItemSplitter(source)
  try {
    requireText(source.name, head)
    for await (const chunk of plain.bytes) {
      throwIfCancelled(source, options.signal)
      yield* splitter.push(chunk)
    }
    splitter.end()
  } finally {
    await close()
  }
}

type Phase = 'before' | 'items' | 'after'

class ItemSplitter {
  readonly #source: ByteSource
  #phase: Phase = 'before'
  #line = 1
  #items = 0
  /** The number of open brackets and braces in the item. */
  #depth = 0
  #inString = false
  #escaped = false
  /** The line on which the item begins; undefined before its first character. */
  #itemLine: number | undefined
  #parts: Uint8Array[] = []
  #bytes = 0

  constructor(source: ByteSource) {
    this.#source = source
  }

  /** Takes the next bytes and yields the items that end in them. */
  *push(chunk: Uint8Array): Generator<JsonItem> {
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (byte === byteOf.newline) this.#line++
      if (this.#phase !== 'items') {
        this.#outside(byte)
        start = at + 1
        continue
      }
      if (this.#isInside(byte)) continue
      this.#parts.push(chunk.subarray(start, at))
      start = at + 1
      const item = this.#take(byte === byteOf.closeBracket ? 'last' : 'followed')
      if (item !== undefined) yield item
      if (byte === byteOf.closeBracket) this.#phase = 'after'
    }
    if (this.#phase !== 'items') return
    this.#parts.push(chunk.subarray(start))
    this.#bytes += chunk.length - start
    if (this.#bytes > lineBytesMax) {
      throw this.#error(`item ${this.#items + 1} is longer than ${lineBytesMax / 1024 ** 2} MiB`)
    }
  }

  end(): void {
    if (this.#phase === 'items') throw this.#error('the JSON array is cut off: its ] is missing')
  }

  #outside(byte: number): void {
    // Skip white space, and a byte order mark before the array.
    if (byte <= 0x20 || (this.#phase === 'before' && byte >= 0xbb)) return
    if (this.#phase === 'before' && byte === byteOf.openBracket) this.#phase = 'items'
    else if (this.#phase === 'before')
      throw this.#error('this is not a JSON array: it must begin with [')
    else throw this.#error('something follows the JSON array; a file holds only one array')
  }

  /** Tracks strings and nesting; false for the comma or bracket that ends the item. */
  #isInside(byte: number): boolean {
    if (byte > 0x20 && byte !== byteOf.comma) this.#itemLine ??= this.#line
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (byte === byteOf.backslash) this.#escaped = true
      else if (byte === byteOf.quote) this.#inString = false
      return true
    }
    switch (byte) {
      case byteOf.quote:
        this.#inString = true
        return true
      case byteOf.openBracket:
      case byteOf.openBrace:
        this.#depth++
        return true
      case byteOf.closeBrace:
        this.#depth--
        return true
      case byteOf.closeBracket:
        if (this.#depth === 0) return false
        this.#depth--
        return true
      default:
        return byte !== byteOf.comma || this.#depth > 0
    }
  }

  /** The item that has ended; undefined in an empty array. */
  #take(end: 'last' | 'followed'): JsonItem | undefined {
    const line = this.#itemLine ?? this.#line
    const bytes = Buffer.concat(this.#parts)
    this.#parts = []
    this.#bytes = 0
    this.#itemLine = undefined
    // A byte order mark can only precede the array, so none is looked for in the item.
    const text = decodeText(bytes, { source: this.#source, number: line }).trim()
    if (text === '') {
      if (end === 'last' && this.#items === 0) return undefined
      throw this.#error('an item is missing before or after a comma of the JSON array')
    }
    this.#items++
    return { number: this.#items, line, text }
  }

  #error(problem: string): Error {
    return lineError({ source: this.#source, number: this.#line }, problem)
  }
}
