// `winnow forget`: removes what Winnow keeps of events, after asking.
import { createInterface } from 'node:readline/promises'
import { InvalidArgumentError, type Command } from 'commander'
import { forgetIn, type Forgotten } from '../../library/forget.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { addCommand } from '../shared-options.ts'
import { countText, durationText, tableText, type Terminal } from '../terminal.ts'

type Options = SharedOptions & {
  id?: string[]
  attribute?: Record<string, string>
  reason?: string
  filesOnly?: true
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
    .option('--files-only', 'only the model store of this machine; leave the tables as they are')
    .option('--dry-run', 'remove nothing; say what would be removed')
    .option('--yes', 'do not ask')
    .action(async (options: Options) => {
      const { dryRun, yes, reason } = options
      const context = await openContext(options)
      const { terminal } = context
      const { id: ids, attribute: attributes, filesOnly } = options
      const asked = { ids, attributes, filesOnly, reason }
      if (dryRun === true || yes !== true) {
        const found = await forgetIn(context, { ...asked, dryRun: true })
        show(found, terminal)
        if (dryRun === true) {
          terminal.document(found)
          return
        }
        await confirm()
      }
      const done = await forgetIn(context, {
        ...asked,
        onProgress: ({ step, events }) => {
          terminal.progress(`${counted(events, 'event')}: ${stepText[step]}`)
        },
      })
      terminal.progressDone()
      show(done, terminal)
      terminal.document(done)
    })
}

/** What the command does at a step. */
const stepText = {
  finding: 'looking for more',
  files: 'taking texts out of the model store',
  rows: 'deleting rows, and waiting until their files are gone',
} as const

function show({ dryRun, events, more, tables, files, outOfReach }: Forgotten, terminal: Terminal) {
  const atLeast = more ? 'at least ' : ''
  terminal.say(`${atLeast}${counted(events, 'event')} found`)
  const rows = tables.filter((one) => one.rows > 0).map((one) => [one.table, one.rows])
  const verb = dryRun ? 'would be removed' : 'removed'
  if (rows.length > 0) terminal.say(tableText(['table', `rows ${verb}`], rows))
  for (const { path, action, reason } of files) {
    const tense = dryRun && action !== 'kept' ? `would be ${action}` : action
    terminal.say(`${tense}: ${path}${reason === undefined ? '' : `, because ${reason}`}`)
  }
  if (events > 0) showOutOfReach(outOfReach, terminal)
}

function showOutOfReach(
  { topics, runs, detachedParts }: Forgotten['outOfReach'],
  terminal: Terminal,
): void {
  terminal.say(terminal.style('bold', 'out of reach'))
  if (topics === null) terminal.say('  topics: Kafka did not answer, so they were not searched')
  for (const { topic, offsets, retentionMs } of topics ?? []) {
    const until =
      retentionMs === null ? 'it deletes no records' : `kept for ${durationText(retentionMs)}`
    const [shown, more] = [offsets.slice(0, placesShown), offsets.length - placesShown]
    const rest = more > 0 ? ` and ${countText(more)} more` : ''
    terminal.say(`  topic ${topic} (${until}): ${shown.join(' ')}${rest}`)
  }
  for (const { run, versions, why, mlflow } of runs) {
    const models = versions.length === 0 ? 'no model' : `model ${versions.join(', ')}`
    const copies = mlflow === undefined ? '' : `; files of the run may be on ${mlflow}`
    terminal.say(`  ${models}, trained by ${run}: ${why}${copies}`)
  }
  for (const path of detachedParts)
    terminal.say(`  detached part ${path}, on the ClickHouse server`)
  terminal.say(
    '  files of yours, backups, an artifact store, model stores of other machines, and models ' +
      'trained on any of them',
  )
}

/** Most places of a topic that are shown; --json has all. */
const placesShown = 20

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
