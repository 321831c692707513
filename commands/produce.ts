// `winnow produce`: puts the events of a JSON Lines file (or stdin) on winnow.events as JSON.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import type { Command } from 'commander'
import { createKafka, openProducer, type RecordProducer } from '../infra/kafka.ts'
import { ensureTopics, topicOf } from '../infra/topics.ts'
import { eventJson } from '../schemas/event.ts'
import { WinnowError, errorMessage } from '../schemas/errors.ts'
import type { OutgoingRecord } from '../schemas/record.ts'
import { openContext, type SharedOptions } from './context.ts'
import { addCommand, wholeNumber } from './shared-options.ts'
import { untilStopped } from './signals.ts'
import { countText, logLine, type Terminal } from './terminal.ts'

type Options = SharedOptions & { data: string; rate?: number }

const batchEvents = 500

/** Adds `produce` to the program. */
export function addProduceCommand(program: Command): void {
  addCommand(program, {
    name: 'produce',
    summary: 'put events on winnow.events',
    description:
      'Reads one JSON event a line ({"text": ...} and optionally id, source, time, attributes, label)\n' +
      'and produces it. A wrong line stops with its number; what was acknowledged before stays.',
    examples: [
      'winnow produce --data mails.jsonl',
      'winnow produce --data mails.jsonl.gz --rate 200',
      `echo '{"text":"where is my parcel?"}' | winnow produce --data -`,
    ],
  })
    .requiredOption('--data <file>', 'JSON Lines, .gz too; - reads stdin')
    .option('--rate <events>', 'events a second at most', wholeNumber(1))
    .action(async (options: Options) => {
      const { config, terminal } = await openContext(options)
      const kafka = createKafka(config, logLine)
      await ensureTopics(kafka, config.topics)
      const producer = await openProducer(kafka)
      try {
        const topic = topicOf(config.topics, 'events')
        const done = await untilStopped((signal) =>
          produceFile({
            path: options.data,
            rate: options.rate,
            producer,
            topic,
            terminal,
            signal,
          }),
        )
        terminal.progressDone()
        terminal.say(`${countText(done.events)} events acknowledged on ${topic}`)
        terminal.document({ topic, ...done })
      } finally {
        await producer.close()
      }
    })
}

async function produceFile(options: {
  path: string
  rate: number | undefined
  producer: RecordProducer
  topic: string
  terminal: Terminal
  signal: AbortSignal
}): Promise<{ events: number; seconds: number }> {
  const { path, rate, producer, topic, terminal, signal } = options
  const startMs = performance.now()
  const batchMax = rate === undefined ? batchEvents : Math.max(1, Math.min(batchEvents, rate / 10))
  let events = 0
  let batch: OutgoingRecord[] = []
  const flush = async () => {
    await producer.send(topic, batch)
    events += batch.length
    batch = []
    terminal.progress(`${countText(events)} events acknowledged`)
    if (rate !== undefined) {
      const aheadMs = (events / rate) * 1_000 - (performance.now() - startMs)
      if (aheadMs > 0) await sleep(aheadMs, undefined, { signal }).catch(() => undefined)
    }
  }
  let lineNumber = 0
  for await (const line of createInterface({ input: openLines(path), crlfDelay: Infinity })) {
    lineNumber++
    if (signal.aborted) break
    if (line.trim() === '') continue
    batch.push(recordOfLine(line, `${path}:${lineNumber}`))
    if (batch.length >= batchMax) await flush()
  }
  if (batch.length > 0) await flush()
  return { events, seconds: (performance.now() - startMs) / 1_000 }
}

function recordOfLine(line: string, position: string): OutgoingRecord {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch (cause) {
    throw new WinnowError('dataset_invalid', `${position}: not JSON: ${errorMessage(cause)}`, {
      cause,
    })
  }
  const parsed = eventJson.safeParse(json)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!
    const at = issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
    throw new WinnowError('dataset_invalid', `${position}: ${at}${issue.message}`)
  }
  return { key: parsed.data.id ?? null, value: JSON.stringify(parsed.data) }
}

function openLines(path: string): Readable {
  if (path === '-') return process.stdin
  const file = createReadStream(path)
  if (!path.endsWith('.gz')) return file
  const gunzip = createGunzip()
  file.on('error', (error) => gunzip.destroy(error))
  return file.pipe(gunzip)
}
