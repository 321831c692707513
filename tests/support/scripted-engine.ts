// The real analytics client in front of a server whose answers a test scripts: what the adapters
// ask of ClickHouse, and what they make of its answers. What the engine makes of the SQL is tested
// in tests/contract and tests/integration.
import { configSchema } from '../../configs/schema.ts'
import { createAnalytics, type Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { startFakeClickHouse, type FakeClickHouse } from './fake-clickhouse.ts'

/** A statement as the engine sees it; parameters are text. */
export type SeenStatement = {
  readonly sql: string
  readonly parameters: Readonly<Record<string, string>>
}

export type SeenInsert = {
  readonly table: string
  /** Rows by the names of their columns. */
  readonly rows: Record<string, unknown>[]
  /** The token of the block; under a fence that of the fence is behind it. */
  readonly token: string
  /** The token of the fence, undefined without one. */
  readonly fence: string | undefined
}

export type ScriptedEngine = {
  readonly analytics: Analytics
  readonly engine: FakeClickHouse
  /**
   * Answers statements that contain `part` with these rows, from now on; what is not scripted has
   * none.
   */
  answer(part: string, rows: readonly object[] | ((seen: SeenStatement) => readonly object[])): void
  /** What was asked and run, in order, without the inserts of rows. */
  statements(): SeenStatement[]
  inserts(): SeenInsert[]
  close(): Promise<void>
}

/** Starts the server; the caller closes it. */
export async function openScriptedEngine(): Promise<ScriptedEngine> {
  const engine = await startFakeClickHouse()
  const clickhouse = { ...configSchema.parse({}).clickhouse, url: engine.url }
  const analytics = createAnalytics(clickhouse)
  const scripts: { part: string; rows: (seen: SeenStatement) => readonly object[] }[] = []
  engine.select = (response) => {
    const seen = statementOf(engine.seen.at(-1)!)
    const script = scripts.findLast(({ part }) => seen.sql.includes(part))
    const rows = script?.rows(seen) ?? []
    const isStream = /FORMAT JSONEachRow\s*$/.test(seen.sql)
    if (isStream) response.end(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    else response.end(JSON.stringify({ meta: [], data: rows, rows: rows.length }))
  }
  return {
    analytics,
    engine,
    answer(part, rows) {
      scripts.push({ part, rows: typeof rows === 'function' ? rows : () => rows })
    },
    statements: () =>
      engine.seen
        .filter((one) => insertedInto(one) === undefined)
        .map(statementOf)
        .filter(({ sql }) => !sql.startsWith('DESCRIBE TABLE')),
    inserts: () =>
      engine.seen.flatMap((one) => {
        const [, table, columns] = insertedInto(one) ?? []
        if (table === undefined || columns === undefined) return []
        const names = columns.split(', ')
        const rows = one.body
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as unknown[])
          .map((row) => Object.fromEntries(names.map((name, at) => [name, row[at]])))
        const { searchParams } = one.url
        return {
          table,
          rows,
          token: searchParams.get('insert_deduplication_token') ?? '',
          fence: searchParams.get('param_fenceToken') ?? undefined,
        }
      }),
    async close() {
      await analytics.close()
      await engine.close()
    },
  }
}

type Request = FakeClickHouse['seen'][number]

/** The table and the columns of an insert that brings rows. */
function insertedInto({ url }: Request): RegExpExecArray | undefined {
  const query = url.searchParams.get('query') ?? ''
  return /^INSERT INTO (\S+) \(([^)]*)\)/.exec(query) ?? undefined
}

function statementOf({ url, body }: Request): SeenStatement {
  const given = [...url.searchParams].filter(([name]) => name.startsWith('param_'))
  return {
    sql: url.searchParams.get('query') ?? body,
    parameters: Object.fromEntries(given.map(([name, value]) => [name.slice(6), value])),
  }
}
