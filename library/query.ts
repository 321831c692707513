// Runs SQL on ClickHouse, for programs and for the command `query`.
import { createAnalytics, type Analytics } from '../infra/clickhouse/clickhouse.ts'
import { WinnowError } from '../schemas/errors.ts'
import { parseExactJson } from '../schemas/exact-json.ts'
import { resolveContext, type WinnowOptions } from './context.ts'

/** The options of {@link query}. */
export type QueryOptions = WinnowOptions & {
  /** Values of the parameters in the SQL, which are written `{name: Type}`. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined
}

/** The result of a query. */
export type QueryResult<Row = Readonly<Record<string, unknown>>> = {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly Row[]
  readonly count: number
}

/**
 * Runs one statement. Whole numbers that JavaScript would round are bigints; "inf", "-inf" and
 * "nan" are strings. A statement without a result gives no rows. All rows are held in memory, so
 * put a LIMIT on a query whose result may be large.
 *
 * @throws WinnowError `analytics_unavailable`, `analytics_refused`, `usage` for SQL with a FORMAT.
 *
 * @example
 * const sql = 'SELECT label, score FROM classifications WHERE score < {max: Float64} LIMIT 10'
 * const { rows } = await query<{ label: string; score: number }>(sql, { parameters: { max: 0.6 } })
 */
export async function query<Row = Readonly<Record<string, unknown>>>(
  sql: string,
  options: QueryOptions = {},
): Promise<QueryResult<Row>> {
  const { config } = await resolveContext(options)
  const analytics = createAnalytics(config.clickhouse)
  try {
    const { parameters } = options
    return (await queryIn(analytics, {
      sql,
      parameters,
      parse: parseExactJson,
    })) as QueryResult<Row>
  } finally {
    await analytics.close()
  }
}

type JsonAnswer = {
  readonly meta: QueryResult['columns']
  readonly data: QueryResult['rows']
  readonly rows: number
}

/** `query` with an open client and a parser of its choice. */
export async function queryIn(
  analytics: Analytics,
  statement: {
    readonly sql: string
    readonly parameters?: Readonly<Record<string, unknown>> | undefined
    /** Parses the JSON of the response; throws SyntaxError for other text. */
    readonly parse: (json: string) => unknown
  },
): Promise<QueryResult> {
  const sql = plainStatement(statement.sql)
  const answer = await analytics.text(sql, 'JSON', statement.parameters)
  if (answer === '') return { columns: [], rows: [], count: 0 }
  const { meta, data, rows } = jsonAnswer(answer, statement.parse)
  return { columns: meta, rows: data, count: rows }
}

/** The statement without the semicolon at its end. */
export function plainStatement(sql: string): string {
  return sql.trim().replace(/;$/, '')
}

function jsonAnswer(answer: string, parse: (json: string) => unknown): JsonAnswer {
  let document: Partial<JsonAnswer> | null = null
  try {
    document = parse(answer) as Partial<JsonAnswer> | null
  } catch {
    // Invalid JSON is refused below, like JSON of another shape.
  }
  if (Array.isArray(document?.meta) && Array.isArray(document.data)) return document as JsonAnswer
  throw new WinnowError(
    'usage',
    'The SQL names a FORMAT, but JSON (--json) needs its own; leave out one of the two.',
  )
}
