// Content codings of the analytics server: which one a response uses, and the streams that encode
// and decode.
import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'

export type ContentCoding = 'gzip' | 'deflate' | 'br' | 'zstd'

/** The coding of a response: the first in order of preference that `Accept-Encoding` names. */
export function responseCoding(acceptEncoding: string | undefined): ContentCoding | undefined {
  const accepted = new Set(
    (acceptEncoding ?? '')
      .split(',')
      .filter((entry) => !/;\s*q=0(\.0*)?\s*$/.test(entry))
      .map((entry) => (entry.split(';')[0] ?? '').trim().toLowerCase()),
  )
  return codingsByPreference.find((coding) => accepted.has(coding))
}

/**
 * The coding that `Content-Encoding` names: undefined for none, `'unknown'` if it is not supported.
 */
export function requestCoding(
  contentEncoding: string | undefined,
): ContentCoding | undefined | 'unknown' {
  const name = (contentEncoding ?? 'identity').trim().toLowerCase()
  if (name === 'identity' || name === '') return undefined
  if (name === 'x-gzip') return 'gzip'
  return codingsByPreference.find((coding) => coding === name) ?? 'unknown'
}

/** A stream that decodes. */
export function decoder(coding: ContentCoding): Transform {
  if (coding === 'gzip') return zlib.createGunzip()
  if (coding === 'deflate') return zlib.createInflate()
  return coding === 'br' ? zlib.createBrotliDecompress() : zlib.createZstdDecompress()
}

/** A stream that encodes, at a speed that suits responses made on the fly. */
export function encoder(coding: ContentCoding): Transform {
  if (coding === 'gzip') return zlib.createGzip({ level: 3 })
  if (coding === 'deflate') return zlib.createDeflate({ level: 3 })
  const brotli = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }
  return coding === 'br' ? zlib.createBrotliCompress(brotli) : zlib.createZstdCompress()
}

const codingsByPreference: readonly ContentCoding[] = ['zstd', 'br', 'gzip', 'deflate']
