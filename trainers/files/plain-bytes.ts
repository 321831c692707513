// Reads the bytes of a file or of standard input, decompresses gzip and zstd, and peeks at the
// beginning before the rest is read. file-format.ts interprets the beginning.
import { createReadStream } from 'node:fs'
import { Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { fileProblem } from '../../configs/file-problem.ts'
import { ZstdFrames } from '../../infra/compression/zstd-frames.ts'
import { WinnowError } from '../../schemas/errors.ts'

/** Bytes, with a name for error messages. */
export type ByteSource = { readonly name: string; readonly bytes: AsyncIterable<Uint8Array> }

/** A file by its path, or bytes that can be read once, such as standard input. */
export type FileInput = ByteSource & { readonly path?: string | undefined }

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

/** How the bytes of a file are compressed as a whole. */
export type Compression = 'gzip' | 'zstd' | 'none'

/** Uncompressed bytes. Reading all of `source.bytes`, or leaving early, closes the source. */
export type PlainBytes = {
  /** The beginning, up to 64 KiB, with at least the first non-blank line if there is one. */
  readonly head: Buffer
  readonly compression: Compression
  /** All bytes, `head` included. */
  readonly source: ByteSource
  /** Closes the source if `source.bytes` will not be read. */
  readonly close: () => Promise<void>
}

/**
 * Reads the beginning of a source. Gzip and zstd are recognised by their first bytes (RFC 1952,
 * RFC 8878), whatever the name of the file.
 *
 * @throws WinnowError `dataset_invalid` if the file cannot be opened or the compressed data is
 * damaged; reading `source.bytes` throws the same.
 */
export async function openPlainBytes({ name, bytes }: ByteSource): Promise<PlainBytes> {
  const chunks = bytes[Symbol.asyncIterator]()
  const first = await readHead(chunks, (head) => head.length >= 4).catch((cause: unknown) => {
    throw fileError(name, cause)
  })
  const whole = namedErrors(name, rejoin(first, chunks))
  const compression = compressionOf(first)
  if (compression === 'none') return headOf(name, whole, compression)
  const decoder = compression === 'gzip' ? gunzip : unzstd
  return headOf(name, namedErrors(name, decoder(whole)), compression)
}

function compressionOf(head: Buffer): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip'
  const mark = head.length < 4 ? 0 : head.readUInt32LE()
  // A frame, or a skippable one in front, as pzstd writes.
  return mark === 0xfd2fb528 || (mark & 0xfffffff0) === 0x184d2a50 ? 'zstd' : 'none'
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

const zipMark = Buffer.from('PK\x03\x04')
const zipHeadBytes = 1_024

/** Whether a non-blank line has ended. With that, input from a terminal needs no more waiting. */
function hasLine(head: Buffer): boolean {
  // The names of the first parts of a ZIP archive say what it is.
  if (head.length < zipHeadBytes && head.subarray(0, 4).equals(zipMark)) return false
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

function gunzip(bytes: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  return decompressed(bytes, createGunzip({ chunkSize }))
}

function unzstd(bytes: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new ZstdFrames()
  const pieces = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      yield* frames.cut(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length))
    }
    if (!frames.isComplete) throw Object.assign(new Error('cut off'), { code: 'ZSTD_cut_off' })
  }
  return decompressed(pieces(), createZstdDecompress({ chunkSize }))
}

const chunkSize = 1 << 18

/** What a decompressor makes of the bytes; both end with the reader. */
async function* decompressed(
  bytes: AsyncGenerator<Uint8Array>,
  output: Transform,
): AsyncGenerator<Uint8Array> {
  const input = Readable.from(bytes)
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
  if (typeof code === 'string') {
    if (code.startsWith('Z_')) return 'the gzip data is damaged or cut off'
    if (code.includes('windowTooLarge')) {
      return 'the zstd data needs a window of more than 128 MiB; compress it without --long=28 or more'
    }
    if (code.startsWith('ZSTD_')) return 'the zstd data is damaged or cut off'
  }
  return fileProblem(cause)
}
