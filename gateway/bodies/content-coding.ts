// Decompresses a request body while it arrives. It limits the compressed bytes, because any number
// of them may decompress to nothing; request-body.ts limits the decompressed ones.
import type { Readable } from 'node:stream'
import { createGunzip, createInflate } from 'node:zlib'
import { WinnowError } from '../../schemas/errors.ts'
import { bodyTooLarge, brokenOff, type BodySource } from './request-body.ts'

/** The supported codings of a request body, as Content-Encoding and Accept-Encoding name them. */
export const contentCodings = ['gzip', 'deflate'] as const

/** The window of DEFLATE (RFC 1951), zlib's own state, and chunks in flight. */
const decoderBytes = 65_536

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
  if (coding === 'identity') return { stream: source, overheadBytes: 0, failure: brokenOff }
  const decoder = coding === 'gzip' ? createGunzip() : createInflate()
  let arrivedBytes = 0
  source.on('data', (chunk: Buffer) => {
    arrivedBytes += chunk.length
    if (arrivedBytes > options.bytesMax) decoder.destroy(bodyTooLarge(options.bytesMax))
    else if (!decoder.destroyed && !decoder.write(chunk)) source.pause()
  })
  source.once('end', () => decoder.end())
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
    cause instanceof WinnowError
      ? cause
      : damaged(coding, cause ?? new Error('the data ends too early'))
  return { stream: decoder, overheadBytes: decoderBytes, failure }
}

/** Parses a Content-Encoding header. Throws `media_type_unsupported`. */
export function codingOf(contentEncoding: string | undefined): 'identity' | 'gzip' | 'deflate' {
  const name = contentEncoding?.trim().toLowerCase() ?? ''
  if (name === '' || name === 'identity') return 'identity'
  // The older name of gzip (RFC 9110, 8.4.1.3).
  if (name === 'gzip' || name === 'x-gzip') return 'gzip'
  if (name === 'deflate') return 'deflate'
  throw new WinnowError(
    'media_type_unsupported',
    `Content-Encoding ${name.slice(0, 64)} is not supported; send the body as ` +
      `${contentCodings.join(' or ')}, or without a coding`,
    { details: { encodings: contentCodings } },
  )
}

function damaged(coding: string, cause: Error): WinnowError {
  const message = `The body is not valid ${coding}, although its Content-Encoding says so: ${cause.message}`
  return new WinnowError('body_invalid', message, { cause })
}
