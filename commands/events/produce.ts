// `winnow produce`: sends the rows of a file or of stdin to winnow.events as JSON. event-of-row.ts
// makes the events.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Config } from '../../configs/schema.ts'
import { createKafka, openProducer, type RecordProducer } from '../../infra/kafka/kafka.ts'
import { ensureTopics, topicOf } from '../../infra/kafka/topics.ts'
import { fileAccess } from '../../library/file-access.ts'
import { columnsOf } from '../../library/read-texts.ts'
import { counted } from '../../schemas/counted.ts'
import type { OutgoingRecord } from '../../schemas/record.ts'
import type { SourceAddress } from '../../trainers/files/dataset-source.ts'
import { fileReading } from '../../trainers/files/file-reading.ts'
import { fileSetRows } from '../../trainers/files/file-rows.ts'
import { countRows, type RowCount } from '../../trainers/files/row-count.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { recordOfRow } from './event-of-row.ts'
import { collectSources, filesHelp, filesOf, sayFileNote } from '../file-options.ts'
import { addColumnOptions, type ColumnOptions } from '../labelled-texts.ts'
import { addCommand, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { countText, durationText, logLine, type Terminal } from '../terminal.ts'

type Options = SharedOptions & ColumnOptions & { data: SourceAddress; rate?: number }

const batchEvents = 500

/** Adds `produce` to the program. */
export function addProduceCommand(program: Command): void {
  const command = addCommand(program, {
    name: 'produce',
    summary: 'send events to winnow.events',
    description:
      'Sends one event per line of JSON ({"text": ...} with optional id, source, time, attributes and\n' +
      'label), or per row of any other file that `winnow train` reads. Columns that are not event fields\n' +
      'become attributes. A wrong row stops the command with its line number; events before it are already\n' +
      'sent.',
    examples: [
      'winnow produce --data mails.jsonl',
      'winnow produce --data mails.jsonl.gz --rate 200',
      'winnow produce --data tickets.csv --text-column body',
      `echo '{"text":"where is my parcel?"}' | winnow produce --data -`,
    ],
  })
    .requiredOption('--data <file...>', `${filesHelp}; - reads stdin`, collectSources)
    .option('--rate <events>', 'maximum events per second', wholeNumber(1))
  addColumnOptions(command).action(async (options: Options) => {
    const { config, terminal } = await openContext(options)
    const topic = topicOf(config.topics, 'events')
    const done = await untilStopped(async (signal) => {
      const records = recordsOf(options, config, signal)
      try {
        // Reports a mistake in the file before it contacts Kafka.
        const first = await records.next()
        const kafka = createKafka(config, logLine)
        await ensureTopics(createKafka(config), config.topics, { refusal: 'leave' })
        const producer = await openProducer(kafka)
        const counting = startCounting(options, signal)
        try {
          const sending = { rate: options.rate, producer, topic, terminal, total: counting.total }
          return await sendAll({ first, rest: records }, { ...sending, signal })
        } finally {
          counting.stop()
          await producer.close()
        }
      } finally {
        await records.return(undefined)
      }
    })
    terminal.progressDone()
    const rate = done.seconds > 0 ? Math.round(done.events / done.seconds) : 0
    terminal.say(
      `${counted(done.events, 'event')} sent to ${topic} and acknowledged, in ` +
        `${durationText(done.seconds * 1_000)} (${counted(rate, 'event')} per second)` +
        (done.isWhole ? '' : '; stopped before the end of the input'),
    )
    const { events, seconds } = done
    terminal.document({ topic, events, seconds })
  })
}

async function* recordsOf(
  options: Options,
  config: Config,
  signal: AbortSignal,
): AsyncGenerator<OutgoingRecord, void> {
  const columns = columnsOf(options)
  const files = filesOf(options.data)
  const access = fileAccess(config)
  const read = {
    ...fileReading(options),
    columns,
    access,
    need: 'text',
    onNote: sayFileNote,
  } as const
  for await (const row of fileSetRows(files, read).rows) {
    if (signal.aborted) return
    yield recordOfRow(row, columns)
  }
}

type Counting = { readonly total: () => RowCount | undefined; readonly stop: () => void }

/** Counts the rows of a file while they are sent; the total is known when counting ends. */
function startCounting(options: Options, signal: AbortSignal): Counting {
  const stopping = new AbortController()
  let total: RowCount | undefined
  const { data, format } = options
  const counting = { columns: columnsOf(options), format }
  countRows([data].flat(), { ...counting, signal: AbortSignal.any([signal, stopping.signal]) })
    .then((count) => (total = count))
    // Sending reads the same files and reports what is wrong with them.
    .catch(() => undefined)
  return { total: () => total, stop: () => stopping.abort() }
}

type Sending = {
  readonly rate: number | undefined
  readonly producer: RecordProducer
  readonly topic: string
  readonly terminal: Terminal
  readonly total: () => RowCount | undefined
  readonly signal: AbortSignal
}

async function sendAll(
  records: { first: IteratorResult<OutgoingRecord, void>; rest: AsyncGenerator<OutgoingRecord> },
  { rate, producer, topic, terminal, total, signal }: Sending,
): Promise<{ events: number; seconds: number; isWhole: boolean }> {
  const startMs = performance.now()
  const batchMax = rate === undefined ? batchEvents : Math.max(1, Math.min(batchEvents, rate / 10))
  let events = 0
  let batch: OutgoingRecord[] = []
  const flush = async (): Promise<void> => {
    await producer.send(topic, batch)
    events += batch.length
    batch = []
    const elapsedMs = performance.now() - startMs
    terminal.progress(sendingText({ events, elapsedMs, total: total() }))
    if (rate === undefined) return
    const aheadMs = (events / rate) * 1_000 - elapsedMs
    if (aheadMs > 0) await sleep(aheadMs, undefined, { signal }).catch(() => undefined)
  }
  for (let next = records.first; next.done !== true;) {
    if (signal.aborted) break
    batch.push(next.value)
    if (batch.length >= batchMax) await flush()
    next = await records.rest.next().catch(async (wrongRow: unknown) => {
      if (batch.length > 0) await flush()
      terminal.progressDone()
      if (events > 0) logLine(`${counted(events, 'event')} before the wrong row sent`)
      throw wrongRow
    })
  }
  if (batch.length > 0) await flush()
  return { events, seconds: (performance.now() - startMs) / 1_000, isWhole: !signal.aborted }
}

/** One progress line; it has total and time left once the rows are counted. */
export function sendingText({
  events,
  elapsedMs,
  total,
}: {
  events: number
  elapsedMs: number
  total: RowCount | undefined
}): string {
  const rate = elapsedMs > 0 ? (events / elapsedMs) * 1_000 : 0
  const speed = `${counted(rate, 'event')} per second`
  if (total === undefined || total.rows < events)
    return `${counted(events, 'event')} sent, ${speed}`
  const about = total.accuracy === 'about' ? 'about ' : ''
  const leftMs = rate > 0 ? ((total.rows - events) / rate) * 1_000 : 0
  return (
    `${countText(events)} of ${about}${counted(total.rows, 'event')} sent, ${speed}, ` +
    `${durationText(leftMs)} left`
  )
}
