// ClickHouse's HTTP interface over the embedded engine, so that every other process uses plain
// @clickhouse/client and a real server can replace it by URL. Statements run in the form that the
// engine's own parser writes. Results pass through files, so that the status is known before the
// response starts.
import { randomUUID } from 'node:crypto'
import { unlink } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { join } from 'node:path'

import { printableText } from '../../../schemas/printable-text.ts'
import type { AnalyticsEngine, EngineRequest, EngineResult } from './chdb-engine.ts'
import { ClickHouseFailure, failureOf } from './clickhouse-error.ts'
import { addFormParts, readRequest } from './clickhouse-request.ts'
import type { ClickHouseRequest } from './clickhouse-request.ts'
import { sendFailure, sendFile, sendOutput, sendText } from './clickhouse-response.ts'
import type { Answer } from './clickhouse-response.ts'
import { inlineRows, rowStarts, rowsFrom } from './inline-rows.ts'
import { checkAccess } from './request-access.ts'
import type { Credentials } from './request-access.ts'
import { formParts, readBody } from './statement-body.ts'
import { readStatement, selectIntoFile, sqlString } from './sql-statement.ts'
import type { Statement } from './sql-statement.ts'

/** Limits of one request. */
export type AnalyticsServerLimits = {
  /** Decoded bytes of a request body: a statement, or the rows of one INSERT. */
  bodyBytesMax: number
}

export const defaultServerLimits: AnalyticsServerLimits = { bodyBytesMax: 128 * 2 ** 20 }

/** Parameters of a query are in its URL, which in ClickHouse may have so many bytes by default. */
const headBytesMax = 1_048_576

type ServerOptions = {
  engine: AnalyticsEngine
  exchangeDir: string
  credentials: Credentials
  limits: AnalyticsServerLimits
}

/** Creates the HTTP server. The caller makes it listen, and closes it before the engine. */
export function analyticsServer(options: ServerOptions): Server {
  const limits = { requestTimeout: 0, maxHeaderSize: headBytesMax }
  const server = createServer(limits, (request, response) => {
    void answer(options, request, response)
  })
  server.keepAliveTimeout = 30_000
  server.maxConnections = 512
  return server
}

async function answer(options: ServerOptions, request: IncomingMessage, response: ServerResponse) {
  const departure = new AbortController()
  response.on('close', () => departure.abort())
  try {
    checkAccess(request.headers, options.credentials)
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (isPing(request, url)) {
      sendText(response, 'Ok.\n')
      return
    }
    if (url.pathname !== '/') {
      const text = `There is no handle ${url.pathname}`
      throw new ClickHouseFailure(79, 'INCORRECT_FILE_NAME', text, { httpStatus: 404 })
    }
    if (request.method !== 'GET' && request.method !== 'POST') {
      const text = `The method ${String(request.method)} is not supported; use GET or POST`
      throw new ClickHouseFailure(36, 'BAD_ARGUMENTS', text, { httpStatus: 405 })
    }
    const read = readRequest({ method: request.method, url, headers: request.headers })
    await runRequest({ options, request, response, read, signal: departure.signal })
  } catch (error) {
    // Drops rows that are still arriving, so that the client reads the response.
    request.resume()
    const failure = failureOf(error)
    if (failure.httpStatus >= 500 && !departure.signal.aborted) {
      const line = printableText(`${failure.type}: ${failure.message}`)
      process.stderr.write(`${new Date().toISOString()} ${line}\n`)
    }
    sendFailure(response, failure, options.engine.version)
  }
}

type Exchange = {
  options: ServerOptions
  request: IncomingMessage
  response: ServerResponse
  read: ClickHouseRequest
  signal: AbortSignal
}

async function runRequest(exchange: Exchange): Promise<void> {
  const { request, read, options } = exchange
  const body = await readBody(request, options.limits.bodyBytesMax)
  const contentType = request.headers['content-type'] ?? ''
  if (contentType.startsWith('multipart/form-data')) {
    const completed = addFormParts(read, formParts(body, contentType))
    return runText({ ...exchange, read: completed }, Buffer.from(completed.query))
  }
  if (read.query !== '' && body.length > 0) {
    const statement = readStatement(await options.engine.canonical(read.query))
    if (takesRows(statement)) return runInsert(exchange, statement, body)
  }
  // ClickHouse puts a line break between the statement in the URL and the one in the body.
  const inUrl = read.query === '' || body.length === 0 ? read.query : `${read.query}\n`
  return runText(exchange, Buffer.concat([Buffer.from(inUrl), body]))
}

/** Runs a statement, with the rows of an INSERT if they follow it. */
async function runText(exchange: Exchange, bytes: Buffer): Promise<void> {
  const { engine } = exchange.options
  const text = bytes.toString('utf8')
  const sql = await engine.canonical(text)
  const statement = readStatement(sql)
  switch (statement.kind) {
    case 'refused':
      throw new ClickHouseFailure(
        358,
        'INTO_OUTFILE_NOT_ALLOWED',
        `${statement.clause} is not allowed: the embedded engine reads and writes only its own files`,
      )
    case 'insert-rows':
    case 'insert-input': {
      const rows = await rowsBehind(engine, { bytes, text, sql, format: statement.format })
      return runInsert(exchange, statement, rows)
    }
    case 'select':
      return runSelect(exchange, statement)
    case 'command':
      return runCommand(exchange, statement)
  }
}

