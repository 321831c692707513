// Parses a ClickHouse HTTP request, except its rows: statement, database, settings, parameters,
// session, format. Names follow ClickHouse's HTTP interface documentation.
import { randomUUID } from 'node:crypto'

import { ClickHouseFailure } from './clickhouse-error.ts'

/** The URL and headers of a request, parsed. */
export type ClickHouseRequest = {
  queryId: string
  /** The statement, or its start, from the URL; '' if the body holds all of it. */
  query: string
  database: string | undefined
  settings: Map<string, string>
  parameters: Map<string, string>
  session: { id: string; timeoutMs: number; mustExist: boolean } | undefined
  defaultFormat: string
  acceptsCompression: boolean
}

/**
 * Parses URL parameters and headers.
 *
 * @throws ClickHouseFailure for an invalid session timeout, or for the `compress` and `decompress`
 * options (ClickHouse's own block compression), which this server does not support.
 */
export function readRequest(from: {
  method: string
  url: URL
  headers: Readonly<Record<string, string | string[] | undefined>>
}): ClickHouseRequest {
  const { searchParams } = from.url
  const header = (name: string) => {
    const value = from.headers[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const settings = new Map<string, string>()
  const parameters = new Map<string, string>()
  for (const [name, value] of searchParams) {
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value)
    else if (!isTransportOption(name)) settings.set(name, value)
    else if (/^(de)?compress$/.test(name) && value !== '0') throw blockCompression(name)
  }
  // As in ClickHouse, a GET may read and change settings but nothing else.
  if (from.method === 'GET') settings.set('readonly', '2')
  return {
    queryId: searchParams.get('query_id') ?? randomUUID(),
    query: searchParams.get('query') ?? '',
    database: searchParams.get('database') ?? header('x-clickhouse-database'),
    settings,
    parameters,
    session: readSession(searchParams),
    defaultFormat: formatName(searchParams.get('default_format') ?? header('x-clickhouse-format')),
    acceptsCompression: searchParams.get('enable_http_compression') === '1',
  }
}

/** Adds the parts of a multipart form (`query`, `param_*`), which replace URL parameters. */
export function addFormParts(
  request: ClickHouseRequest,
  parts: Iterable<[string, string]>,
): ClickHouseRequest {
  const parameters = new Map(request.parameters)
  let query = request.query
  for (const [name, value] of parts) {
    if (name === 'query') query = value
    else if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value)
    else throw new ClickHouseFailure(48, 'NOT_IMPLEMENTED', `External table '${name}' in a form`)
  }
  return { ...request, query, parameters }
}

const transportOptions = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'session_id',
  'session_timeout',
  'session_check',
  'user',
  'password',
  'quota_key',
  'role',
  'stacktrace',
  'compress',
  'decompress',
  'buffer_size',
  'wait_end_of_query',
  'close_session',
])

/** Whether an option is for this server only: the engine has no such setting, or no use for it. */
function isTransportOption(name: string): boolean {
  return (
    transportOptions.has(name) ||
    name.startsWith('http_') ||
    name === 'enable_http_compression' ||
    name === 'send_progress_in_http_headers'
  )
}

function readSession(params: URLSearchParams): ClickHouseRequest['session'] {
  const id = params.get('session_id')
  if (id === null || id === '') return undefined
  const timeoutS = Number(params.get('session_timeout') ?? '60')
  if (!Number.isInteger(timeoutS) || timeoutS < 1 || timeoutS > 3600) {
    const text = 'session_timeout must be a whole number of seconds from 1 to 3600'
    throw new ClickHouseFailure(374, 'INVALID_SESSION_TIMEOUT', text, { httpStatus: 400 })
  }
  const mustExist = params.get('session_check') === '1'
  return { id, timeoutMs: timeoutS * 1000, mustExist }
}

/** Checks the name of a format, because it goes into the text of the statement. */
function formatName(name: string | undefined): string {
  if (name === undefined) return 'TabSeparated'
  if (/^\w+$/.test(name)) return name
  throw new ClickHouseFailure(73, 'UNKNOWN_FORMAT', `Unknown format ${name}`)
}

function blockCompression(name: string): ClickHouseFailure {
  const text = `The option ${name} is not supported here; use Content-Encoding and Accept-Encoding`
  return new ClickHouseFailure(48, 'NOT_IMPLEMENTED', text)
}
