// The ClickHouse client: connection settings and error mapping. Every statement of Winnow goes
// through here; the embedded engine and a real server are told apart by nothing but the URL.
import {
  ClickHouseError,
  ClickHouseLogLevel,
  createClient,
  type ClickHouseClient,
  type DataFormat,
} from '@clickhouse/client'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Config } from '../configs/schema.ts'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import type { Fence } from '../schemas/fence.ts'
import {
  fencedError,
  fenceComment,
  fenceCondition,
  fenceParameters,
  throwIfCode,
} from './fence-condition.ts'

export type Analytics = {
  /** Rows of a SELECT. Parameters are `{name: Type}` in the text. */
  rows<Row>(sql: string, parameters?: Record<string, unknown>): Promise<Row[]>
  /** Rows of a SELECT as they come, in bounded memory. Leaving early ends the query. */
  stream<Row>(sql: string, parameters?: Record<string, unknown>): AsyncGenerator<Row>
  /** A statement without a result. */
  run(sql: string, parameters?: Record<string, unknown>): Promise<void>
  /**
   * Inserts rows given in the order of `columns`, as one block. Throws fenced when the insertion
   * carries a fence that is no longer the latest of its partitions.
   */
  insert(table: string, insertion: Insertion): Promise<void>
  /**
   * Any query, as the text that the engine gives: in `format`, or in the format that the query
   * itself names.
   */
  text(sql: string, format: 'JSON' | 'PrettyCompactMonoBlock'): Promise<string>
  ping(): Promise<void>
  close(): Promise<void>
}

export type Insertion = {
  columns: readonly [string, ...string[]]
  values: readonly (readonly unknown[])[]
  /** Blocks with the same token, and the same fence if any, are stored once, unless the server crashes. */
  token: string
  /** Stores the rows only while this is the latest fence of its partitions. */
  fence?: Fence
}

