// The ClickHouse client: connection settings and error mapping. Every statement of Winnow goes
// through it; only the URL tells the embedded engine from a real server.
import {
  ClickHouseLogLevel,
  createClient,
  type ClickHouseClient,
  type ClickHouseSettings,
  type DataFormat,
} from '@clickhouse/client'
import type { Agent } from 'node:https'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Config } from '../../configs/schema.ts'
import { parseExactJson } from '../../schemas/exact-json.ts'
import type { Fence } from '../../schemas/fence.ts'
import {
  analyticsError,
  answerError,
  EngineError,
  engineException,
  failureBytesMax,
  isFailure,
} from './clickhouse-failure.ts'
import { jsonRows } from './clickhouse-rows.ts'
import {
  fencedError,
  fenceComment,
  fenceCondition,
  fenceParameters,
  throwIfCode,
} from './fence-condition.ts'
import { statementsIn, statementsLike, type TableLike } from './cluster-statements.ts'
import { createTlsAgent } from './tls-files.ts'
import {
  everywhere,
  fenceReadSettings,
  localTable,
  fenceWriteSettings,
  requestSettings,
  topologyOf,
  type Everywhere,
} from './topology.ts'

export type Analytics = {
  /**
   * Rows of a SELECT; whole numbers above 2^53 are bigints. Parameters are `{name: Type}` in the
   * text.
   */
  rows<Row>(sql: string, parameters?: Record<string, unknown>): Promise<Row[]>
  /** Rows of a SELECT as they arrive, in bounded memory. Leaving the loop early ends the query. */
  stream<Row>(sql: string, parameters?: Record<string, unknown>): AsyncGenerator<Row>
  /** A statement without a result. */
  run(sql: string, parameters?: Record<string, unknown>): Promise<void>
  /**
   * A statement that reads and writes fences: on a cluster its effect is seen by all later ones, on
   * any server.
   */
  runFence(sql: string, parameters: Record<string, unknown>): Promise<void>
  /**
   * A statement that defines or changes tables (ALTER, CREATE, DROP), written for one server: on a
   * cluster it runs on every server, and on the tables that hold the rows of a sharded one.
   */
  define(sql: string, parameters?: Record<string, unknown>): Promise<void>
  /** Makes a table with the columns and the storage of another one, if it is missing. */
  createLike(table: TableLike): Promise<void>
  /** How to read what any server of the cluster has stored. */
  readonly everywhere: Everywhere
  /**
   * Whether blocks are numbered in the order in which they become visible. Replicated tables number
   * the blocks of each month by themselves, before they are visible.
   */
  readonly hasBlockOrder: boolean
  /**
   * Inserts rows, given in the order of `columns`, as one block. Throws fenced if the insertion's
   * fence is not the latest of its partitions.
   */
  insert(table: string, insertion: Insertion): Promise<void>
  /**
   * The result of any query as text: in `format`, or in the format that the query itself names.
   * JSON has numbers with all their digits, and "inf", "-inf" and "nan" as strings.
   */
  text(
    sql: string,
    format: 'JSON' | 'PrettyCompactMonoBlock',
    parameters?: Record<string, unknown>,
  ): Promise<string>
  ping(): Promise<void>
  close(): Promise<void>
}

export type Insertion = {
  columns: readonly [string, ...string[]]
  values: readonly (readonly unknown[])[]
  /**
   * Blocks with the same token, and the same fence if any, are stored once unless the server
   * crashes.
   */
  token: string
  /** Stores the rows only while this is the latest fence of its partitions. */
  fence?: Fence
}

/**
 * Creates the client; it connects on first use. Without `database` the server's default is used.
 * Throws `config_invalid` if a file of clickhouse.tls cannot be used.
 */
