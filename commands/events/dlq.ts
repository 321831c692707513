// `winnow dlq`: shows the dead letters in ClickHouse. dlq-replay.ts replays them.
import { isUtf8 } from 'node:buffer'
import { Option, type Command } from 'commander'
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import {
  countLetters,
  listLetters,
  readBalance,
  type Balance,
  readLetter,
  type LetterFilter,
  type ShownLetter,
} from '../../infra/readers/dead-letter-reader.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import type { Config } from '../../configs/schema.ts'
import { parseEventPlace } from '../../schemas/record.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { printableText } from '../../schemas/printable-text.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { addDlqReplayCommand } from './dlq-replay.ts'
import { addLetterOptions, filterOf, type LetterOptions } from './letter-options.ts'
import { checkTimes } from '../option-checks.ts'
import { openPatientAnalytics } from '../../serving/patience.ts'
import { addCommand, examplesText, wholeNumber } from '../shared-options.ts'
import { countText, logLine, tableText, type Terminal } from '../terminal.ts'

type ListOptions = SharedOptions & LetterOptions & { all?: true; limit: number; summary?: true }

/** Adds `dlq list`, `dlq show` and `dlq replay` to the program. */
export function addDlqCommands(program: Command): void {
  const dlq = program
    .command('dlq')
    .description('dead letters: events that could not be classified')
    .addHelpText(
      'after',
      examplesText([
        'winnow dlq list --summary',
        'winnow dlq show winnow.events/0/17',
        'winnow dlq replay --code schema_unknown --since 2h',
      ]),
    )
  const list = addCommand(dlq, {
    name: 'list',
    summary: 'list the latest dead letters, or count them',
    description:
      'Lists the open dead letters, newest first. A dead letter is open until a later attempt at its event\n' +
      'gives a row or another dead letter. With --summary it counts them by code instead and checks, for\n' +
      'each model, that rows and open dead letters add up to all events.',
    examples: [
      'winnow dlq list',
      'winnow dlq list --code text_empty --since 2h --limit 5',
      'winnow dlq list --summary --json',
    ],
  })
  addLetterOptions(list)
    .addOption(new Option('--open', 'only open ones (the default)').conflicts('all'))
    .option('--all', 'also those that a later attempt replaced')
    .option('--limit <rows>', 'maximum number of rows', wholeNumber(1), 20)
    .option('--summary', 'counts by code, and the balance of events')
    .action(async (options: ListOptions) => {
      checkTimes(options)
      await withAnalytics(options, async (analytics, { terminal, config }) => {
        const filter = {
          ...filterOf(options),
          state: options.all === true ? 'all' : 'open',
        } as const
        if (options.summary === true) await summarize(analytics, { filter, terminal, config })
        else await showList(analytics, { filter, terminal, limit: options.limit })
      })
    })
  addCommand(dlq, {
    name: 'show <id>',
    summary: 'show one dead letter with its payload',
    description:
      'Shows the dead letter of an event, the attempts to classify it, and its payload: as text, or in\n' +
      'hexadecimal if it is not UTF-8. ID is topic/partition/offset, as `winnow dlq list` prints it.',
    examples: ['winnow dlq show winnow.events/0/17'],
  }).action(async (id: string, options: SharedOptions) => {
    if (parseEventPlace(id) === undefined) {
      const form = 'give topic/partition/offset, as `winnow dlq list` prints it'
      throw new WinnowError('usage', `${id} cannot be the ID of a dead letter: ${form}.`)
    }
    await withAnalytics(options, async (analytics, { terminal }) => {
      const letter = await readLetter(analytics, parseEventPlace(id)!)
      if (letter === undefined) {
        const message = `There is no dead letter ${id}. \`winnow dlq list --all\` lists all dead letters.`
        throw new WinnowError('not_found', message)
      }
      showLetter(letter, terminal)
    })
  })
  addDlqReplayCommand(dlq)
}

async function showList(
  analytics: Analytics,
  { filter, terminal, limit }: { filter: LetterFilter; terminal: Terminal; limit: number },
): Promise<void> {
  const letters = await listLetters(analytics, filter, limit)
  const nothing = filter.state === 'open' ? 'no open dead letters' : 'no dead letters'
  terminal.say(
    letters.length === 0
      ? nothing
      : tableText(
          ['id', 'code', 'stage', 'attempt', 'state', 'rejected', 'message'],
          letters.map((one) => [
            one.id,
            one.code,
            one.stage,
            one.attempt,
            one.open ? 'open' : 'settled',
            one.rejectedAt,
            one.message.slice(0, 80),
          ]),
        ),
  )
  terminal.document(letters)
}

