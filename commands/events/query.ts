// `winnow query`: runs SQL on ClickHouse from the command line.
import { Option, type Command } from 'commander'
import { createAnalytics } from '../../infra/clickhouse/clickhouse.ts'
import { plainStatement, queryIn } from '../../library/query.ts'
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
        if (options.json === true) {
          terminal.document(await queryIn(analytics, { sql, parse: parseForPassing }))
          return
        }
        const answer = await analytics.text(plainStatement(sql), 'PrettyCompactMonoBlock')
        if (options.raw === true) writeRaw(answer)
        else if (answer !== '') terminal.result(answer.endsWith('\n') ? answer : `${answer}\n`)
      } finally {
        await analytics.close()
      }
    })
}