export function createAnalytics(
  config: Config['clickhouse'],
  options: { database?: string | undefined } = { database: config.database },
): Analytics {
  const topology = topologyOf(config)
  const agent = config.url.startsWith('https:')
    ? createTlsAgent(config.tls, { keepAlive: true, maxSockets: connectionsMax })
    : undefined
  const client = createClient({
    url: config.url,
    ...credentialsOf(config),
    request_timeout: config.requestMsMax,
    max_open_connections: connectionsMax,
    // Failures are thrown; the caller decides what to report.
    log: { level: ClickHouseLogLevel.OFF },
    keep_alive: { enabled: true, idle_socket_ttl: 2_500 },
    clickhouse_settings: requestSettings(topology),
    ...(agent !== undefined && { http_agent: agent }),
    ...(config.roles.length > 0 && { role: config.roles }),
    ...(options.database === undefined ? {} : { database: options.database }),
  })
  const structures = new Map<string, Promise<string>>()
  const structureOf = (table: string, columns: readonly string[]): Promise<string> => {
    const key = `${table} ${columns.join()}`
    let structure = structures.get(key)
    if (structure === undefined) {
      structure = readStructure(client, table, columns)
      structure.catch(() => structures.delete(key))
      structures.set(key, structure)
    }
    return structure
  }
  return {
    rows: (sql, parameters) => analyticsCall('query', () => readRows(client, sql, parameters)),
    stream: (sql, parameters) => streamRows(client, sql, parameters),
    run: (sql, parameters) =>
      analyticsCall('run a statement', async () => {
        await text((await send(client, { query: sql, parameters })).body)
      }),
    runFence: (sql, parameters) =>
      analyticsCall('raise a fence', async () => {
        const settings = fenceWriteSettings(topology)
        await text((await send(client, { query: sql, parameters, settings })).body)
      }),
    define: (sql, parameters) =>
      analyticsCall('define a table', async () => {
        for (const query of statementsIn(topology, config.database, sql)) {
          await text((await send(client, { query, parameters })).body)
        }
      }),
    createLike: (table) =>
      analyticsCall(`create ${table.name}`, async () => {
        for (const query of await likeStatements(client, config, table)) {
          await text((await send(client, { query })).body)
        }
      }),
    everywhere: everywhere(config),
    hasBlockOrder: topology.kind === 'single',
    insert: (table, insertion) =>
      analyticsCall(`insert into ${table}`, async () => {
        const { fence, columns, values } = insertion
        if (values.length === 0) return
        if (fence === undefined) return insertBlock(client, table, insertion)
        const structure = await structureOf(table, columns)
        const settings = fenceReadSettings(topology)
        return insertFenced(client, { table, structure, fence, settings, ...insertion })
      }),
    text: (sql, format, parameters) =>
      analyticsCall('query', async () => {
        // Colours would be escaped with all other control characters.
        const plain = { output_format_pretty_color: 0 } as const
        const settings = {
          ...wholeAnswers,
          ...plain,
          ...exactNumbers,
          default_format: format as DataFormat,
        }
        return text((await send(client, { query: sql, parameters, settings })).body)
      }),
    ping: () =>
      analyticsCall('ping', async () => {
        const answer = await client.ping()
        if (!answer.success) throw answer.error
      }),
    close: () => closeClient(client, agent),
  }
}

const connectionsMax = 8

/**
 * Without a password, a client certificate tells the server who calls. ClickHouse refuses a request
 * with both.
 */
function credentialsOf({ username, password, tls }: Config['clickhouse']) {
  const byCertificate = tls?.certFile !== undefined && (password ?? '') === ''
  if (!byCertificate) return { username, password: password ?? '' }
  return {
    username,
    set_basic_auth_header: false,
    http_headers: { 'X-ClickHouse-User': username, 'X-ClickHouse-SSL-Certificate-Auth': 'on' },
  }
}

async function closeClient(client: ClickHouseClient, agent: Agent | undefined): Promise<void> {
  await client.close()
  agent?.destroy()
}

const exactNumbers: ClickHouseSettings = {
  output_format_json_quote_64bit_floats: 0,
  output_format_json_quote_decimals: 0,
  output_format_json_quote_denormals: 1,
}
const plainNumbers: ClickHouseSettings = { output_format_json_quote_64bit_integers: 0 }
/** The server finishes the query before it responds, so that the status is correct. */
const wholeAnswers: ClickHouseSettings = { ...plainNumbers, wait_end_of_query: 1 }

type Statement = {
  query: string
  parameters?: Record<string, unknown> | undefined
  settings?: ClickHouseSettings
  /** The rows of an insert, in the format that the query names. */
  values?: Readable
}

/** Sends a statement. Throws EngineError for every response that reports a failure. */
async function send(client: ClickHouseClient, statement: Statement) {
  const { query, parameters, settings, values } = statement
  const options = {
    query,
    query_params: parameters ?? {},
    clickhouse_settings: settings ?? {},
    // The client takes any text that quotes an exception for one; see clickhouse-failure.ts.
    ignore_error_response: true,
  }
  const answer = await client.exec(values === undefined ? options : { ...options, values })
  const head = { status: answer.http_status_code, headers: answer.response_headers }
  const body: Readable = answer.stream
  if (isFailure(head)) throw answerError({ ...head, body: await beginning(body) })
  return { ...head, body }
}

/** The first bytes of a body as text; drops the rest. */
async function beginning(body: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= failureBytesMax) break
  }
  return Buffer.concat(chunks).toString()
}

/**
 * Reads all rows as one JSON document. A truncated or empty response then counts as a failure.
 * Taken for no rows, it would mean that nothing was delivered yet.
 */
async function readRows<Row>(
  client: ClickHouseClient,
  sql: string,
  parameters?: Record<string, unknown>,
): Promise<Row[]> {
  const query = inFormat(sql, 'JSON')
  const { body, ...head } = await send(client, { query, parameters, settings: wholeAnswers })
  const words = await text(body)
  const rows = rowsOf(words)
  if (rows !== undefined) return rows as Row[]
  const isCut = words.trimStart().startsWith('{') && engineException(words) === undefined
  throw isCut
    ? new EngineError('the answer ended too early', { httpStatus: head.status })
    : answerError({ ...head, body: words })
}

