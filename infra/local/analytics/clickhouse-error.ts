// ClickHouse's errors in the form of its HTTP interface: code, name, text, HTTP status. The status
// of each code follows ClickHouse's src/Server/HTTP/exceptionCodeToHTTPStatus.cpp.

/** An error with ClickHouse's numeric code, e.g. 60 and `UNKNOWN_TABLE`. */
export class ClickHouseFailure extends Error {
  readonly code: number
  readonly type: string
  readonly httpStatus: number

  constructor(code: number, type: string, message: string, options: { httpStatus?: number } = {}) {
    super(message)
    this.name = 'ClickHouseFailure'
    this.code = code
    this.type = type
    this.httpStatus = options.httpStatus ?? httpStatusOf(code)
  }
}

/** The HTTP status that ClickHouse sends for an error code; 500 for codes that it does not list. */
export function httpStatusOf(code: number): number {
  return statusByCode.get(code) ?? 500
}

/** The body of an error response, in the form that ClickHouse's clients parse. */
export function errorBody(failure: ClickHouseFailure, version: string): string {
  const text = failure.message.replace(/[.\s]+$/, '')
  const build = `(version ${version} (embedded))`
  return `Code: ${failure.code}. DB::Exception: ${text}. (${failure.type}) ${build}\n`
}

/**
 * Parses an error of the embedded engine or of the exchanged files; an error without a ClickHouse
 * code gets code 1002.
 */
export function failureOf(error: unknown): ClickHouseFailure {
  if (error instanceof ClickHouseFailure) return error
  const text = error instanceof Error ? error.message : String(error)
  const { code: errno } = (error ?? {}) as { code?: unknown }
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new ClickHouseFailure(243, 'NOT_ENOUGH_SPACE', text)
  }
  const found = /Code: (\d+)\. DB::Exception: (.*)\(([A-Z][A-Z0-9_]+)\)/s.exec(text)
  if (found === null) return new ClickHouseFailure(1002, 'UNKNOWN_EXCEPTION', text)
  const [, code, message, type] = found
  return new ClickHouseFailure(Number(code), type ?? '', withoutOwnParts(message ?? ''))
}

/**
 * Removes what Winnow added to the caller's statement: how it is parsed and how rows are exchanged.
 */
function withoutOwnParts(message: string): string {
  return message
    .replace(/: In scope SELECT formatQuerySingleLine\(.*$/s, '')
    .replaceAll(/\n?: While executing \w+: data for INSERT was parsed from query/g, '')
    .replaceAll(/^(Code: \d+\. DB::Exception: )+/g, '')
    .replaceAll(/\s*INTO OUTFILE '(?:[^'\\]|\\.)*' TRUNCATE/g, '')
    .replaceAll(/( \(version [\d.]+\)\. \([A-Z_]+\))+/g, '')
    .trim()
}

const statusByCode = new Map<number, number>([
  [194, 401], // REQUIRED_PASSWORD
  // UNKNOWN_USER, WRONG_PASSWORD, AUTHENTICATION_FAILED, SET_NON_GRANTED_ROLE, ACCESS_DENIED
  ...withStatus(403, [192, 193, 516, 512, 497]),
  // Invalid values and statements: BAD_ARGUMENTS, CANNOT_PARSE_*, SYNTAX_ERROR, …
  ...withStatus(400, [36, 427, 6, 25, 26, 38, 41, 72, 441, 675, 676, 27, 376, 15, 44]),
  ...withStatus(400, [37, 123, 8, 167, 168, 223, 62, 117, 53, 321]),
  // Unknown names: UNKNOWN_TABLE, UNKNOWN_FUNCTION, UNKNOWN_DATABASE, UNKNOWN_SETTING, …
  ...withStatus(404, [60, 46, 47, 50, 56, 81, 115, 152, 63, 73, 336, 78, 511]),
  [159, 408], // TIMEOUT_EXCEEDED
  [381, 411], // HTTP_LENGTH_REQUIRED
  [229, 413], // QUERY_IS_TOO_LARGE
  [779, 415], // UNSUPPORTED_MEDIA_TYPE
  [48, 501], // NOT_IMPLEMENTED
  [209, 503], // SOCKET_TIMEOUT
  [76, 503], // CANNOT_OPEN_FILE
  [439, 503], // CANNOT_SCHEDULE_TASK
  // TOO_MANY_SIMULTANEOUS_QUERIES: a queue is full, so 503 although ClickHouse sends 500.
  [202, 503],
])

function withStatus(status: number, codes: readonly number[]): [number, number][] {
  return codes.map((code) => [code, status])
}
