// Reads bytes as numbered lines of UTF-8 in constant memory; errors name the line. jsonl-rows.ts,
// csv-rows.ts and plain-text-rows.ts interpret the lines.
import { isUtf8 } from 'node:buffer'
import { WinnowError } from '../../schemas/errors.ts'
import { requireText } from './file-format.ts'
import { openPlainBytes, type ByteSource } from './plain-bytes.ts'

/** The longest line. A longer one is probably a file without line ends, not a text. */
export const lineBytesMax = 32 * 1024 * 1024

const blockCharacters = 1 << 16
const newline = 10
const carriageReturn = 13

/** One line without its line end; `number` counts from 1 and includes blank lines. */
export type TextLine = { readonly number: number; readonly text: string }

/**
 * Yields the non-blank lines of a source, in order. It decompresses gzip and drops a byte order
 * mark. `\n` and `\r\n` end a line; in a file without `\n` in its beginning, `\r` does.
 *
 * @throws WinnowError `dataset_invalid` if the file cannot be opened or is not text, for damaged
 * gzip, invalid UTF-8 or a line over `lineBytesMax`; `cancelled` when the signal fires.
 */
export async function* readTextLines(
  source: ByteSource,
  options: LineOptions,
): AsyncGenerator<TextLine, void, undefined> {
  let number = 0
  for await (const bytes of rawLines(source, () => number + 1)) {
    number++
    throwIfCancelled(source, options.signal)
    const text = tolerated(options, () => decodeText(bytes, { source, number }))
    if (text !== undefined && text.trim() !== '') yield { number, text }
  }
}

/** The options of readers of lines. */
export type LineOptions = {
  readonly signal?: AbortSignal | undefined
  /** Called for a row that is wrong by itself, which is then left out. Default: it throws. */
  readonly onWrongRow?: ((error: WinnowError) => void) | undefined
}

/** What `read` returns; undefined for a wrong row that the caller wants to hear of. */
export function tolerated<T>(
  { onWrongRow }: Pick<LineOptions, 'onWrongRow'>,
  read: () => T,
): T | undefined {
  if (onWrongRow === undefined) return read()
  try {
    return read()
  } catch (error) {
    if (!(error instanceof WinnowError) || error.code !== 'dataset_invalid') throw error
    onWrongRow(error)
    return undefined
  }
}

/** A `dataset_invalid` error whose message begins with the place. */
export function lineError(
  place: { source: Pick<ByteSource, 'name'>; number: number },
  problem: string,
): WinnowError {
  return new WinnowError('dataset_invalid', `${place.source.name}:${place.number}: ${problem}`, {
    details: { file: place.source.name, line: place.number },
  })
}

/**
 * Yields the text of a source in blocks that end at line ends; each line is checked to be UTF-8.
 *
 * @throws WinnowError the errors of `readTextLines`.
 */
export async function* readTextBlocks(
  source: ByteSource,
  options: LineOptions,
): AsyncGenerator<string, void, undefined> {
  let block: string[] = []
  let size = 0
  let number = 0
  for await (const bytes of rawLines(source, () => number + 1)) {
    number++
    throwIfCancelled(source, options.signal)
    // A wrong line may be within a quoted field, so its place stays.
    const text = tolerated(options, () => decodeText(bytes, { source, number })) ?? ''
    block.push(text, '\n')
    size += text.length
    if (size < blockCharacters) continue
    yield block.join('')
    block = []
    size = 0
  }
  if (block.length > 0) yield block.join('')
}

/** Throws WinnowError `cancelled` if the signal has fired. */
export function throwIfCancelled(source: ByteSource, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    throw new WinnowError('cancelled', `Reading ${source.name} was cancelled.`)
  }
}

/**
 * Decodes UTF-8 without the byte order mark of line 1; throws `dataset_invalid` if it is invalid.
 */
export function decodeText(bytes: Buffer, place: { source: ByteSource; number: number }): string {
  if (!isUtf8(bytes)) {
    throw lineError(
      place,
      'the line is not valid UTF-8; name the encoding of the file, such as ' +
        '--encoding windows-1252 when it comes from Windows',
    )
  }
  if (bytes.includes(0)) throw lineError(place, 'the line holds a NUL byte; is this a binary file?')
  const text = bytes.toString('utf8')
  return place.number === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text
}

async function* rawLines(source: ByteSource, lineNumber: () => number): AsyncGenerator<Buffer> {
  const { head, source: plain, close } = await openPlainBytes(source)
  try {
    requireText(source.name, head)
    const lineEnd =
      head.includes(carriageReturn) && !head.includes(newline) ? carriageReturn : newline
    let pending: Uint8Array[] = []
    let pendingBytes = 0
    for await (const chunk of plain.bytes) {
      let start = 0
      for (let end = chunk.indexOf(lineEnd); end !== -1; end = chunk.indexOf(lineEnd, start)) {
        pending.push(chunk.subarray(start, end))
        yield withoutReturn(Buffer.concat(pending))
        pending = []
        pendingBytes = 0
        start = end + 1
      }
      pending.push(chunk.subarray(start))
      pendingBytes += chunk.length - start
      if (pendingBytes > lineBytesMax) {
        const problem = `the line is longer than ${lineBytesMax / 1024 / 1024} MiB`
        throw lineError({ source, number: lineNumber() }, problem)
      }
    }
    if (pendingBytes > 0) yield withoutReturn(Buffer.concat(pending))
  } finally {
    await close()
  }
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line
}