function inFormat(sql: string, format: DataFormat): string {
  return `${sql.trim().replace(/;$/, '')}\nFORMAT ${format}`
}

function rowsOf(words: string): unknown[] | undefined {
  try {
    const document = parseExactJson(words) as { data?: unknown; exception?: unknown } | null
    if (document?.exception !== undefined) return undefined
    return Array.isArray(document?.data) ? document.data : undefined
  } catch {
    return undefined
  }
}

async function* streamRows<Row>(
  client: ClickHouseClient,
  sql: string,
  parameters?: Record<string, unknown>,
): AsyncGenerator<Row> {
  const query = inFormat(sql, 'JSONEachRow')
  const { body, ...head } = await analyticsCall('query', () =>
    send(client, { query, parameters, settings: plainNumbers }),
  )
  try {
    yield* jsonRows<Row>(body as AsyncIterable<Buffer>, head)
  } catch (cause) {
    throw analyticsError('read the rows of a query', cause)
  } finally {
    body.destroy()
  }
}

async function analyticsCall<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    throw analyticsError(what, cause)
  }
}

async function insertBlock(
  client: ClickHouseClient,
  table: string,
  { columns, values, token }: Insertion,
): Promise<void> {
  const query = `INSERT INTO ${table} (${columns.join(', ')}) FORMAT JSONCompactEachRow`
  await sendRows(client, { query, settings: blockSettings(token), values: linesOf(values) })
}

/**
 * Sends rows. An insert has no result: if the response holds anything, the rows may not be stored.
 */
async function sendRows(client: ClickHouseClient, statement: Statement): Promise<void> {
  const { body, ...head } = await send(client, statement)
  const said = await beginning(body)
  if (said.trim() !== '') throw answerError({ ...head, body: said })
}

function linesOf(values: Insertion['values']): Readable {
  return Readable.from(pieces(values), { objectMode: false })
}

/** UTF-16 units from which on a piece of a body is sent: each piece is a write of its own. */
const pieceCharacters = 65_536

function* pieces(values: Insertion['values']): Generator<string> {
  let piece = ''
  for (const row of values) {
    piece += `${JSON.stringify(row)}\n`
    if (piece.length < pieceCharacters) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

function blockSettings(token: string) {
  return {
    insert_deduplicate: 1,
    insert_deduplication_token: token,
    // For views that users feed from Winnow's tables; its own rollups are projections inside them.
    deduplicate_blocks_in_dependent_materialized_views: 1,
    max_insert_block_size: '1048576',
    input_format_parallel_parsing: 0,
    async_insert: 0,
    date_time_input_format: 'best_effort',
  } as const
}

/**
 * Inserts rows if their fence is still the latest: the server compares it when the insert starts.
 * The server's memory of tokens may not survive a crash, and can then hold a token without its
 * rows. So tokens are only trusted under one fence; a writer in doubt raises another fence and
 * reads what is stored.
 */
async function insertFenced(
  client: ClickHouseClient,
  block: Insertion & {
    table: string
    structure: string
    fence: Fence
    settings: ClickHouseSettings
  },
): Promise<void> {
  const { table, columns, values, structure, fence, token } = block
  try {
    await sendRows(client, {
      query:
        `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${columns.join(', ')} ` +
        `FROM input('${structure}') WHERE ${fenceCondition} FORMAT JSONCompactEachRow`,
      parameters: fenceParameters(fence),
      values: linesOf(values),
      // Rows arrive in the order of one stream, so that a repeated insert is the same block.
      settings: {
        ...block.settings,
        ...blockSettings(`${token}-${fence.token}`),
        max_threads: 1,
        max_insert_threads: '1',
        log_comment: fenceComment(fence),
      },
    })
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== throwIfCode) throw error
    throw fencedError(fence, error)
  }
}

/** The columns as `name type, …`, the structure argument of the table function input. */
async function readStructure(
  client: ClickHouseClient,
  table: string,
  columns: readonly string[],
): Promise<string> {
  const sql = `DESCRIBE TABLE ${table}`
  const described = await readRows<{ name: string; type: string }>(client, sql)
  const typeByName = new Map(described.map(({ name, type }) => [name, type]))
  return columns
    .map((name) => `\`${name}\` ${typeByName.get(name) ?? 'String'}`)
    .join(', ')
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
}

async function likeStatements(
  client: ClickHouseClient,
  config: Config['clickhouse'],
  table: TableLike,
): Promise<string[]> {
  const topology = topologyOf(config)
  if (topology.kind === 'single' || topology.kind === 'cloud') {
    return statementsLike(topology, config.database, { ...table, storage: '' })
  }
  const original = topology.kind === 'sharded' ? localTable(table.like) : table.like
  const [found] = await readRows<{ storage: string }>(
    client,
    `SELECT engine_full AS storage FROM system.tables
     WHERE database = currentDatabase() AND name = {original: String}`,
    { original },
  )
  return statementsLike(topology, config.database, { ...table, storage: found?.storage ?? '' })
}
