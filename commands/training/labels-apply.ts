// `winnow labels apply`: takes back the list of `labels check --out` with the decisions of people.
// Rows of a file go into a corrected copy; labels of events go to the topic winnow.labels.
import { extname } from 'node:path'
import type { Command } from 'commander'
import { createKafka, openProducer } from '../../infra/kafka/kafka.ts'
import { ensureTopics, topicOf } from '../../infra/kafka/topics.ts'
import { openSchemas } from '../../infra/schema-registry/registry.ts'
import { createLabelPublisher } from '../../infra/sinks/label-publisher.ts'
import { cleanText } from '../../models/cleaning/clean-text.ts'
import { createKnownLabels } from '../../models/store/known-labels.ts'
import { columnsOf } from '../../library/read-texts.ts'
import { counted } from '../../schemas/counted.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { storedIds } from '../../schemas/hashed-id.ts'
import { writeCorrectedCopy } from '../../trainers/files/corrected-copy.ts'
import { compressedName } from '../../trainers/files/file-format.ts'
import { fileReading } from '../../trainers/files/file-reading.ts'
import { fileRows } from '../../trainers/files/file-rows.ts'
import { fileSource } from '../../trainers/files/plain-bytes.ts'
import { exampleOf, type Example } from '../../trainers/files/source-row.ts'
import {
  collectDecisions,
  decideEvents,
  decideRows,
  type Decisions,
} from '../../trainers/labels/label-decisions.ts'
import { readReviewList } from '../../trainers/labels/review-list.ts'
import { openContext, type CommandContext, type SharedOptions } from '../command-context.ts'
import { sayFileNote } from '../file-options.ts'
import { addColumnOptions, checkTexts, type ColumnOptions } from '../labelled-texts.ts'
import { checkReadable, checkWritable } from '../option-checks.ts'
import { addCommand } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { logLine } from '../terminal.ts'

type Options = SharedOptions &
  ColumnOptions & { data?: string; out?: string; by?: string; newLabel?: string[] }

/** Adds `labels apply` to the group `labels`. */
export function addApplyCommand(labels: Command): void {
  const command = addCommand(labels, {
    name: 'apply',
    summary: 'take back an edited list of suspicious labels',
    description:
      'Reads the list that `labels check --out` wrote, in which people filled in the column "decision"\n' +
      '(empty keeps the given label). For rows of a file, it writes a corrected copy of the file. For\n' +
      'events, it publishes the labels to winnow.labels, as POST /v1/labels does. It checks all decisions\n' +
      'first, and changes nothing if one is wrong.',
    examples: [
      'winnow labels apply suspicious.csv',
      'winnow labels apply suspicious.csv --data tickets.csv --out tickets-2.csv',
      'winnow labels apply suspicious.csv --new-label chargeback',
      'winnow labels apply suspicious-events.csv --by ann',
    ],
  })
    .argument('<file>', 'the edited list')
    .option('--data <file>', 'the file of the rows (default: the one that the list names)')
    .option('--out <file>', 'the corrected copy (default: beside the file, as NAME.corrected.EXT)')
    .option('--by <name>', 'who decided, for labels of events')
    .option('--new-label <name>', 'accept a label that the data does not have; repeatable', collect)
  addColumnOptions(command).action(async (file: string, options: Options) => {
    const context = await openContext(options)
    await checkReadable(file, 'FILE')
    const applied = await untilStopped(async (signal) => {
      const decisions = await collectDecisions(file, readReviewList(file, { signal }))
      return decisions.kind === 'row'
        ? applyToFile(decisions, { options, context, signal })
        : publish(decisions, { options, context })
    })
    context.terminal.say(applied.text)
    context.terminal.document({ list: file, ...applied.document })
  })
}

function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value]
}

type Applied = { text: string; document: Record<string, unknown> }