/**
 * The rows after an INSERT: its head ends where the engine reads the same statement without them.
 */
async function rowsBehind(
  engine: AnalyticsEngine,
  insert: { bytes: Buffer; text: string; sql: string; format: string },
): Promise<Buffer> {
  const { bytes, text, sql, format } = insert
  for (const end of rowStarts(text, format)) {
    const head = text.slice(0, end)
    const alone = await engine.canonical(head).catch(() => undefined)
    if (alone === sql) return rowsFrom(bytes, head)
  }
  const message =
    'Cannot find where the rows of this INSERT begin; send the rows as the body and the INSERT as the ' +
    'parameter query'
  throw new ClickHouseFailure(62, 'SYNTAX_ERROR', message)
}

type RowsStatement = Extract<Statement, { kind: 'insert-rows' | 'insert-input' }>

function takesRows(statement: Statement): statement is RowsStatement {
  return statement.kind === 'insert-rows' || statement.kind === 'insert-input'
}

/**
 * All rows are here before the engine starts: a client that leaves half-way has inserted nothing.
 */
async function runInsert(
  exchange: Exchange,
  statement: RowsStatement,
  bytes: Buffer,
): Promise<void> {
  const { options, response } = exchange
  const { format } = statement
  const rows = inlineRows(format, bytes)
  if (rows === '' && statement.kind === 'insert-rows') {
    // The engine refuses an INSERT without rows, but ClickHouse's HTTP interface allows it.
    sendText(response, '', answerHead(exchange, { rows: 0, bytes: 0, elapsedNs: 0 }))
    return
  }
  const request = engineRequest(exchange, 'write')
  const result = await options.engine.run(
    statement.kind === 'insert-rows'
      ? { ...request, sql: statement.sql, rows }
      : rowsInStatement(request, statement, rows),
  )
  const written = { rows: result.rows, bytes: result.bytes }
  sendText(response, '', { ...answerHead(exchange, result), written })
}

/**
 * The rows of an INSERT … SELECT as a literal: the engine takes no rows beside such a statement. A
 * temporary table for them took three statements, and 15 of the 45 ms that a small block cost.
 */
function rowsInStatement(
  request: Omit<EngineRequest, 'sql'>,
  { before, structure, after, format }: Extract<Statement, { kind: 'insert-input' }>,
  rows: string,
): EngineRequest {
  const sql = `${before}format(${format}, ${structure}, ${sqlString(rows)})${after}`
  const settings = new Map([...request.settings, ['max_query_size', String(statementBytesMax)]])
  return { ...request, sql, settings }
}

/** Above what a body can hold, with every character escaped. */
const statementBytesMax = 2 ** 30

async function runSelect(
  exchange: Exchange,
  statement: Extract<Statement, { kind: 'select' }>,
): Promise<void> {
  const { options, request, response, read } = exchange
  const file = join(options.exchangeDir, `${randomUUID()}.out`)
  const sql = selectIntoFile(statement, { file, defaultFormat: read.defaultFormat })
  try {
    const result = await options.engine.run({ ...engineRequest(exchange, 'read'), sql })
    const format = statement.format ?? read.defaultFormat
    const head = { ...answerHead(exchange, result), format }
    await sendFile(response, { file, head, acceptEncoding: acceptEncoding(request, read) })
  } finally {
    await unlink(file).catch(ignoreMissing)
  }
}

async function runCommand(
  exchange: Exchange,
  statement: Extract<Statement, { kind: 'command' }>,
): Promise<void> {
  const { options, response, read } = exchange
  const queue = /^(SHOW|DESC|DESCRIBE|EXISTS|EXPLAIN|SET|USE)$/.test(statement.verb)
    ? 'read'
    : 'write'
  const query = { ...engineRequest(exchange, queue), sql: statement.sql }
  const result = await options.engine.run(query)
  const format = statement.format ?? read.defaultFormat
  sendOutput(response, result.output, { ...answerHead(exchange, result), format })
}

function engineRequest(
  exchange: Exchange,
  queue: EngineRequest['queue'],
): Omit<EngineRequest, 'sql'> {
  const { read, signal } = exchange
  const { database, settings, parameters, session, defaultFormat: format } = read
  return { queue, format, database, settings, parameters, session, signal }
}

function answerHead(exchange: Exchange, result: Omit<EngineResult, 'output'>): Answer {
  const { read, options } = exchange
  const { rows, bytes, elapsedNs } = result
  const { timezone } = options.engine
  return { queryId: read.queryId, timezone, result: { rows, bytes }, elapsedNs }
}

function acceptEncoding(request: IncomingMessage, read: ClickHouseRequest): string | undefined {
  const named = request.headers['accept-encoding']
  return read.acceptsCompression && typeof named === 'string' ? named : undefined
}

function isPing(request: IncomingMessage, url: URL): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  if (url.pathname === '/ping' || url.pathname === '/replicas_status') return true
  return url.pathname === '/' && url.search === ''
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
