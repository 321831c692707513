// Decompresses a request body while it arrives. It limits the compressed bytes, because any number
// of them may decompress to nothing; request-body.ts limits the decompressed ones.
import type { Readable, Transform } from 'node:stream'
import { constants, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import { WinnowError } from '../../schemas/errors.ts'
import { bodyTooLarge, brokenOff, type BodySource } from './request-body.ts'
import { ZstdFrames } from '../../infra/compression/zstd-frames.ts'

/** The supported codings of a request body, as Content-Encoding and Accept-Encoding name them. */
export const contentCodings = ['gzip', 'deflate', 'zstd'] as const

/** A supported coding, or none. */
export type ContentCoding = 'identity' | (typeof contentCodings)[number]

/**
 * Memory of a decoder: its state, chunks in flight, and the window of DEFLATE (RFC 1951). The
 * window of zstd fills as bytes are decoded; a new decoder takes 110 kB.
 */
const decoderBytes = { gzip: 65_536, deflate: 65_536, zstd: 393_216 }

/** The largest window that RFC 9659 allows in the coding zstd, as a power of two: 8 MiB. */
const zstdWindowLogMax = 23

/**
 * The decompressed body. A request may name one of `contentCodings`, or none. Lists of codings are
 * refused. So is Brotli, whose decoder takes up to 16 MB for a few bytes. Throws
 * `media_type_unsupported`.
 */
export function decodedBody(
  source: Readable,
  options: { readonly contentEncoding: string | undefined; readonly bytesMax: number },
): BodySource {
  const coding = codingOf(options.contentEncoding)
  if (coding === 'identity') {
    return { stream: source, overheadBytes: 0, isWindowed: false, failure: brokenOff }
  }
  const { decoder, chunksOf, isComplete } = decoderOf(coding)
  let arrivedBytes = 0
  source.on('data', (chunk: Buffer) => {
    arrivedBytes += chunk.length
    if (arrivedBytes > options.bytesMax) decoder.destroy(bodyTooLarge(options.bytesMax))
    for (const part of decoder.destroyed ? [] : chunksOf(chunk)) {
      if (!decoder.write(part)) source.pause()
    }
  })
  source.once('end', () => {
    if (isComplete()) decoder.end()
    else decoder.destroy(damaged(coding, endsEarly()))
  })
  const broken = (cause?: Error) => {
    if (!source.readableEnded) decoder.destroy(brokenOff(cause))
  }
  source.once('error', broken).once('close', broken)
  if (source.destroyed) broken()
  decoder.on('drain', () => source.resume())
  // Reads and drops the rest of a refused body: a caller who is cut off while sending may miss the
  // response.
  decoder.once('close', () => source.resume())
  const failure = (cause?: Error) =>
    cause instanceof WinnowError ? cause : damaged(coding, cause ?? endsEarly())
  return {
    stream: decoder,
    overheadBytes: decoderBytes[coding],
    isWindowed: coding === 'zstd',
    failure,
  }
}

function decoderOf(coding: (typeof contentCodings)[number]): {
  readonly decoder: Transform
  /** The parts of a chunk that the decoder may be given at once. */
  readonly chunksOf: (chunk: Buffer) => Buffer[]
  /** Whether the body may end here; a decoder of zlib checks that itself. */
  readonly isComplete: () => boolean
} {
  if (coding !== 'zstd') {
    const decoder = coding === 'gzip' ? createGunzip() : createInflate()
    return { decoder, chunksOf: (chunk) => [chunk], isComplete: () => true }
  }
  const frames = new ZstdFrames()
  const params = { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax }
  return {
    decoder: createZstdDecompress({ params }),
    chunksOf: (chunk) => frames.cut(chunk),
    isComplete: () => frames.isComplete,
  }
}

/** Parses a Content-Encoding header. Throws `media_type_unsupported`. */
export function codingOf(contentEncoding: string | undefined): ContentCoding {
  const name = contentEncoding?.trim().toLowerCase() ?? ''
  if (name === '' || name === 'identity') return 'identity'
  // The older name of gzip (RFC 9110, 8.4.1.3).
  if (name === 'gzip' || name === 'x-gzip') return 'gzip'
  if (name === 'deflate' || name === 'zstd') return name
  throw new WinnowError(
    'media_type_unsupported',
    `Content-Encoding ${name.slice(0, 64)} is not supported; send the body as ` +
      `${contentCodings.join(', ')}, or without a coding`,
    { details: { encodings: contentCodings } },
  )
}

function endsEarly(): Error {
  return new Error('the data ends too early')
}

function damaged(coding: string, cause: Error): WinnowError {
  const message = `The body is not valid ${coding}, although its Content-Encoding says so: ${cause.message}`
  return new WinnowError('body_invalid', message, { cause })
}
