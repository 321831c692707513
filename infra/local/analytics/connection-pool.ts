// A pool of engine connections, each reset between requests. Opening one per request would be
// simpler and just as fast. But chdb keeps every closed connection (0.4 MB) until all statements
// that ran at that moment have ended: 3,000 small queries beside one long one held 1.3 GB.
import type { Session } from 'chdb'

import { ClickHouseFailure } from './clickhouse-error.ts'
import { sqlString } from './sql-statement.ts'

/** What a request needs of its connection. */
export type ConnectionUse = {
  sql: string
  database: string | undefined
  settings: ReadonlyMap<string, string>
  parameters: ReadonlyMap<string, string>
}

/** A connection with what the request before the next one left on it. */
export type PooledConnection = {
  readonly session: Session
  /** Parameters cannot be unset. */
  readonly parameters: Map<string, string>
  /** Those that are not as on a new connection. */
  settings: ReadonlyMap<string, string>
  database: string | undefined
}

/** Idle connections of one data folder. The caller's queues bound how many are in use. */
export class ConnectionPool {
  readonly #connect: () => Session
  readonly #baseSettings: ReadonlyMap<string, string>
  readonly #idleMax: number
  readonly #idle: PooledConnection[] = []

  /** @param options `baseSettings` are the settings of every new connection. */
  constructor(options: {
    connect: () => Session
    baseSettings: ReadonlyMap<string, string>
    idleMax: number
  }) {
    this.#connect = options.connect
    this.#baseSettings = options.baseSettings
    this.#idleMax = options.idleMax
  }

  /**
   * Takes an idle connection that has no leftover parameter which this request would see, best the
   * one that a request of its kind used; else opens one. A request without a database gets one that
   * had none: going back to the database `default` takes a right that its user may lack.
   */
  take(use: ConnectionUse): PooledConnection {
    const fitting = this.#idle.filter(
      (connection) =>
        !meetsLeftovers(connection, use) &&
        (use.database !== undefined || connection.database === undefined),
    )
    const chosen = fitting.findLast((connection) => hasSameSettings(connection, use))
    const found = chosen ?? fitting.at(-1)
    if (found === undefined) return unknownConnection(this.#connect())
    this.#idle.splice(this.#idle.indexOf(found), 1)
    return found
  }

  /**
   * Gives the connection the request's settings and no others, its database if it names one, and
   * its parameters. What is there already costs no statement: each takes the engine about 1.5 ms.
   */
  async prepare(connection: PooledConnection, use: Omit<ConnectionUse, 'sql'>): Promise<void> {
    const { session, settings, parameters } = connection
    if (use.database !== undefined && use.database !== connection.database) {
      await session.queryAsync(`USE ${sqlName(use.database)}`)
      connection.database = use.database
    }
    const assignments = [
      ...changed(parameters, use.parameters).map(([name, value]) =>
        assignment(`param_${name}`, value),
      ),
      ...[...settings.keys()]
        .filter((name) => !use.settings.has(name))
        .map((name) => assignment(name, this.#baseSettings.get(name))),
      ...changed(settings, use.settings).map(([name, value]) => assignment(name, value)),
    ]
    if (assignments.length > 0) {
      const sql = `SET ${assignments.join(', ')}`
      const bytes = Buffer.byteLength(sql)
      const isLong = bytes > queryBytesMax
      // Long parameters are allowed and must not count against the limit of the statement itself.
      if (isLong) await session.queryAsync(`SET max_query_size = ${bytes + 1}`)
      await session.queryAsync(sql)
      if (isLong) {
        const own = use.settings.get('max_query_size')
        await session.queryAsync(`SET ${assignment('max_query_size', own)}`)
      }
    }
    for (const [name, value] of use.parameters) parameters.set(name, value)
    connection.settings = use.settings
  }

  /** Returns a connection after a request; `isKnown` is false if `prepare` failed. */
  give(connection: PooledConnection, use: ConnectionUse, { isKnown = true } = {}): void {
    if (!isKnown || changesSession(use.sql) || this.#idle.length >= this.#idleMax) {
      connection.session.close()
    } else this.#idle.push(connection)
  }

  close(): void {
    for (const { session } of this.#idle.splice(0)) session.close()
  }
}

/** A connection in an unknown state, such as one on which a client ran statements. */
export function unknownConnection(session: Session): PooledConnection {
  return { session, parameters: new Map(), settings: new Map(), database: undefined }
}

/**
 * Statements above this size need a higher limit in the engine; ClickHouse's default is 256 KiB.
 */
const queryBytesMax = 200_000

/** What `to` has and `from` lacks, or has with another value. */
function changed(
  from: ReadonlyMap<string, string>,
  to: ReadonlyMap<string, string>,
): [name: string, value: string][] {
  return [...to].filter(([name, value]) => from.get(name) !== value)
}

/** One assignment of a SET; the engine's own value without one. */
function assignment(name: string, value: string | undefined): string {
  if (!/^\w+$/.test(name)) {
    throw new ClickHouseFailure(115, 'UNKNOWN_SETTING', `Unknown setting '${name}'`)
  }
  return `${name} = ${value === undefined ? 'DEFAULT' : sqlString(value)}`
}

function sqlName(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
}

function hasSameSettings({ settings }: PooledConnection, use: ConnectionUse): boolean {
  return (
    settings.size === use.settings.size &&
    [...use.settings.keys()].every((name) => settings.has(name))
  )
}

/** Whether the statement names a parameter that the request lacks but the connection has. */
function meetsLeftovers(connection: PooledConnection, use: ConnectionUse): boolean {
  const { parameters } = connection
  if (parameters.size === 0) return false
  const named = [...use.sql.matchAll(/\{\s*(\w+)\s*:/g)].map((match) => match[1] ?? '')
  return named.some((name) => parameters.has(name) && !use.parameters.has(name))
}

/** Whether a statement, as the engine formats it, has an effect that stays on the connection. */
function changesSession(sql: string): boolean {
  return /^(SET|USE|CREATE (OR REPLACE )?TEMPORARY)\b/.test(sql)
}
