// Bytes of a file or of standard input, decompressed when they are gzip, with their beginning known
// before the rest is read. What the bytes mean is file-format.ts.
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { fileProblem } from '../../configs/file-problem.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** Bytes with a name for error messages. */
export type ByteSource = { readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }

/** More of the beginning is not waited for, even when no line has ended by then. */
const headBytesMax = 1 << 16

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
 * Bytes that are not compressed. Reading all of `source.bytes`, or leaving it early, closes what
 * was opened.
 */
export type PlainBytes = {
  /** The beginning, with the first line that is not blank, or all there is up to 64 KiB. */
  readonly head: Buffer
  readonly compression: 'gzip' | 'none'
  /** All bytes, `head` included. */
  readonly source: ByteSource
  /** Closes the source when `source.bytes` is not going to be read. */
  readonly close: () => Promise<void>
}

/**
 * Reads the beginning of a source. Gzip is recognised by its first two bytes (RFC 1952).
 *
 * @throws WinnowError `dataset_invalid` for a file that cannot be opened and for damaged gzip; so
 * does reading on.
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

/** Whether a line that is not blank has ended, so that somebody who types is not waited for. */
function hasLine(head: Buffer): boolean {
  const start = head.findIndex((byte) => byte > 0x20)
  if (start === -1) return false
  // A return at the very end may be half of a line end.
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

/** Why a file cannot be read, as a `dataset_invalid` error; one of Winnow's own stays as it is. */
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
