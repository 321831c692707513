// Speaks ClickHouse's HTTP interface over the embedded engine, so that every other process uses
// plain @clickhouse/client and a real server drops in by URL. Rows go in and out through files:
// any format works, memory stays bounded, and the status is right because it is sent at the end.
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { stat, unlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

import type { AnalyticsEngine, EngineRequest, EngineResult } from './chdb-engine.ts'
import { ClickHouseFailure, failureOf } from './clickhouse-error.ts'
import { addFormParts, readRequest } from './clickhouse-request.ts'
import type { ClickHouseRequest } from './clickhouse-request.ts'
import { sendFailure, sendFile, sendOutput, sendText } from './clickhouse-response.ts'
import type { Answer } from './clickhouse-response.ts'
import { decodedBody, formParts, limitBytes, readBody } from './request-body.ts'
import { inputFromFile, insertFromFile, readStatement, selectIntoFile } from './sql-statement.ts'
import type { Statement } from './sql-statement.ts'

/** What one request may bring. */
export type AnalyticsServerLimits = {
  /** Decoded bytes of a statement, of rows inside its text included. */
  statementBytesMax: number
  /** Decoded bytes of the rows of one INSERT; they go to disk, not to memory. */
  rowsBytesMax: number
}

export const defaultServerLimits: AnalyticsServerLimits = {
  statementBytesMax: 64 * 2 ** 20,
  rowsBytesMax: 2 ** 30,
}

type Context = {
  engine: AnalyticsEngine
  exchangeDir: string
  limits: AnalyticsServerLimits
}

/** The HTTP server; the caller listens, and closes it before the engine. */
export function analyticsServer(context: Context): Server {
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    void answer(context, request, response)
  })
  server.keepAliveTimeout = 30_000
  server.maxConnections = 512
  return server
}

async function answer(context: Context, request: IncomingMessage, response: ServerResponse) {
  const departure = new AbortController()
  response.on('close', () => departure.abort())
  try {
    refuseForeign(request)
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
      const text = `Method ${String(request.method)} is not used here; use GET or POST`
      throw new ClickHouseFailure(36, 'BAD_ARGUMENTS', text, { httpStatus: 405 })
    }
    const read = readRequest({ method: request.method, url, headers: request.headers })
    await runRequest({ context, request, response, read, signal: departure.signal })
  } catch (error) {
    // Rows still on their way are dropped, so that the client gets to read the answer.
    request.resume()
    const failure = failureOf(error)
    if (failure.httpStatus >= 500 && !departure.signal.aborted) {
      process.stderr.write(`${new Date().toISOString()} ${failure.type}: ${failure.message}\n`)
    }
    sendFailure(response, failure, context.engine.version)
  }
}

type Exchange = {
  context: Context
  request: IncomingMessage
  response: ServerResponse
  read: ClickHouseRequest
  signal: AbortSignal
}

async function runRequest(exchange: Exchange): Promise<void> {
  const { request, read, context } = exchange
  const fromUrl = readStatement(Buffer.from(read.query))
  if (takesRows(fromUrl)) return runInsert(exchange, fromUrl)
  const body = await readBody(request, context.limits.statementBytesMax)
  const contentType = request.headers['content-type'] ?? ''
  if (contentType.startsWith('multipart/form-data')) {
    const completed = addFormParts(read, formParts(body, contentType))
    return runStatement({ ...exchange, read: completed }, Buffer.from(completed.query))
  }
  // ClickHouse puts a line break between the statement in the URL and the one in the body.
  const inUrl = read.query === '' || body.length === 0 ? read.query : `${read.query}\n`
  return runStatement(exchange, Buffer.concat([Buffer.from(inUrl), body]))
}

function runStatement(exchange: Exchange, bytes: Buffer): Promise<void> {
  const statement = readStatement(bytes)
  switch (statement.kind) {
    case 'refused':
      throw refusal(statement.reason)
    case 'insert-rows':
    case 'insert-input':
      return runInsert(exchange, statement)
    case 'select':
      return runSelect(exchange, statement)
    case 'command':
      return runCommand(exchange, statement)
  }
}

