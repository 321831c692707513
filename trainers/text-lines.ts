// Reads bytes as numbered lines of UTF-8: gzip or plain, in constant memory, with an error that
// names the line. It does not know what a line means; see dataset.ts and classify-file.ts.
import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { WinnowError, errorMessage } from '../schemas/errors.ts'

/** A longer line is refused: it is no text for a classifier, more likely a file without newlines. */
export const lineBytesMax = 32 * 1024 * 1024

const blockCharacters = 1 << 16

/** One line without its end; `number` counts from 1 and includes blank lines. */
export type TextLine = { readonly number: number; readonly text: string }

/** Bytes with a name for error messages. */
export type ByteSource = { readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }

/** A file as bytes; it is opened when reading starts. */
export function fileSource(path: string): ByteSource {
  // A stream opened now could fail before anybody listens.
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    const stream = createReadStream(path, { highWaterMark: 1 << 18 })
    for await (const chunk of stream) yield chunk as Buffer
  }
  return { name: path, bytes: bytes() }
}

/**
 * The lines of a source that are not blank, in order. Gzip is recognised by its first two bytes
 * (RFC 1952), a byte order mark is dropped, `\r\n` ends a line as `\n` does.
 *
 * @throws WinnowError `dataset_invalid` for a file that cannot be opened, broken gzip, invalid
 * UTF-8, a line over `lineBytesMax`; `cancelled` when the signal fires.
 */
export async function* readTextLines(
  source: ByteSource,
  options: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<TextLine, void, undefined> {
  let number = 0
  for await (const bytes of rawLines(source, () => number + 1)) {
    number++
    if (options.signal?.aborted === true) {
      throw new WinnowError('cancelled', `Reading ${source.name} was cancelled.`)
    }
    const text = decodeLine(bytes, { source, number })
    if (text.trim() !== '') yield { number, text }
  }
}

/** A `dataset_invalid` error whose message begins with the place. */
export function lineError(
  place: { source: ByteSource; number: number },
  problem: string,
): WinnowError {
  return new WinnowError('dataset_invalid', `${place.source.name}:${place.number}: ${problem}`, {
    details: { file: place.source.name, line: place.number },
  })
}

/**
 * The text of a source in blocks that end at line ends, checked to be UTF-8 line by line.
 *
 * @throws WinnowError as `readTextLines` does.
 */
export async function* readTextBlocks(
  source: ByteSource,
  options: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<string, void, undefined> {
  let block: string[] = []
  let size = 0
  let number = 0
  for await (const bytes of rawLines(source, () => number + 1)) {
    number++
    if (options.signal?.aborted === true) {
      throw new WinnowError('cancelled', `Reading ${source.name} was cancelled.`)
    }
    const text = decodeLine(bytes, { source, number })
    block.push(text, '\n')
    size += text.length
    if (size < blockCharacters) continue
    yield block.join('')
    block = []
    size = 0
  }
  if (block.length > 0) yield block.join('')
}

function decodeLine(bytes: Buffer, place: { source: ByteSource; number: number }): string {
  if (place.number === 1 && startsAsUtf16(bytes)) {
    throw lineError(place, 'the file is UTF-16; save it as UTF-8')
  }
  if (!isUtf8(bytes)) {
    throw lineError(place, 'the line is not valid UTF-8; is the file in another encoding?')
  }
  const text = bytes.toString('utf8')
  return place.number === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text
}

/** The byte order marks of UTF-16 (Unicode 16, 23.8). */
function startsAsUtf16([first, second]: Buffer): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
}

async function* rawLines(source: ByteSource, lineNumber: () => number): AsyncGenerator<Buffer> {
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  for await (const chunk of plainBytes(source)) {
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
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
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === 13 ? line.subarray(0, -1) : line
}

async function* plainBytes(source: ByteSource): AsyncGenerator<Uint8Array> {
  const chunks = source.bytes[Symbol.asyncIterator]()
  try {
    const head: Uint8Array[] = []
    let headBytes = 0
    while (headBytes < 2) {
      const next = await chunks.next()
      if (next.done === true) break
      head.push(next.value)
      headBytes += next.value.length
    }
    const first = Buffer.concat(head)
    const whole = rejoin(first, chunks)
    if (first[0] !== 0x1f || first[1] !== 0x8b) yield* whole
    else yield* gunzip(whole)
  } catch (cause) {
    throw fileError(source.name, cause)
  } finally {
    await chunks.return?.()
  }
}

async function* rejoin(
  first: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield first
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

async function* gunzip(bytes: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = Readable.from(bytes)
  const output = createGunzip({ chunkSize: 1 << 18 })
  input.on('error', (error) => output.destroy(error))
  input.pipe(output)
  try {
    for await (const chunk of output) yield chunk as Uint8Array
  } finally {
    input.destroy()
    output.destroy()
  }
}

/** Why a file cannot be read, as a `dataset_invalid` error; one of Winnow's own stays as it is. */
export function fileError(name: string, cause: unknown): WinnowError {
  if (cause instanceof WinnowError) return cause
  return new WinnowError('dataset_invalid', `${name}: ${reasonOf(cause)}`, { cause })
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EISDIR') return 'this is a folder; a file is needed'
  if (typeof code === 'string' && code.startsWith('Z_'))
    return 'the gzip data is damaged or cut off'
  return `the file cannot be read (${errorMessage(cause)})`
}
