// The embedded ClickHouse engine: one data folder, the queues in front of it, and the database,
// settings, parameters and session that each statement runs with. It knows nothing of HTTP.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type * as chdb from 'chdb'
import type { Session } from 'chdb'

import { WinnowError } from '../../../schemas/errors.ts'
import { ClickHouseFailure, failureOf } from './clickhouse-error.ts'
import {
  ConnectionPool,
  unknownConnection,
  type ConnectionUse,
  type PooledConnection,
} from './connection-pool.ts'
import { accessConfig, usersConfig } from './engine-access.ts'
import { engineInstall } from '../services/prerequisites.ts'
import { QueryQueue } from './query-queue.ts'
import { StatementReader } from './statement-reader.ts'

/** How much work the engine accepts at once. */
export type EngineLimits = {
  /** Reading statements that run in parallel. */
  readSlots: number
  /** Writing statements that run in parallel. */
  writeSlots: number
  /** Statements that may wait in each queue; further ones are refused. */
  waitingMax: number
  /** Sessions (`session_id`) that are kept; beyond that the least recently used one is closed. */
  sessionsMax: number
}

export const defaultEngineLimits: EngineLimits = {
  readSlots: 3,
  writeSlots: 2,
  waitingMax: 200,
  sessionsMax: 32,
}

/** One statement with what its request specifies. */
export type EngineRequest = {
  sql: string
  /** The rows of an INSERT. */
  rows?: string
  queue: 'read' | 'write'
  /** Output format of a statement that returns rows in `output`. */
  format: string
  database: string | undefined
  settings: ReadonlyMap<string, string>
  /** Values of `{name:Type}` placeholders, escaped as in TabSeparated. */
  parameters: ReadonlyMap<string, string>
  session: { id: string; timeoutMs: number; mustExist: boolean } | undefined
  signal: AbortSignal | undefined
}

/** The result of a statement: rows of a SELECT, or the number of inserted rows. */
export type EngineResult = { output: Uint8Array; rows: number; bytes: number; elapsedNs: number }

type KeptSession = { connection: Session; isBusy: boolean; expiry: NodeJS.Timeout }

/** The engine over one data folder; the caller opens it with `openEngine` and closes it. */
export class AnalyticsEngine {
  readonly version: string
  readonly timezone: string
  readonly #connect: () => Session
  readonly #root: Session
  readonly #pool: ConnectionPool
  readonly #limits: EngineLimits
  readonly #queues: Record<EngineRequest['queue'], QueryQueue>
  readonly #sessions = new Map<string, KeptSession>()
  readonly #reader: StatementReader