async function applyToFile(
  decisions: Extract<Decisions, { kind: 'row' }>,
  { options, context, signal }: { options: Options; context: CommandContext; signal: AbortSignal },
): Promise<Applied> {
  if (options.by !== undefined) {
    throw new WinnowError('usage', '--by is for labels of events; leave it out for rows of a file.')
  }
  const path = options.data ?? decisions.path
  const out = options.out ?? correctedPath(path)
  await checkTexts({ '--data': path }, options)
  await checkWritable(out, '--out')
  if (out === path) throw new WinnowError('usage', '--out is the file itself; name another file.')
  const columns = columnsOf(options)
  const reading = { columns, ...fileReading(options), signal }
  const { steps } = context.config.cleaning
  const examples = async function* (): AsyncGenerator<{ example: Example; number: number }> {
    const note = { need: 'text and label', onNote: sayFileNote } as const
    for await (const row of fileRows({ ...fileSource(path), path }, { ...reading, ...note }).rows) {
      const example = exampleOf(row, columns)
      yield { example: { ...example, text: cleanText(example.text, steps) }, number: row.number! }
    }
  }
  const corrected = await decideRows(
    { ...decisions, path },
    { examples: examples(), newLabels: options.newLabel ?? [] },
  )
  const written = await writeCorrectedCopy(path, {
    ...reading,
    out,
    correct: (_, number) => corrected.get(number),
  })
  const { rows } = decisions
  const plain = path.replace(compressedName, '')
  const other = plain.endsWith('.parquet')
    ? ' (JSON Lines)'
    : plain.endsWith('.xlsx')
      ? ' (CSV)'
      : ''
  return {
    text: `${counted(corrected.size, 'label')} of ${counted(rows, 'row')} corrected in ${out}${other}.`,
    document: { kind: 'file', rows, corrected: corrected.size, data: path, out, format: written },
  }
}

/** `tickets.csv.gz` -> `tickets.corrected.csv.gz`; Parquet and workbooks get another format. */
function correctedPath(path: string): string {
  const [compression = ''] = compressedName.exec(path) ?? []
  const plain = path.slice(0, path.length - compression.length)
  const extension = extname(plain)
  const stem = plain.slice(0, plain.length - extension.length)
  const written = copyExtensions.get(extension.toLowerCase()) ?? extension
  return `${stem}.corrected${written}${compression}`
}

/** The formats that `labels apply` writes as another one. */
const copyExtensions: ReadonlyMap<string, string> = new Map([
  ['.parquet', '.jsonl'],
  ['.xlsx', '.csv'],
])

async function publish(
  decisions: Extract<Decisions, { kind: 'event' }>,
  { options, context }: { options: Options; context: CommandContext },
): Promise<Applied> {
  const { config, paths } = context
  const fileOnly = { '--data': options.data, '--out': options.out }
  const [unused] = Object.entries(fileOnly).filter(([, value]) => value !== undefined)
  if (unused !== undefined) {
    const message = `${unused[0]} is for rows of a file, and the list is about events; leave it out.`
    throw new WinnowError('usage', message)
  }
  const known = await createKnownLabels({ storeDir: paths.store, servingLabels: () => [] })()
  const decided = decideEvents(decisions, { known, newLabels: options.newLabel ?? [] })
  const topic = topicOf(config.topics, 'labels')
  const time = Date.now()
  if (decided.length > 0) {
    const kafka = createKafka(config, logLine)
    await ensureTopics(createKafka(config), config.topics, { refusal: 'leave' })
    const schemas = await openSchemas(config.registry, config.topics.prefix)
    const producer = await openProducer(kafka)
    try {
      const labels = decided.map((label) => ({ ...label, by: options.by, time }))
      await createLabelPublisher(
        { producer, schemas, storedId: storedIds(config.retention) },
        topic,
      ).publish(labels)
    } finally {
      await producer.close()
    }
  }
  const { rows } = decisions
  return {
    text: `${counted(decided.length, 'label')} of ${counted(rows, 'event')} published to ${topic}.`,
    document: { kind: 'events', rows, published: decided.length, topic },
  }
}
