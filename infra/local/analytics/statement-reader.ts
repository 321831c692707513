// Formats clients' statements with the engine's own parser, so that only text in the engine's one
// form is classified and run.
import type { Session } from 'chdb'

import { failureOf } from './clickhouse-error.ts'
import { sqlString } from './sql-statement.ts'

/** Formatted statements that are cached, because programs repeat the same few. */
const rememberedMax = 500
/** Longer ones carry values of their own and do not repeat. */
const rememberedCharactersMax = 4_096
/** The engine's own limit is 256 KiB, which lists of values exceed. */
const statementBytesMax = 2 ** 30

/** Formats statements on a connection of its own, one at a time. */
export class StatementReader {
  readonly #connection: Session
  readonly #remembered = new Map<string, string>()
  #last: Promise<unknown>

  constructor(connection: Session) {
    this.#connection = connection
    this.#last = connection.queryAsync(`SET max_query_size = ${statementBytesMax}`)
    this.#last.catch(() => undefined)
  }

  /**
   * The statement in one line, without comments, with one way to quote strings and one to quote
   * names; without the rows after an INSERT.
   *
   * @throws ClickHouseFailure 62 if the text is not exactly one statement.
   */
  async canonical(text: string): Promise<string> {
    const known = this.#remembered.get(text)
    if (known !== undefined) return known
    const read = () => this.#connection.queryAsync(question(text), { format: 'TSVRaw' })
    const turn = this.#last.then(read, read)
    this.#last = turn
    try {
      const sql = (await turn).text().replace(/\n$/, '')
      if (text.length <= rememberedCharactersMax) this.#remember(text, sql)
      return sql
    } catch (error) {
      throw failureOf(error)
    }
  }

  close(): void {
    this.#connection.close()
  }

  #remember(text: string, sql: string): void {
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size >= rememberedMax && oldest !== undefined) {
      this.#remembered.delete(oldest)
    }
    this.#remembered.set(text, sql)
  }
}

function question(text: string): string {
  return `SELECT formatQuerySingleLine(${sqlString(text)})`
}
