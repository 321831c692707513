// `winnow query`: runs SQL on ClickHouse from the command line.
import { Option, type Command } from 'commander'
import { createAnalytics } from '../../infra/clickhouse/clickhouse.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { parseForPassing } from '../../schemas/exact-json.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { addCommand } from '../shared-options.ts'
import { writeRaw } from '../terminal.ts'

/** Adds `query` to the program. */
export function addQueryCommand(program: Command): void {
  addCommand(program, {
    name: 'query <sql>',
    summary: 'run SQL on ClickHouse',
    description:
      'Prints the rows as a table, or with --json as one document {columns, rows, count}, or in the\n' +
      'FORMAT that the SQL names. JSON has numbers with all their digits, even those that JavaScript\n' +
      'would round (UInt64, Int256, Decimal), and "inf", "-inf" and "nan" as strings. Control characters\n' +
      'are shown as escapes.',
    examples: [
      'winnow query "SELECT label, sum(events) FROM label_counts GROUP BY label"',
      'winnow query "SELECT text, label, score FROM classifications LIMIT 5" --json',
    ],
  })
    .addOption(
      new Option(
        '--raw',
        "write ClickHouse's response unchanged, including control characters; for files",
      ).conflicts('json'),
    )
    .action(async (sql: string, options: SharedOptions & { raw?: true }) => {
      const { config, terminal } = await openContext(options)
      const analytics = createAnalytics(config.clickhouse)
      try {
        const statement = sql.trim().replace(/;$/, '')
        const answer = await analytics.text(
          statement,
          options.json ? 'JSON' : 'PrettyCompactMonoBlock',
        )
        if (options.json) terminal.document(documentOf(answer))
        else if (options.raw === true) writeRaw(answer)
        else if (answer !== '') terminal.result(answer.endsWith('\n') ? answer : `${answer}\n`)
      } finally {
        await analytics.close()
      }
    })
}

type JsonAnswer = { meta: { name: string; type: string }[]; data: unknown[]; rows: number }

/**
 * The JSON of a response; a statement without a result has an empty one. Throws usage if the
 * response is in another format.
 */
function documentOf(answer: string) {
  if (answer === '') return { columns: [], rows: [], count: 0 }
  const { meta, data, rows } = jsonAnswer(answer)
  return { columns: meta, rows: data, count: rows }
}

function jsonAnswer(answer: string): JsonAnswer {
  let document: Partial<JsonAnswer> | null = null
  try {
    document = parseForPassing(answer) as Partial<JsonAnswer> | null
  } catch {
    // Invalid JSON is refused below, like JSON of another shape.
  }
  if (Array.isArray(document?.meta) && Array.isArray(document.data)) return document as JsonAnswer
  throw new WinnowError(
    'usage',
    'The SQL names a FORMAT, but --json needs its own; leave out one of the two.',
  )
}