async function summarize(
  analytics: Analytics,
  { filter, terminal, config }: { filter: LetterFilter; terminal: Terminal; config: Config },
): Promise<void> {
  const codes = await countLetters(analytics, filter)
  const topics = [topicOf(config.topics, 'events'), ...config.inputs.map(({ topic }) => topic)]
  const balance: (Balance & { topic: string })[] = []
  for (const topic of topics) {
    const models = await readBalance(analytics, topic)
    balance.push(...models.map((one) => ({ topic, ...one })))
  }
  const table = tableText(
    ['code', 'open', 'ever'],
    codes.map(({ code, open, total }) => [code, open, total]),
  )
  terminal.say(codes.length === 0 ? 'no dead letters' : table)
  for (const { topic, model, events, rows, open, isBalanced } of balance) {
    const from = topics.length === 1 ? '' : `${topic}, `
    const of = model === '' && from === '' ? '' : `${from}${terminal.style('bold', model)}: `
    const sign = isBalanced ? '=' : terminal.style('red', '≠')
    terminal.say(
      `${of}${countText(rows)} rows + ${countText(open)} open dead letters ${sign} ` +
        `${countText(events)} events`,
    )
  }
  terminal.document({ codes, balance })
}

/** Bytes of a payload that are shown in hexadecimal. */
const hexBytesMax = 1_024

function showLetter(letter: ShownLetter, terminal: Terminal): void {
  const { payload: bytes, key, attempts, ...facts } = letter
  const isText = isUtf8(bytes)
  for (const [name, value] of Object.entries({ ...facts, key: key.toString('utf8') })) {
    terminal.say(`${terminal.style('bold', name.padEnd(13))} ${printableText(String(value))}`)
  }
  for (const { attempt, model, code, rejectedAt } of attempts) {
    const by = model === '' ? '' : `, ${model}`
    terminal.say(
      `${terminal.style('bold', 'attempt'.padEnd(13))} ${attempt}: ${code} at ${rejectedAt}${by}`,
    )
  }
  const kept =
    bytes.length < letter.payloadBytes
      ? ` (the first ${countText(bytes.length)} of ${countText(letter.payloadBytes)} bytes)`
      : ''
  terminal.say(`${terminal.style('bold', 'payload')}${kept}`)
  terminal.say(isText ? bytes.toString('utf8') : hexText(bytes))
  terminal.document({
    ...facts,
    key: key.toString('utf8'),
    attempts,
    payload: bytes.toString('utf8'),
    ...(isText ? {} : { payloadHex: bytes.toString('hex') }),
  })
}

/** Sixteen bytes per line, with their ASCII characters next to them. */
function hexText(bytes: Buffer): string {
  const lines: string[] = []
  for (let at = 0; at < Math.min(bytes.length, hexBytesMax); at += 16) {
    const part = bytes.subarray(at, at + 16)
    const ascii = part.toString('latin1').replace(/[^ -~]/g, '.')
    const hex = part.toString('hex').replace(/..(?=.)/g, '$& ')
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${ascii}`)
  }
  if (bytes.length > hexBytesMax)
    lines.push(`… ${countText(bytes.length - hexBytesMax)} bytes more`)
  return lines.join('\n')
}

async function withAnalytics(
  options: SharedOptions,
  work: (analytics: Analytics, context: Awaited<ReturnType<typeof openContext>>) => Promise<void>,
): Promise<void> {
  const context = await openContext(options)
  const analytics = openPatientAnalytics(context.config.clickhouse, { log: logLine })
  try {
    await work(analytics, context)
  } catch (error) {
    throw withHint(error)
  } finally {
    await analytics.close()
  }
}

/** UNKNOWN_TABLE and UNKNOWN_IDENTIFIER: the tables are older than this command. */
const olderTables = new Set<unknown>([60, 47])

function withHint(error: unknown): unknown {
  if (!(error instanceof WinnowError) || !olderTables.has(error.details['clickhouseCode'])) {
    return error
  }
  const message =
    'The tables in ClickHouse are missing or of an older version. Run `winnow migrate`.'
  return new WinnowError('analytics_refused', message, { cause: error, details: error.details })
}
