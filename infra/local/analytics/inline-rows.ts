// Passes the rows of an INSERT to the engine, in one text after the statement. The engine would run
// what follows a blank line, or a semicolon among VALUES, as another statement, so rows in which
// that can happen are refused.
import { isUtf8 } from 'node:buffer'

import { ClickHouseFailure } from './clickhouse-error.ts'

/**
 * The rows as text that the engine parses as rows and nothing else.
 *
 * @throws ClickHouseFailure 48 for rows that the embedded engine cannot take in this format.
 */
export function inlineRows(format: string, rows: Buffer): string {
  if (!isUtf8(rows)) {
    throw notTaken('The rows are not UTF-8; formats such as Native and Parquet need a server')
  }
  const text = rows.toString('utf8')
  if (text.includes('\0')) throw notTaken('The rows hold a NUL character')
  if (format === 'Values') return valuesList(text)
  // Blank lines between rows of JSON mean nothing.
  const trimmed = format.startsWith('JSON') ? text.trim() : text
  if (trimmed.includes('\n\n')) {
    throw notTaken('The rows hold a blank line; send them as JSONEachRow, one object per line')
  }
  return trimmed
}

/** Where rows may start in a text that begins with an INSERT: after `FORMAT name` or `VALUES`. */
export function* rowStarts(text: string, format: string): Generator<number> {
  const clause = format === 'Values' ? /\b(?:format\s+values|values)\b/giu : /\bformat\s+\w+/giu
  let found = 0
  for (const match of text.matchAll(clause)) {
    yield match.index + match[0].length
    if (++found === startsMax) return
  }
}

/** No program writes an INSERT whose head names its format more often than this. */
const startsMax = 8

/** The rows after an INSERT's head, without a semicolon and a line break in between. */
export function rowsFrom(bytes: Buffer, headText: string): Buffer {
  const behind = bytes.subarray(Buffer.byteLength(headText))
  const gap = /^[ \t\f]*;?[ \t\f]*\r?\n?/.exec(behind.subarray(0, 64).toString('latin1'))
  return behind.subarray(gap?.[0].length ?? 0)
}

/**
 * A VALUES list holds expressions, so only its quotes tell whether a semicolon belongs to it.
 * Comments and heredocs could hide one too, so they are refused.
 */
function valuesList(text: string): string {
  const list = text.trimEnd().replace(/;$/, '')
  const unquoted = list.replaceAll(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/gs, '')
  if (/[;'"`#$]|--|\/\*/.test(unquoted)) {
    throw notTaken('The VALUES list holds a semicolon, comment or $; use parameters or JSONEachRow')
  }
  return list
}

function notTaken(why: string): ClickHouseFailure {
  return new ClickHouseFailure(48, 'NOT_IMPLEMENTED', `${why} (embedded engine)`, {
    httpStatus: 400,
  })
}
