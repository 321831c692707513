// `winnow forget`: removes what Winnow keeps of events, after asking.
import { createInterface } from 'node:readline/promises'
import { InvalidArgumentError, type Command } from 'commander'
import { forgetIn, type Forgotten } from '../../library/forget.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { addCommand } from '../shared-options.ts'
import { countText, tableText, type Terminal } from '../terminal.ts'

type Options = SharedOptions & {
  id?: string[]
  attribute?: Record<string, string>
  reason?: string
  dryRun?: true
  yes?: true
}

/** Adds `forget` to the program. */
export function addForgetCommand(program: Command): void {
  addCommand(program, {
    name: 'forget',
    summary: 'remove the texts, rows and labels of events',
    description:
      'Removes everything that Winnow keeps of events: rows, dead letters and labels. It ends when\n' +
      'neither a query nor a file holds them, lists what it cannot reach, and writes an audit row. It\n' +
      'shows what it would remove and asks first; --yes does not ask.',
    examples: [
      'winnow forget --id ticket-17 --dry-run',
      'winnow forget --id ticket-17 --id ticket-18 --yes',
      'winnow forget --attribute customer=42 --reason "request 2026-118"',
    ],
  })
    .option('--id <id>', 'the id of an event; repeatable', collectId)
    .option(
      '--attribute <name=value>',
      'events with this attribute; of several, events with all of them',
      collectAttribute,
    )
    .option('--reason <text>', 'why, for the audit row; without personal data')
    .option('--dry-run', 'remove nothing; say what would be removed')
    .option('--yes', 'do not ask')
    .action(async (options: Options) => {
      const { dryRun, yes, reason } = options
      const context = await openContext(options)
      const { terminal } = context
      const asked = { ids: options.id, attributes: options.attribute, reason }
      const found = await forgetIn(context, { ...asked, dryRun: true })
      show(found, terminal)
      if (dryRun === true) {
        terminal.document(found)
        return
      }
      if (yes !== true) await confirm()
      const done = await forgetIn(context, asked)
      show(done, terminal)
      terminal.document(done)
    })
}

function show({ dryRun, events, tables }: Forgotten, terminal: Terminal): void {
  const verb = dryRun ? 'would be removed' : 'removed'
  const rows = tables.filter((one) => one.rows > 0).map((one) => [one.table, one.rows])
  terminal.say(`${countText(events)} ${events === 1 ? 'event' : 'events'} found`)
  if (rows.length > 0) terminal.say(tableText(['table', `rows ${verb}`], rows))
}

/** Throws usage if nobody can be asked, cancelled if the answer is not yes. */
async function confirm(): Promise<void> {
  if (!process.stdin.isTTY) {
    const message = 'Nobody can be asked here, so nothing was removed. Add --yes to remove it.'
    throw new WinnowError('usage', message)
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await lines.question('Remove this for good? [y/N] ')
    if (/^y(es)?$/i.test(answer.trim())) return
  } finally {
    lines.close()
  }
  throw new WinnowError('cancelled', 'Nothing was removed.')
}

function collectId(id: string, previous: string[] | undefined): string[] {
  if (id !== '') return [...(previous ?? []), id]
  throw new InvalidArgumentError('Give the id of an event.')
}

function collectAttribute(
  text: string,
  previous: Record<string, string> | undefined,
): Record<string, string> {
  const at = text.indexOf('=')
  if (at > 0) return { ...previous, [text.slice(0, at)]: text.slice(at + 1) }
  throw new InvalidArgumentError('Give NAME=VALUE, such as customer=42.')
}
