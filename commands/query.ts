// `winnow query`: SQL on ClickHouse from the command line.
import type { Command } from 'commander'
import { createAnalytics } from '../infra/clickhouse.ts'
import { openContext, type SharedOptions } from './context.ts'
import { addCommand } from './shared-options.ts'

/** Adds `query` to the program. */
export function addQueryCommand(program: Command): void {
  addCommand(program, {
    name: 'query <sql>',
    summary: 'run SQL on ClickHouse',
    description:
      'Prints the rows as a table, or with --json as one document of names, types and rows.',
    examples: [
      'winnow query "SELECT label, sum(events) FROM label_counts GROUP BY label"',
      'winnow query "SELECT text, label, score FROM classifications LIMIT 5" --json',
    ],
  }).action(async (sql: string, options: SharedOptions) => {
    const { config } = await openContext(options)
    const analytics = createAnalytics(config.clickhouse)
    try {
      const returnsRows =
        /^\s*(?:--[^\n]*\n\s*)*(?:select|with|show|describe|desc|explain|exists|\()/i
      if (!returnsRows.test(sql)) await analytics.run(sql)
      else if (options.json) {
        const answer = JSON.parse(await analytics.text(sql, 'JSON')) as Record<string, unknown>
        process.stdout.write(
          `${JSON.stringify({ columns: answer['meta'], rows: answer['data'], count: answer['rows'] })}\n`,
        )
      } else process.stdout.write(await analytics.text(sql, 'PrettyCompactMonoBlock'))
    } finally {
      await analytics.close()
    }
  })
}
