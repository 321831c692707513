// `winnow query`: SQL on ClickHouse from the command line.
import type { Command } from 'commander'
import { createAnalytics } from '../infra/clickhouse.ts'
import { openContext, type SharedOptions } from './context.ts'
import { addCommand } from './shared-options.ts'
import { writeRaw } from './terminal.ts'

/** Adds `query` to the program. */
export function addQueryCommand(program: Command): void {
  addCommand(program, {
    name: 'query <sql>',
    summary: 'run SQL on ClickHouse',
    description:
      'Prints the rows as a table, with --json as one document {columns, rows, count}, or in the\n' +
      'FORMAT that the SQL names. Control characters are shown as escapes.',
    examples: [
      'winnow query "SELECT label, sum(events) FROM label_counts GROUP BY label"',
      'winnow query "SELECT text, label, score FROM classifications LIMIT 5" --json',
    ],
  })
    .option('--raw', 'write what ClickHouse gives as it is, control characters too; for files')
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

/** A statement without a result has an empty answer. */
function documentOf(answer: string) {
  if (answer === '') return { columns: [], rows: [], count: 0 }
  const { meta, data, rows } = JSON.parse(answer) as JsonAnswer
  return { columns: meta, rows: data, count: rows }
}
