// Reads the bytes of a file or of standard input, decompresses gzip, and peeks at the beginning
// before the rest is read. file-format.ts interprets the beginning.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { fileProblem } from '../../configs/file-problem.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** Bytes, with a name for error messages. */
export type ByteSource = { readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }

/** The most bytes to peek at, even if no line has ended by then. */
const headBytesMax = 1 << 16

/** The bytes of a file, which is opened when reading starts. */
export function fileSource(path: string): ByteSource {
  // A stream that is opened here could fail before anyone listens.
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    const stream = createReadStream(path, { highWaterMark: 1 << 18 })
    for await (const chunk of stream) yield chunk as Buffer
  }
  return { name: path, bytes: bytes() }
}

/** Uncompressed bytes. Reading all of `source.bytes`, or leaving early, closes the source. */
export type PlainBytes = {
  /** The beginning, up to 64 KiB, with at least the first non-blank line if there is one. */
  readonly head: Buffer
  readonly compression: 'gzip' | 'none'
  /** All bytes, `head` included. */
  readonly source: ByteSource
  /** Closes the source if `source.bytes` will not be read. */
  readonly close: () => Promise<void>
}

/**
 * Reads the beginning of a source. Gzip is recognised by its first two bytes (RFC 1952).
 *
 * @throws WinnowError `dataset_invalid` if the file cannot be opened or the gzip data is damaged;
 * reading `source.bytes` throws the same.
 */
export async function openPlainBytes({ name, bytes }: ByteSource): Promise<PlainBytes> {
  const chunks = bytes[Symbol.asyncIterator]()
  const first = await readHead(chunks, (head) => head.length >= 2).catch((cause: unknown) => {
    throw fileError(name, cause)
  })
  const whole = namedErrors(name, rejoin(first, chunks))
  if (first[0] !== 0x1f || first[1] !== 0x8b) return headOf(name, whole, 'none')
  return headOf(name, namedErrors(name, gunzip(whole)), 'gzip')
}

async function headOf(
  name: string,
  bytes: AsyncGenerator<Uint8Array>,
  compression: PlainBytes['compression'],
): Promise<PlainBytes> {
  const head = await readHead(bytes, hasLine)
  const close = async (): Promise<void> => {
    await bytes.return(undefined)
  }
  return { head, compression, source: { name, bytes: rejoin(head, bytes) }, close }
}

async function readHead(
  chunks: AsyncIterator<Uint8Array>,
  isEnough: (head: Buffer) => boolean,
): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0)
  while (!isEnough(head) && head.length < headBytesMax) {
    const next = await chunks.next()
    if (next.done === true) break
    head = Buffer.concat([head, next.value])
  }
  return head
}

/** Whether a non-blank line has ended. With that, input from a terminal needs no more waiting. */
function hasLine(head: Buffer): boolean {
  const start = head.findIndex((byte) => byte > 0x20)
  if (start === -1) return false
  // A carriage return at the very end may be half of a line end.
  const returnAt = head.indexOf(13, start)
  return head.includes(10, start) || (returnAt !== -1 && returnAt < head.length - 1)
}

async function* rejoin(
  first: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      yield next.value
    }
  } finally {
    await rest.return?.()
  }
}

async function* namedErrors(
  name: string,
  bytes: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes
  } catch (cause) {
    throw fileError(name, cause)
  }
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

/** Converts an I/O error into a `dataset_invalid` error; a WinnowError passes through unchanged. */
export function fileError(name: string, cause: unknown): WinnowError {
  if (cause instanceof WinnowError) return cause
  return new WinnowError('dataset_invalid', `${name}: ${reasonOf(cause)}`, { cause })
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (typeof code === 'string' && code.startsWith('Z_'))
    return 'the gzip data is damaged or cut off'
  return fileProblem(cause)
}
