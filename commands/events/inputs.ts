// `winnow inputs try`: shows what records of a configured input become, without a trace in Kafka,
// the registry or ClickHouse.
import { InvalidArgumentError, type Command } from 'commander'
import type { Input } from '../../configs/inputs.ts'
import type { Config } from '../../configs/schema.ts'
import { openInput } from '../../infra/formats/input-reading.ts'
import { createKafka, type KafkaClient } from '../../infra/kafka/kafka.ts'
import { parseRangeEnd } from '../../infra/kafka/range-ends.ts'
import { latestRanges, readRanges, resolveRange } from '../../infra/kafka/topic-range.ts'
import { requireTopics } from '../../infra/kafka/topics.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { nearest } from '../../schemas/nearest.ts'
import type { KafkaRecord } from '../../schemas/record.ts'
import { InputTrial, type TriedRecord } from '../../streams/input-trial.ts'
import { languageRules } from '../../streams/pipeline.ts'
import { DuplicateWindow } from '../../streams/stages/duplicate-window.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { addCommand, examplesText, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { tableText, type Terminal } from '../terminal.ts'

type Options = SharedOptions & { topic?: string; from: string; limit: number; paths?: true }

/** Most records that one call reads. */
const recordsMax = 10_000
/** Longest time for reading them. */
const readMsMax = 60_000
/** Characters of a value that the table shows. */
const shownChars = 100

/** Adds `inputs try` to the program. */
export function addInputsCommands(program: Command): void {
  const inputs = program
    .command('inputs')
    .description('topics of other systems, mapped by configuration')
    .addHelpText('after', examplesText(['winnow inputs try --topic shop.orders --from -20']))
  addCommand(inputs, {
    name: 'try',
    summary: 'show what records of an input become, field by field',
    description:
      'Reads records of a topic in `inputs` and applies its format, preset, filter, mapping and cleaning,\n' +
      'and the limits of an event, as the stream does. Shows for each record the fields of the event with\n' +
      'the path that each comes from, or the dead letter that it would become and all paths that lead to\n' +
      'something. Nothing is classified, committed or written; the group under which Kafka is read is\n' +
      'deleted at the end. With --json, each record is one line.',
    examples: [
      'winnow inputs try --topic shop.orders',
      'winnow inputs try --topic shop.orders --from -100 --json',
      'winnow inputs try --topic shop.orders --from 2026-11-01T00:00:00Z --limit 5 --paths',
    ],
  })
    .option('--topic <name>', 'topic of an input (default: the only one that is configured)')
    .option(
      '--from <start>',
      '-N for the last N records, an offset, P=OFFSET,… or a time',
      startOf,
      '-10',
    )
    .option('--limit <records>', 'maximum number of records', wholeNumber(1, recordsMax), 100)
    .option('--paths', 'also list, for every record, the paths that lead to something')
    .action(async (options: Options) => {
      const { config, terminal } = await openContext(options)
      const input = inputOf(config, options.topic)
      await untilStopped((signal) => tryInput({ config, input, options, terminal, signal }))
    })
}

function startOf(text: string): string {
  if (/^-\d{1,5}$/.test(text)) {
    const records = -Number(text)
    if (records > 0 && records <= recordsMax) return text
    throw new InvalidArgumentError(`Give -1 to -${recordsMax} for the last records.`)
  }
  parseRangeEnd(text, 'start')
  return text
}

function inputOf({ inputs }: Config, topic: string | undefined): Input {
  const topics = inputs.map((input) => input.topic)
  if (topics.length === 0) {
    throw new WinnowError(
      'usage',
      'There are no inputs: add the topic to `inputs` (docs/inputs.md).',
    )
  }
  if (topic === undefined) {
    if (topics.length === 1) return inputs[0]!
    throw new WinnowError('usage', `There are several inputs; give --topic: ${topics.join(', ')}.`)
  }
  const found = inputs.find((input) => input.topic === topic)
  if (found !== undefined) return found
  const near = nearest(topic, topics)
  const hint = near === undefined ? `inputs has ${topics.join(', ')}` : `did you mean ${near}?`
  throw new WinnowError('usage', `--topic ${topic} is not in inputs; ${hint}`)
}

