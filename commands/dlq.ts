// `winnow dlq`: looks at dead letters, as ClickHouse has them.
import type { Command } from 'commander'
import { createAnalytics, type Analytics } from '../infra/clickhouse.ts'
import { eventErrors } from '../schemas/errors.ts'
import { WinnowError } from '../schemas/errors.ts'
import { openContext, type SharedOptions } from './context.ts'
import { addCommand, examplesText, wholeNumber } from './shared-options.ts'
import { tableText } from './terminal.ts'

type Letter = { id: string; code: string; stage: string; rejectedAt: string; message: string }

const columns = `concat(topic, '/', toString(partition), '/', toString(offset)) AS id, code, stage,
  toString(rejected_at) AS rejectedAt, message`

/** Adds `dlq list` and `dlq show` to the program. */
export function addDlqCommands(program: Command): void {
  const dlq = program
    .command('dlq')
    .description('dead letters: events that could not be classified')
    .addHelpText('after', examplesText(['winnow dlq list', 'winnow dlq show winnow.events/0/17']))
  addCommand(dlq, {
    name: 'list',
    summary: 'the latest dead letters',
    description: 'Lists dead letters, newest first, with their error codes.',
    examples: ['winnow dlq list', 'winnow dlq list --code text_empty --limit 5'],
  })
    .option('--code <code>', 'only this error code')
    .option('--limit <rows>', 'most rows', wholeNumber(1), 20)
    .action(async (options: SharedOptions & { code?: string; limit: number }) => {
      await withAnalytics(options, async (analytics, terminal) => {
        if (options.code !== undefined && !(options.code in eventErrors)) {
          const known = Object.keys(eventErrors).join(', ')
          throw new WinnowError(
            'usage',
            `${options.code} is no code of a dead letter; they are ${known}`,
          )
        }
        const letters = await analytics.rows<Letter>(
          `SELECT ${columns} FROM dead_letters WHERE {code: String} IN ('', code)
           ORDER BY rejected_at DESC, topic, partition, offset LIMIT {rowsMax: UInt32}`,
          { code: options.code ?? '', rowsMax: options.limit },
        )
        terminal.say(
          letters.length === 0
            ? 'no dead letters'
            : tableText(
                ['id', 'code', 'stage', 'rejected', 'message'],
                letters.map((one) => [
                  one.id,
                  one.code,
                  one.stage,
                  one.rejectedAt,
                  one.message.slice(0, 80),
                ]),
              ),
        )
        terminal.document(letters)
      })
    })
  addCommand(dlq, {
    name: 'show <id>',
    summary: 'one dead letter with its payload',
    description: 'Shows one dead letter. ID is topic/partition/offset, as `dlq list` prints it.',
    examples: ['winnow dlq show winnow.events/0/17'],
  }).action(async (id: string, options: SharedOptions) => {
    const match = /^(.+)\/(\d+)\/(\d+)$/.exec(id)
    if (match === null) throw new WinnowError('usage', `${id}: an ID is topic/partition/offset`)
    await withAnalytics(options, async (analytics, terminal) => {
      const [letter] = await analytics.rows<Record<string, unknown>>(
        `SELECT ${columns}, toString(record_time) AS recordTime, key, payload,
           payload_bytes AS payloadBytes
         FROM dead_letters WHERE topic = {topic: String} AND partition = {partition: UInt32}
           AND offset = {offset: UInt64} LIMIT 1`,
        { topic: match[1], partition: Number(match[2]), offset: Number(match[3]) },
      )
      if (letter === undefined) throw new WinnowError('not_found', `there is no dead letter ${id}`)
      for (const [name, value] of Object.entries(letter)) {
        terminal.say(`${terminal.style('bold', name.padEnd(13))} ${String(value)}`)
      }
      terminal.document(letter)
    })
  })
}

async function withAnalytics(
  options: SharedOptions,
  work: (
    analytics: Analytics,
    terminal: Awaited<ReturnType<typeof openContext>>['terminal'],
  ) => Promise<void>,
): Promise<void> {
  const { config, terminal } = await openContext(options)
  const analytics = createAnalytics(config.clickhouse)
  try {
    await work(analytics, terminal)
  } finally {
    await analytics.close()
  }
}
