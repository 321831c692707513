// Reads request bodies: decodes the content coding and stops at a limit of decoded bytes, so that a
// small compressed body cannot expand without limit.
import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream'
import type { Readable } from 'node:stream'

import { ClickHouseFailure } from './clickhouse-error.ts'
import { decoder, requestCoding } from './http-encoding.ts'

/**
 * The body decoded from its `Content-Encoding`, as a stream that fails if the client leaves early.
 *
 * @throws ClickHouseFailure 89 for an unsupported coding.
 */
function decodedBody(request: IncomingMessage): Readable {
  const coding = requestCoding(request.headers['content-encoding'])
  if (coding === undefined) return request
  if (coding === 'unknown') {
    const text = `Unknown compression method: ${String(request.headers['content-encoding'])}`
    throw new ClickHouseFailure(89, 'UNKNOWN_COMPRESSION_METHOD', text, { httpStatus: 400 })
  }
  // The consumer of the decoder gets every error, so nothing is left to handle here.
  return pipeline(request, decoder(coding), () => undefined)
}

/**
 * The whole decoded body, in memory.
 *
 * @throws ClickHouseFailure 307 (HTTP 413) above `bytesMax`, 89 and 354 for a coding that cannot be
 * decoded.
 */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of decodedBody(request)) {
      const piece = chunk as Buffer
      bytes += piece.length
      if (bytes > bytesMax) throw tooLarge(bytesMax)
      chunks.push(piece)
    }
  } catch (error) {
    throw error instanceof ClickHouseFailure ? error : unreadable(error)
  }
  return Buffer.concat(chunks)
}

/**
 * The text parts of a multipart form, by name (RFC 7578). Accepts only what ClickHouse's clients
 * send: parts with a quoted name and a value, no files.
 *
 * @throws ClickHouseFailure 36 for a malformed form.
 */
export function formParts(body: Buffer, contentType: string): [string, string][] {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType)
  const mark = `--${boundary?.[1] ?? boundary?.[2] ?? ''}`
  const [preamble, ...sections] = `\r\n${body.toString('utf8')}`.split(`\r\n${mark}`)
  const closing = sections.pop()
  if (mark === '--' || preamble === undefined || closing?.startsWith('--') !== true) {
    throw new ClickHouseFailure(36, 'BAD_ARGUMENTS', 'The multipart form is malformed')
  }
  return sections.map((section) => {
    const headersEnd = section.indexOf('\r\n\r\n')
    const name = /;\s*name="([^"]*)"/i.exec(section.slice(0, headersEnd))?.[1]
    if (headersEnd < 0 || name === undefined) {
      throw new ClickHouseFailure(36, 'BAD_ARGUMENTS', 'A part of the multipart form has no name')
    }
    return [name, section.slice(headersEnd + 4)]
  })
}

function tooLarge(bytesMax: number): ClickHouseFailure {
  const text = `The request body has more than ${bytesMax} bytes`
  return new ClickHouseFailure(307, 'TOO_MANY_BYTES', text, { httpStatus: 413 })
}

function unreadable(error: unknown): ClickHouseFailure {
  const text = `Cannot decompress the body: ${error instanceof Error ? error.message : ''}`
  return new ClickHouseFailure(354, 'ZLIB_INFLATE_FAILED', text, { httpStatus: 400 })
}
