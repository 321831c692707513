// Parses rows from a response body as they arrive (JSONEachRow). Detects a body that is not
// complete: an exception of the engine after rows that were sent with status 200, or a truncated
// body.
import { parseExactJson } from '../../schemas/exact-json.ts'
import { answerError, EngineError, engineException, failureBytesMax } from './clickhouse-failure.ts'
import type { FailedAnswer } from './clickhouse-failure.ts'

const newline = 0x0a
/** Longest row that is buffered; a text has limits.textBytesMax at most. */
const rowBytesMax = 1_073_741_824

/**
 * Parses each line; whole numbers above 2^53 become bigints. Throws EngineError if the body does
 * not end with a complete row.
 */
export async function* jsonRows<Row>(
  body: AsyncIterable<Buffer>,
  answer: Omit<FailedAnswer, 'body'>,
): AsyncGenerator<Row> {
  const lines = linesOf(body)
  for await (const { text, isWhole } of lines) {
    const row = isWhole ? parsed(text) : undefined
    if (row !== undefined && !isException(row, text)) yield row as Row
    else if (text.trim() !== '' || !isWhole) throw await brokenOff(text, lines, answer)
  }
}

type Line = { text: string; isWhole: boolean }

async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      parts.push(chunk.subarray(from, at))
      yield { text: Buffer.concat(parts).toString(), isWhole: true }
      parts = []
      bytes = 0
      from = at + 1
    }
    parts.push(chunk.subarray(from))
    bytes += chunk.length - from
    if (bytes > rowBytesMax) throw new EngineError('a row has no end', { httpStatus: 200 })
  }
  const rest = Buffer.concat(parts)
  if (rest.length > 0) yield { text: rest.toString(), isWhole: false }
}

/**
 * The error for a response that continues with something other than a row: an exception on a line
 * of its own or, since 25.11, after a marker with the tag that the response headers name. A
 * truncated row is never final, whatever its text quotes.
 */
async function brokenOff(
  first: string,
  lines: AsyncIterable<Line>,
  answer: Omit<FailedAnswer, 'body'>,
): Promise<EngineError> {
  let text = first
  for await (const line of lines) {
    if (text.length < failureBytesMax) text += `\n${line.text}`
  }
  const tag = answer.headers['x-clickhouse-exception-tag']
  const mark = `__exception__\r\n${String(tag)}\r\n`
  const markedAt = typeof tag === 'string' ? text.indexOf(mark) : -1
  const words = markedAt < 0 ? text : text.slice(markedAt + mark.length)
  if (engineException(words) !== undefined) return answerError({ ...answer, body: words })
  return new EngineError('the answer ended within a row', { httpStatus: answer.status })
}

/** Whether a row is an exception: `{"exception": "Code: …"}` without other keys. */
function isException(row: unknown, text: string): boolean {
  return Object.keys(row as object).join() === 'exception' && engineException(text) !== undefined
}

function parsed(text: string): unknown {
  try {
    return parseExactJson(text)
  } catch {
    return undefined // The caller reports what stands there instead of a row.
  }
}
