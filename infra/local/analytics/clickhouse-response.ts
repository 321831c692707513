// Writes responses as ClickHouse does: headers, content types, error form. Rows come from a file
// that the engine wrote; they are streamed, and compressed if the client asks for it.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

import { errorBody } from './clickhouse-error.ts'
import type { ClickHouseFailure } from './clickhouse-error.ts'
import { encoder, responseCoding } from './http-encoding.ts'

/** The facts in the headers of a successful response. */
export type Answer = {
  queryId: string
  timezone: string
  elapsedNs: number
  /** Rows and bytes of the result; the engine does not say how many it read. */
  result: { rows: number; bytes: number }
  written?: { rows: number; bytes: number }
  format?: string
}

/** Sends a short plain text, such as `Ok.` */
export function sendText(response: ServerResponse, text: string, answer?: Answer): void {
  if (answer !== undefined) setHeaders(response, answer)
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8')
  response.end(text)
}

/** Sends rows that are already in memory. */
export function sendOutput(response: ServerResponse, output: Uint8Array, answer: Answer): void {
  setHeaders(response, answer)
  response.end(output)
}

/** Streams a file of rows. */
export async function sendFile(
  response: ServerResponse,
  from: { file: string; head: Answer; acceptEncoding: string | undefined },
): Promise<void> {
  setHeaders(response, from.head)
  const source = createReadStream(from.file, { highWaterMark: 256 * 1024 })
  const coding = responseCoding(from.acceptEncoding)
  if (coding === undefined) {
    response.setHeader('Content-Length', (await stat(from.file)).size)
    await pipeline(source, response)
    return
  }
  response.setHeader('Content-Encoding', coding)
  await pipeline(source, encoder(coding), response)
}

/** Sends an error with ClickHouse's code; a response that has started is cut off instead. */
export function sendFailure(
  response: ServerResponse,
  failure: ClickHouseFailure,
  version: string,
): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.statusCode = failure.httpStatus
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8')
  response.setHeader('X-ClickHouse-Exception-Code', failure.code)
  if (failure.httpStatus === 503) response.setHeader('Retry-After', 1)
  // A client without the password gets one response per connection, so it cannot pile up unread
  // ones.
  if (failure.httpStatus === 401 || failure.httpStatus === 403) response.shouldKeepAlive = false
  response.end(errorBody(failure, version))
}

function setHeaders(response: ServerResponse, answer: Answer): void {
  const { result, written = { rows: 0, bytes: 0 } } = answer
  const summary = {
    read_rows: String(result.rows),
    read_bytes: String(result.bytes),
    written_rows: String(written.rows),
    written_bytes: String(written.bytes),
    total_rows_to_read: '0',
    result_rows: String(result.rows),
    result_bytes: String(result.bytes),
    elapsed_ns: String(answer.elapsedNs),
  }
  response.setHeader('X-ClickHouse-Summary', JSON.stringify(summary))
  response.setHeader('X-ClickHouse-Query-Id', answer.queryId)
  response.setHeader('X-ClickHouse-Timezone', answer.timezone)
  response.setHeader('X-ClickHouse-Server-Display-Name', 'winnow')
  if (answer.format === undefined) return
  response.setHeader('X-ClickHouse-Format', answer.format)
  response.setHeader('Content-Type', contentType(answer.format))
}

function contentType(format: string): string {
  if (/^JSON\w*EachRow/.test(format)) return 'application/x-ndjson; charset=UTF-8'
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8'
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8'
  if (/^(TSV|TabSeparated)/.test(format)) return 'text/tab-separated-values; charset=UTF-8'
  if (/^(Pretty|Vertical|Values|TSKV|Markdown)/.test(format)) return 'text/plain; charset=UTF-8'
  return 'application/octet-stream'
}