type RowsStatement = Extract<Statement, { kind: 'insert-rows' | 'insert-input' }>

function takesRows(statement: Statement): statement is RowsStatement {
  return statement.kind === 'insert-rows' || statement.kind === 'insert-input'
}

/** Rows go to a file first: a client that leaves half-way has then inserted nothing at all. */
async function runInsert(exchange: Exchange, statement: RowsStatement): Promise<void> {
  const { context, request, response } = exchange
  const file = join(context.exchangeDir, `${randomUUID()}.in`)
  try {
    await writeFile(file, statement.rows)
    if (!request.readableEnded) {
      const limit = limitBytes(context.limits.rowsBytesMax)
      await pipeline(decodedBody(request), limit, createWriteStream(file, { flags: 'a' }))
    }
    // Formats with a header refuse an empty file, yet an INSERT of no rows is valid.
    const isEmpty = (await stat(file)).size === 0
    const source = isEmpty ? { ...statement, format: 'JSONEachRow' } : statement
    const sql =
      source.kind === 'insert-rows' ? insertFromFile(source, file) : inputFromFile(source, file)
    const result = await context.engine.run(engineRequest(exchange, { sql, lane: 'write' }))
    const written = { rows: result.rows, bytes: result.bytes }
    sendText(response, '', { ...answerHead(exchange, result), written })
  } finally {
    await unlink(file).catch(ignoreMissing)
  }
}

async function runSelect(
  exchange: Exchange,
  statement: Extract<Statement, { kind: 'select' }>,
): Promise<void> {
  const { context, request, response, read } = exchange
  const file = join(context.exchangeDir, `${randomUUID()}.out`)
  const sql = selectIntoFile(statement, { file, defaultFormat: read.defaultFormat })
  try {
    const result = await context.engine.run(engineRequest(exchange, { sql, lane: 'read' }))
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
  const { context, response, read } = exchange
  const lane = /^(SHOW|DESC|DESCRIBE|EXISTS|EXPLAIN|SET|USE)$/.test(statement.verb)
    ? 'read'
    : 'write'
  const query = engineRequest(exchange, { sql: statement.text, lane })
  const result = await context.engine.run(query)
  const format = statement.format ?? read.defaultFormat
  const written = { rows: statement.valuesRows, bytes: 0 }
  sendOutput(response, result.output, { ...answerHead(exchange, result), format, written })
}

function engineRequest(
  exchange: Exchange,
  statement: { sql: string; lane: EngineRequest['lane'] },
): EngineRequest {
  const { read, signal } = exchange
  const { database, settings, parameters, session, defaultFormat: format } = read
  return { ...statement, format, database, settings, parameters, session, signal }
}

function answerHead(exchange: Exchange, result: EngineResult): Answer {
  const { read, context } = exchange
  const { rows, bytes, elapsedNs } = result
  const { timezone } = context.engine
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

/**
 * The engine runs without a password on loopback. Web pages must not reach it through the
 * visitor's browser: neither by their own scripts (Origin) nor by rebinding a name (Host).
 */
function refuseForeign(request: IncomingMessage): void {
  const isLocal = (host: string) => /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host)
  const { host = 'localhost', origin } = request.headers
  const originHost = origin === undefined ? undefined : origin.replace(/^https?:\/\//, '')
  if (isLocal(host) && (originHost === undefined || isLocal(originHost))) return
  throw new ClickHouseFailure(497, 'ACCESS_DENIED', 'Only local programs may use this server')
}

function refusal(reason: Extract<Statement, { kind: 'refused' }>['reason']): ClickHouseFailure {
  switch (reason) {
    case 'empty':
      return new ClickHouseFailure(62, 'SYNTAX_ERROR', 'Empty query')
    case 'several':
      return new ClickHouseFailure(62, 'SYNTAX_ERROR', 'Multi-statements are not allowed')
    case 'outfile':
      return new ClickHouseFailure(358, 'INTO_OUTFILE_NOT_ALLOWED', 'INTO OUTFILE is not allowed')
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
