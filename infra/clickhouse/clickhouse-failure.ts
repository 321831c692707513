// Interprets a failed call to ClickHouse: what a response says, from the engine or from a proxy in
// front of it, and which WinnowError it becomes. Only a code of the engine can be final. A response
// that merely quotes a code, or has none, does not come from the engine and is retried.
import { connectionProblem } from '../../configs/connection-problem.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { finalCodes, sizeCodes } from './clickhouse-codes.ts'
import { tlsProblem } from './tls-files.ts'

/** The headers and the first bytes of the body of an HTTP response. */
export type FailedAnswer = {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/**
 * A response that reports a failure. `code` is the engine's, or undefined if another server
 * responded.
 */
export class EngineError extends Error {
  readonly code: number | undefined
  readonly type: string | undefined
  readonly httpStatus: number | undefined

  constructor(
    message: string,
    facts: { code?: number; type?: string | undefined; httpStatus: number | undefined },
  ) {
    super(message)
    this.name = 'EngineError'
    this.code = facts.code
    this.type = facts.type
    this.httpStatus = facts.httpStatus
  }
}

/** Bytes of a response that are read for its message. */
export const failureBytesMax = 65_536
const shownCharsMax = 500

const codeHeader = 'x-clickhouse-exception-code'

/** Whether the status or the headers of a response report a failure. */
export function isFailure({ status, headers }: Omit<FailedAnswer, 'body'>): boolean {
  return status === undefined || status < 200 || status > 299 || headers[codeHeader] !== undefined
}

/** The error for a response that reports a failure. */
export function answerError({ status, headers, body }: FailedAnswer): EngineError {
  const found = engineException(body)
  const named = Number(headers[codeHeader])
  const code = Number.isInteger(named) ? named : found?.code
  if (code !== undefined) {
    const message = found?.message ?? shown(body)
    return new EngineError(message, { code, type: found?.type, httpStatus: status })
  }
  const said =
    body.trim() === '' ? 'an empty body' : `"${shown(withoutTags(body.slice(0, 4_096)))}"`
  const from =
    'not from ClickHouse itself; check clickhouse.url and any proxy in front of ClickHouse'
  return new EngineError(`HTTP ${status} with ${said} (${from})`, { httpStatus: status })
}

/**
 * Parses an exception in the engine's format at the start of a text: `Code: 60. DB::Exception: …
 * (UNKNOWN_TABLE)`, alone or as the value of a JSON object. Undefined for every other text.
 */
export function engineException(
  text: string,
): { code: number; type: string | undefined; message: string } | undefined {
  const words = exceptionInJson(text) ?? text.trimStart()
  const head = /^Code: (\d{1,6})[.,] /.exec(words)
  if (head === null) return undefined
  const message = words.slice(head[0].length).replace(/^.*?DB::Exception: /s, '')
  // The name of the code comes last: an exception that reports others quotes theirs before it.
  const type = [...message.matchAll(/\(([A-Z][A-Z0-9_]{3,})\)/g)].at(-1)
  return { code: Number(head[1]), type: type?.[1], message: shown(message.slice(0, type?.index)) }
}

/**
 * With http_write_exception_in_output_format the engine writes `{"exception": "…"}`, possibly with
 * other keys.
 */
function exceptionInJson(text: string): string | undefined {
  if (!text.trimStart().startsWith('{')) return undefined
  try {
    const { exception } = JSON.parse(text) as { exception?: unknown }
    return typeof exception === 'string' ? exception : undefined
  } catch {
    return undefined // Truncated, or not JSON: not an exception of the engine.
  }
}

/**
 * Maps a failed call: analytics_refused if the engine's code is final, else analytics_unavailable.
 * Details hold the engine's code or the HTTP status, and `smallerMayPass` if a smaller block may
 * pass. `what` completes "could not …".
 */
export function analyticsError(what: string, cause: unknown): WinnowError {
  if (cause instanceof WinnowError) return cause
  if (!(cause instanceof EngineError)) {
    const problem = tlsProblem(cause) ?? connectionProblem(cause)
    const message = `ClickHouse did not answer when asked to ${what}: ${problem}`
    const details = isUnreachable(cause) ? {} : { smallerMayPass: true }
    return new WinnowError('analytics_unavailable', message, { cause, details })
  }
  const { code, httpStatus } = cause
  if (code === undefined) {
    const details = { httpStatus, smallerMayPass: true }
    const message = `ClickHouse could not ${what}: ${cause.message}`
    return new WinnowError('analytics_unavailable', message, { cause, details })
  }
  const type = finalCodes.get(code) ?? cause.type ?? 'unknown code'
  const details = { clickhouseCode: code, clickhouseType: type }
  const said = `${cause.message} (${type}, code ${code})`
  if (finalCodes.has(code)) {
    const message = `ClickHouse refused to ${what}: ${said}`
    return new WinnowError('analytics_refused', message, { cause, details })
  }
  return new WinnowError('analytics_unavailable', `ClickHouse could not ${what} for now: ${said}`, {
    cause,
    details: sizeCodes.has(code) ? { ...details, smallerMayPass: true } : details,
  })
}

/** Whether no connection was made, so that the size of a block does not matter. */
function isUnreachable(cause: unknown): boolean {
  const { code } = (cause ?? {}) as { code?: unknown }
  return typeof code === 'string' && code !== 'ECONNRESET' && code !== 'EPIPE'
}

function withoutTags(body: string): string {
  return body.replace(/<(?:style|script)\b[^]*?<\/(?:style|script)>|<[^<>]*>/gi, ' ')
}

function shown(text: string): string {
  const words = text.replaceAll(/\s+/g, ' ').trim()
  return words.length > shownCharsMax ? `${words.slice(0, shownCharsMax)}…` : words
}