  constructor(connect: () => Session, limits: EngineLimits) {
    this.#connect = connect
    this.#limits = limits
    this.#queues = {
      read: new QueryQueue({ slots: limits.readSlots, waitingMax: limits.waitingMax }),
      write: new QueryQueue({ slots: limits.writeSlots, waitingMax: limits.waitingMax }),
    }
    const idleMax = limits.readSlots + limits.writeSlots
    this.#pool = new ConnectionPool({ connect, baseSettings, idleMax })
    this.#reader = new StatementReader(connect())
    // This connection keeps the data folder open between requests.
    this.#root = connect()
    const facts = this.#root.query('SELECT version(), timezone()', 'TabSeparated').trim()
    const [version, timezone] = facts.split('\t')
    this.version = version ?? ''
    this.timezone = timezone ?? 'UTC'
  }

  /**
   * Runs one statement with nothing but what its request specifies. A request with a session id
   * uses its session's connection, temporary tables included.
   *
   * @throws ClickHouseFailure with the engine's code.
   */
  run(request: EngineRequest): Promise<EngineResult> {
    return this.#queues[request.queue].run(async () => {
      if (request.session !== undefined) return this.#runInSession(request, request.session)
      const connection = this.#pool.take(request)
      let isKnown = false
      try {
        await this.#prepare(connection, request)
        isKnown = true
        return await execute(connection.session, request)
      } finally {
        this.#pool.give(connection, request, { isKnown })
      }
    }, request.signal)
  }

  /**
   * The statement as the engine itself formats it, without the rows of an INSERT.
   *
   * @throws ClickHouseFailure 62 if the text is not exactly one statement.
   */
  canonical(text: string): Promise<string> {
    return this.#reader.canonical(text)
  }

  /** Closes every connection; the engine writes nothing afterwards. */
  close(): void {
    for (const id of [...this.#sessions.keys()]) this.#endSession(id)
    this.#reader.close()
    this.#pool.close()
    this.#root.close()
  }

  async #runInSession(
    request: EngineRequest,
    wanted: { id: string; timeoutMs: number; mustExist: boolean },
  ): Promise<EngineResult> {
    const { connection, release } = this.#lease(wanted)
    const prepared = unknownConnection(connection)
    try {
      await this.#prepare(prepared, request)
      return await execute(connection, request)
    } finally {
      // What the client itself set stays; what came with the request does not.
      const none = { settings: new Map(), parameters: new Map(), database: undefined }
      await this.#pool.prepare(prepared, none).catch(() => undefined)
      release()
    }
  }

  async #prepare(connection: PooledConnection, use: ConnectionUse): Promise<void> {
    try {
      await this.#pool.prepare(connection, use)
    } catch (error) {
      throw failureOf(error)
    }
  }

  #lease(wanted: { id: string; timeoutMs: number; mustExist: boolean }) {
    const kept = this.#sessions.get(wanted.id)
    if (kept?.isBusy === true) {
      const text = `Session ${wanted.id} is locked by a concurrent client`
      throw new ClickHouseFailure(373, 'SESSION_IS_LOCKED', text)
    }
    if (kept === undefined && wanted.mustExist) {
      throw new ClickHouseFailure(372, 'SESSION_NOT_FOUND', `Session ${wanted.id} not found`)
    }
    if (kept === undefined) this.#makeRoom()
    else clearTimeout(kept.expiry)
    const connection = kept?.connection ?? this.#connect()
    const expiry = setTimeout(() => this.#endSession(wanted.id), wanted.timeoutMs).unref()
    const session = { connection, isBusy: true, expiry }
    // Deleting it first moves the session to the end of the map, as the most recently used one.
    this.#sessions.delete(wanted.id)
    this.#sessions.set(wanted.id, session)
    const release = () => {
      session.isBusy = false
      if (!this.#sessions.has(wanted.id)) connection.close()
    }
    return { connection, release }
  }

  #makeRoom(): void {
    if (this.#sessions.size < this.#limits.sessionsMax) return
    const oldest = [...this.#sessions].find(([, session]) => !session.isBusy)
    if (oldest === undefined) {
      const text = `All ${this.#limits.sessionsMax} sessions are in use`
      throw new ClickHouseFailure(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', text)
    }
    this.#endSession(oldest[0])
  }

  #endSession(id: string): void {
    const session = this.#sessions.get(id)
    if (session === undefined) return
    clearTimeout(session.expiry)
    this.#sessions.delete(id)
    if (!session.isBusy) session.connection.close()
  }
}

/**
 * Opens the engine over `dir`/store; only one process may do so at a time.
 *
 * @throws WinnowError `prerequisite_missing` if the chdb package is not installed.
 */
export async function openEngine(options: {
  dir: string
  limits?: EngineLimits
  /** The engine's users file; tests give users other rights and quotas. */
  users?: string
  /** Further server settings as XML, such as the cluster of a test; they come before the others. */
  server?: string
}): Promise<AnalyticsEngine> {
  const { Session } = await loadChdb()
  const store = join(options.dir, 'store')
  await mkdir(store, { recursive: true })
  const configFile = join(options.dir, 'engine.xml')
  const usersFile = join(options.dir, 'users.xml')
  await writeFile(configFile, engineConfig(usersFile, options.server))
  await writeFile(usersFile, options.users ?? usersConfig())
  const settings = [...baseSettings].map(([name, value]) => `--${name}=${value}`)
  const connectionArgs = [`--config-file=${configFile}`, ...settings]
  const connect = () => new Session(store, { connectionArgs })
  return new AnalyticsEngine(connect, options.limits ?? defaultEngineLimits)
}

/**
 * Makes an empty folder for files through which rows are exchanged; removes what a crash left
 * there.
 */
export async function freshExchangeDir(dir: string): Promise<string> {
  const exchange = join(dir, 'exchange')
  await rm(exchange, { recursive: true, force: true })
  await mkdir(exchange, { recursive: true })
  return exchange
}

/**
 * Disk space that new inserts and merges leave free, so that running ones can finish. If a merge
 * fills the disk completely, this engine version replaces the good parts with the broken one.
 */
export const keptFreeBytes = 67_108_864

/** Caches sized for a laptop: the defaults allow 5 GiB of marks and 5 GiB of primary indexes. */
const engineConfig = (usersFile: string, server = '') => `<clickhouse>
  <users_config>${xmlText(usersFile)}</users_config>
  ${server}
  ${accessConfig}
  <storage_configuration><disks><default>
    <keep_free_space_bytes>${keptFreeBytes}</keep_free_space_bytes>
  </default></disks></storage_configuration>
  <mark_cache_size>33554432</mark_cache_size>
  <index_mark_cache_size>8388608</index_mark_cache_size>
  <primary_index_cache_size>33554432</primary_index_cache_size>
  <vector_similarity_index_cache_size>1048576</vector_similarity_index_cache_size>
  <query_condition_cache_size>8388608</query_condition_cache_size>
  <compiled_expression_cache_size>16777216</compiled_expression_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>2</background_schedule_pool_size>
</clickhouse>
`

function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

/**
 * This engine version turns `async_insert` on by default. Here an INSERT must be finished, and
 * deduplicated by its own token, when it is acknowledged.
 */
const baseSettings: ReadonlyMap<string, string> = new Map([
  ['async_insert', '0'],
  ['max_threads', '2'],
  ['max_insert_threads', '1'],
])

async function execute(connection: Session, request: EngineRequest): Promise<EngineResult> {
  try {
    const { sql, rows: ownRows = '', format } = request
    const result = await connection.queryAsync(withRows(sql, ownRows), { format })
    const { rowsRead: rows, bytesRead: bytes, elapsed } = result
    return { output: result.bytes(), rows, bytes, elapsedNs: Math.round(elapsed * 1e9) }
  } catch (error) {
    throw failureOf(error)
  }
}

function withRows(sql: string, rows: string): string {
  return rows === '' ? sql : `${sql}\n${rows}`
}

async function loadChdb(): Promise<typeof chdb> {
  try {
    return await import('chdb')
  } catch (cause) {
    const text = `The embedded ClickHouse engine needs the npm package chdb: ${engineInstall}`
    throw new WinnowError('prerequisite_missing', text, { cause })
  }
}