/** Makes the client; nothing is connected yet. `database` undefined means the server's default. */
export function createAnalytics(
  config: Config['clickhouse'],
  options: { database?: string | undefined } = { database: config.database },
): Analytics {
  const client = createClient({
    url: config.url,
    username: config.username,
    password: config.password ?? '',
    request_timeout: config.requestMsMax,
    max_open_connections: 8,
    // Failures are thrown; what becomes of them is the caller's to say.
    log: { level: ClickHouseLogLevel.OFF },
    keep_alive: { enabled: true, idle_socket_ttl: 2_500 },
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
    rows: (sql, parameters) =>
      analyticsCall('query', async () => {
        const answer = await client.query({
          query: sql,
          format: 'JSONEachRow',
          query_params: parameters ?? {},
          clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
        })
        return answer.json()
      }),
    stream: (sql, parameters) => streamRows(client, sql, parameters),
    run: (sql, parameters) =>
      analyticsCall('run a statement', async () => {
        await client.command({ query: sql, query_params: parameters ?? {} })
      }),
    insert: (table, insertion) =>
      analyticsCall(`insert into ${table}`, async () => {
        const { fence, columns, values } = insertion
        if (values.length === 0) return
        if (fence === undefined) return insertBlock(client, table, insertion)
        const structure = await structureOf(table, columns)
        return insertFenced(client, { table, structure, fence, ...insertion })
      }),
    text: (sql, format) =>
      analyticsCall('query', async () => {
        const answer = await client.exec({
          query: sql,
          clickhouse_settings: {
            default_format: format as DataFormat,
            output_format_json_quote_64bit_integers: 0,
          },
        })
        return text(answer.stream)
      }),
    ping: () =>
      analyticsCall('ping', async () => {
        const answer = await client.ping()
        if (!answer.success) throw answer.error
      }),
    close: () => client.close(),
  }
}

async function* streamRows<Row>(
  client: ClickHouseClient,
  sql: string,
  parameters: Record<string, unknown> = {},
): AsyncGenerator<Row> {
  const answer = await analyticsCall('query', () =>
    client.query({
      query: sql,
      format: 'JSONEachRow',
      query_params: parameters,
      clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
    }),
  )
  try {
    for await (const rows of answer.stream<Row>()) {
      for (const row of rows) yield row.json()
    }
  } catch (cause) {
    throw analyticsError('read the rows of a query', cause)
  } finally {
    answer.close()
  }
}

/** ClickHouse error codes after which the same statement may succeed later. */
const passing = new Set([
  '75', // CANNOT_WRITE_TO_FILE_DESCRIPTOR, such as one on a full disk
  '159', // TIMEOUT_EXCEEDED
  '202', // TOO_MANY_SIMULTANEOUS_QUERIES
  '209', // SOCKET_TIMEOUT
  '210', // NETWORK_ERROR
  '241', // MEMORY_LIMIT_EXCEEDED
  '242', // TABLE_IS_READ_ONLY
  '243', // NOT_ENOUGH_SPACE
  '252', // TOO_MANY_PARTS
  '319', // UNKNOWN_STATUS_OF_INSERT
  '425', // SYSTEM_ERROR
  '999', // KEEPER_EXCEPTION
  '1001', // STD_EXCEPTION, such as a file system that is full
])

/** Maps a client error: what the engine said for good is analytics_refused. */
export function analyticsError(what: string, cause: unknown): WinnowError {
  if (cause instanceof WinnowError) return cause
  if (cause instanceof ClickHouseError && !passing.has(cause.code)) {
    return new WinnowError('analytics_refused', `ClickHouse refused to ${what}: ${cause.message}`, {
      cause,
      details: { clickhouseCode: Number(cause.code), clickhouseType: cause.type },
    })
  }
  return new WinnowError('analytics_unavailable', `cannot ${what}: ${errorMessage(cause)}`, {
    cause,
  })
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
  await client.insert({
    table,
    values: values as unknown[][],
    columns: columns as [string, ...string[]],
    format: 'JSONCompactEachRow',
    clickhouse_settings: blockSettings(token),
  })
}

function blockSettings(token: string) {
  return {
    insert_deduplicate: 1,
    insert_deduplication_token: token,
    // For views that somebody feeds from our tables; our own rollups are within them.
    deduplicate_blocks_in_dependent_materialized_views: 1,
    max_insert_block_size: '1048576',
    input_format_parallel_parsing: 0,
    async_insert: 0,
    date_time_input_format: 'best_effort',
  } as const
}

/**
 * The server itself compares the fence when it begins the insert, and stores nothing if it is old. Its
 * memory of tokens does not outlive a crash for sure: a token may be known of which no row is stored. So
 * tokens are those of one fence, and whoever is in doubt raises another and looks what is there.
 */
async function insertFenced(
  client: ClickHouseClient,
  block: Insertion & { table: string; structure: string; fence: Fence },
): Promise<void> {
  const { table, columns, values, structure, fence, token } = block
  const lines = values.map((row) => `${JSON.stringify(row)}\n`)
  try {
    const answer = await client.exec({
      query:
        `INSERT INTO ${table} (${columns.join(', ')}) SELECT ${columns.join(', ')} ` +
        `FROM input('${structure}') WHERE ${fenceCondition} FORMAT JSONCompactEachRow`,
      query_params: fenceParameters(fence),
      values: Readable.from(lines, { objectMode: false }),
      // Rows come in the order of one stream, so that repeating them is repeating the same block.
      clickhouse_settings: {
        ...blockSettings(`${token}-${fence.token}`),
        ...{ max_threads: 1, max_insert_threads: '1', log_comment: fenceComment(fence) },
      },
    })
    await text(answer.stream)
  } catch (error) {
    if (!(error instanceof ClickHouseError) || error.code !== throwIfCode) throw error
    throw fencedError(fence, error)
  }
}

/** `name type, …` of columns, as the table function input takes it. */
async function readStructure(
  client: ClickHouseClient,
  table: string,
  columns: readonly string[],
): Promise<string> {
  const answer = await client.query({ query: `DESCRIBE TABLE ${table}`, format: 'JSONEachRow' })
  const described = await answer.json<{ name: string; type: string }>()
  const typeByName = new Map(described.map(({ name, type }) => [name, type]))
  return columns
    .map((name) => `\`${name}\` ${typeByName.get(name) ?? 'String'}`)
    .join(', ')
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
}