type Trial = {
  readonly config: Config
  readonly input: Input
  readonly options: Options
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

async function tryInput({ config, input, options, terminal, signal }: Trial): Promise<void> {
  const kafka = createKafka(config)
  const { topic } = input
  await requireTopics(kafka, { setting: 'inputs', topics: [topic] })
  const trial = new InputTrial(openInput(input, config), {
    limits: config.limits,
    cleaning: input.cleaning ?? config.cleaning,
    language: await languageRules(config.language),
    nowMs: Date.now(),
    window: new DuplicateWindow(config.limits.duplicateWindow),
  })
  const counts = new Map<string, number>()
  let records = 0
  for (const record of await recordsOf(kafka, { topic, ...options, signal })) {
    const tried = await trial.next(record)
    const { outcome } = tried
    const key = outcome.kind === 'dead letter' ? `dead letter ${outcome.code}` : outcome.kind
    counts.set(key, (counts.get(key) ?? 0) + 1)
    records++
    if (terminal.json) await terminal.row(rowOf(record, tried, options))
    else show(terminal, { record, tried, options })
  }
  const parts = [...counts].map(([key, count]) => `${count} ${key}`)
  terminal.say(`${counted(records, 'record')}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`)
}

/** The records to try, in the order of their times; bounded in number and time. */
async function recordsOf(
  kafka: KafkaClient,
  options: { topic: string; from: string; limit: number; signal: AbortSignal },
): Promise<KafkaRecord[]> {
  const { topic, from, limit, signal } = options
  const isLatest = from.startsWith('-')
  const ranges = isLatest
    ? await latestRanges(kafka, { topic, records: Math.min(-Number(from), limit) })
    : await resolveRange(kafka, { topic, from })
  const records: KafkaRecord[] = []
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(readMsMax)])
  for await (const chunk of readRanges(kafka, { topic, ranges, signal: bounded })) {
    records.push(...chunk.records.slice(0, limit - records.length))
    if (records.length >= limit) break
  }
  return records.sort((a, b) => a.recordTimeMs - b.recordTimeMs)
}

function placeOf({ topic, partition, offset }: KafkaRecord): string {
  return `${topic}/${partition}/${offset}`
}

function rowOf(record: KafkaRecord, { outcome, fields, paths }: TriedRecord, options: Options) {
  const isLost = outcome.kind === 'dead letter'
  return {
    record: placeOf(record),
    time: new Date(record.recordTimeMs).toISOString(),
    outcome: outcome.kind,
    ...(outcome.kind === 'dead letter' && { code: outcome.code, message: outcome.message }),
    fields,
    ...((isLost || options.paths === true) && { paths }),
  }
}

function show(
  terminal: Terminal,
  { record, tried, options }: { record: KafkaRecord; tried: TriedRecord; options: Options },
): void {
  const { outcome, fields, paths } = tried
  const isLost = outcome.kind === 'dead letter'
  const colour = isLost ? 'red' : outcome.kind === 'event' ? 'green' : 'yellow'
  const time = new Date(record.recordTimeMs).toISOString()
  terminal.say(`${placeOf(record)}  ${time}  ${terminal.style(colour, outcome.kind)}`)
  if (isLost) terminal.say(`  ${outcome.code}: ${outcome.message}`)
  if (fields.length > 0) {
    const rows = fields.map(({ field, from, value, problem }) => [
      field,
      // As YAML writes it.
      from.replaceAll('\n', '\\n'),
      problem === undefined ? shownText(value) : `(${problem})`,
    ])
    terminal.say(indented(tableText(['field', 'from', 'value'], rows)))
  }
  if ((isLost || options.paths === true) && paths.length > 0) {
    const rows = paths.map(({ path, value }) => [path, shownText(value)])
    terminal.say(indented(tableText(['path', 'leads to'], rows)))
  }
  terminal.say()
}

function shownText(value: string | undefined): string {
  if (value === undefined) return ''
  const line = value.replaceAll(/\s+/g, ' ')
  return line.length <= shownChars ? line : `${line.slice(0, shownChars)}…`
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
