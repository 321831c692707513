// A pool of engine connections, each reset between requests. Opening one per request would be
// simpler and just as fast. But chdb keeps every closed connection (0.4 MB) until all statements
// that ran at that moment have ended: 3,000 small queries beside one long one held 1.3 GB.
import type { Session } from 'chdb'

import { sqlString } from './sql-statement.ts'

/** What a request changes on its connection. */
export type ConnectionUse = {
  sql: string
  database: string | undefined
  settings: ReadonlyMap<string, string>
  parameters: ReadonlyMap<string, string>
}

/**
 * A connection with the parameters that earlier requests left on it; parameters cannot be unset.
 */
export type PooledConnection = { readonly session: Session; readonly leftParameters: Set<string> }

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
   * Takes an idle connection that has no leftover parameter which this request would see; else
   * opens one.
   */
  take(use: ConnectionUse): PooledConnection {
    const fits = this.#idle.findIndex((connection) => !meetsLeftovers(connection, use))
    const [found] = fits < 0 ? [] : this.#idle.splice(fits, 1)
    return found ?? { session: this.#connect(), leftParameters: new Set() }
  }

  /** Returns a connection after a request; closes it if it cannot be reset. */
  async give(connection: PooledConnection, use: ConnectionUse): Promise<void> {
    if (changesSession(use.sql) || this.#idle.length >= this.#idleMax) {
      connection.session.close()
      return
    }
    try {
      await this.reset(connection.session, use)
    } catch {
      connection.session.close()
      return
    }
    for (const name of use.parameters.keys()) connection.leftParameters.add(name)
    this.#idle.push(connection)
  }

  /** Undoes a request's database and settings. */
  async reset(session: Session, use: Omit<ConnectionUse, 'sql' | 'parameters'>): Promise<void> {
    const assignments = [...use.settings.keys()].map((name) => {
      const value = this.#baseSettings.get(name)
      return `${name} = ${value === undefined ? 'DEFAULT' : sqlString(value)}`
    })
    if (assignments.length > 0) await session.queryAsync(`SET ${assignments.join(', ')}`)
    if (use.database !== undefined) await session.queryAsync('USE default')
  }

  close(): void {
    for (const { session } of this.#idle.splice(0)) session.close()
  }
}

/** Whether the statement names a parameter that the request lacks but the connection has. */
function meetsLeftovers(connection: PooledConnection, use: ConnectionUse): boolean {
  if (connection.leftParameters.size === 0) return false
  const named = [...use.sql.matchAll(/\{\s*(\w+)\s*:/g)].map((match) => match[1] ?? '')
  return named.some((name) => connection.leftParameters.has(name) && !use.parameters.has(name))
}

/** Whether a statement, as the engine formats it, has an effect that stays on the connection. */
function changesSession(sql: string): boolean {
  return /^(SET|USE|CREATE (OR REPLACE )?TEMPORARY)\b/.test(sql)
}
