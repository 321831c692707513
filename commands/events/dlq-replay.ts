// `winnow dlq replay`: sends the events of open dead letters again, each to its original topic and
// partition. The record's headers name the event and the attempt, so that consumers count it once,
// however often it is sent; see "Dead letters" in ARCHITECTURE.md.
import { InvalidArgumentError, type Command } from 'commander'
import type { Config } from '../../configs/schema.ts'
import {
  countLetters,
  openEvents,
  type LetterFilter,
  type OpenEvent,
} from '../../infra/readers/dead-letter-reader.ts'
import { createKafka, openProducer } from '../../infra/kafka/kafka.ts'
import { readBounds } from '../../infra/kafka/record-lookup.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import { counted } from '../../schemas/counted.ts'
import { parseEventPlace } from '../../schemas/record.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { addLetterOptions, filterOf, type LetterOptions } from './letter-options.ts'
import { LetterSender, skipReasons, type SkipReason } from '../../serving/letter-sender.ts'
import { prepareBackends } from '../../serving/backends.ts'
import { openAll } from '../../serving/open-resources.ts'
import { checkTimes } from '../option-checks.ts'
import { openPatientAnalytics } from '../../serving/patience.ts'
import { progressText } from '../progress-text.ts'
import { addCommand, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { countText, durationText, logLine, tableText } from '../terminal.ts'

type Options = SharedOptions &
  LetterOptions & { id?: string[]; limit?: number; again?: true; dryRun?: true }

type CodeFigures = { matched: number; sent: number; skipped: number }

/** The result of a replay of dead letters. */
export type LettersReplayed = {
  /** Events with open dead letters that were examined. */
  matched: number
  sent: number
  /**
   * Events sent whose value was read from their topic, because the dead letter holds only a part.
   */
  reread: number
  skipped: Partial<Record<SkipReason, number>>
  byCode: Record<string, CodeFigures>
  dryRun: boolean
  /** Whether it was stopped before it had examined all. */
  stopped: boolean
  seconds: number
}

/** Adds `dlq replay` to `dlq`. */
export function addDlqReplayCommand(dlq: Command): void {
  const command = addCommand(dlq, {
    name: 'replay',
    summary: 'send the events of open dead letters again, after a fix',
    description:
      'Sends the events of open dead letters again, each to its original topic. The new outcome replaces\n' +
      'the dead letter: a row, or another dead letter. An event that is sent twice, for example after an\n' +
      'interruption, counts once. If a dead letter holds only a part of the value, the value is read from\n' +
      'its topic, as long as it is still there. All consumers must run this version or a later one,\n' +
      'because earlier ones treat what is sent as new events.',
    examples: [
      'winnow dlq replay --dry-run',
      'winnow dlq replay --code schema_unknown --since 2h',
      'winnow dlq replay --id winnow.events/0/17 --id winnow.events/3/4',
    ],
  })
  addLetterOptions(command)
    .option('--id <id>', 'only this one, topic/partition/offset; repeatable', collectId)
    .option('--limit <events>', 'maximum number of events to send', wholeNumber(1))
    .option('--again', 'also events that were already sent and have no outcome yet')
    .option('--dry-run', 'send nothing; say what would be sent')
    .action(async (options: Options) => {
      checkTimes(options)
      const { config, terminal } = await openContext(options)
      await prepareBackends(config, logLine)
      const sentText = options.dryRun === true ? 'would be sent' : 'sent'
      const startMs = performance.now()
      const done = await untilStopped((signal) =>
        replayLetters({
          options,
          config,
          signal,
          log: logLine,
          onProgress: ({ matched, sent }, total) =>
            terminal.progress(
              progressText({
                done: matched,
                total,
                noun: 'dead letter',
                also: `${countText(sent)} ${sentText}`,
                elapsedMs: performance.now() - startMs,
              }),
            ),
        }),
      )
      terminal.progressDone()
      const rows = Object.entries(done.byCode).map(([code, one]) => [
        code,
        one.matched,
        one.sent,
        one.skipped,
      ])
      if (rows.length > 0) {
        terminal.say(tableText(['code', 'open', sentText, 'skipped'], rows))
      }
      for (const [reason, count] of Object.entries(done.skipped)) {
        terminal.say(`${countText(count)} skipped: ${skipReasons[reason as SkipReason]}`)
      }
      terminal.say(
        `${countText(done.sent)} of ${counted(done.matched, 'open dead letter')} ${sentText}, ` +
          durationText(done.seconds * 1_000) +
          (done.stopped ? '; stopped before the end' : ''),
      )
      terminal.document(done)
    })
}

function collectId(id: string, previous: string[] | undefined): string[] {
  if (parseEventPlace(id) !== undefined) return [...(previous ?? []), id]
  throw new InvalidArgumentError(
    'Give an ID as `winnow dlq list` prints it: topic/partition/offset.',
  )
}

/** Events of one partition whose values are read and sent together. */
const batchEvents = 200

function replayLetters(work: {
  options: Options
  config: Config
  signal: AbortSignal
  log: (line: string) => void
  onProgress: (done: LettersReplayed, total: number) => void
}): Promise<LettersReplayed> {
  const { options, config, signal } = work
  const { limit = Infinity, dryRun = false, again = false } = options
  const filter: Omit<LetterFilter, 'state'> = { ...filterOf(options), ids: options.id }
  return openAll(async (resources) => {
    const startMs = performance.now()
    const { log } = work
    const analytics = resources.add(
      openPatientAnalytics(config.clickhouse, { log, signal }),
      (one) => one.close(),
    )
    const kafka = createKafka(config, log)
    const counts = await countLetters(analytics, { ...filter, state: 'open' })
    const total = counts.reduce((sum, { open }) => sum + open, 0)
    const topics = [topicOf(config.topics, 'events'), topicOf(config.topics, 'labels')]
    const bounds = new Map(
      await Promise.all(
        topics.map(async (topic) => [topic, await readBounds(kafka, topic)] as const),
      ),
    )
    const done: LettersReplayed = {
      matched: 0,
      sent: 0,
      reread: 0,
      skipped: {},
      byCode: {},
      dryRun,
      stopped: false,
      seconds: 0,
    }
    const figuresOf = ({ code }: OpenEvent) =>
      (done.byCode[code] ??= { matched: 0, sent: 0, skipped: 0 })
    const sender = new LetterSender({
      analytics,
      kafka,
      bounds,
      again,
      signal,
      producer: dryRun ? undefined : resources.add(await openProducer(kafka), (one) => one.close()),
      onSent(event, from) {
        done.sent++
        if (from === 'topic') done.reread++
        figuresOf(event).sent++
      },
      onSkipped(event, reason) {
        done.skipped[reason] = (done.skipped[reason] ?? 0) + 1
        figuresOf(event).skipped++
      },
    })
    for await (const batch of batchesOf(openEvents(analytics, filter))) {
      if (signal.aborted) {
        done.stopped = true
        break
      }
      // Values that are still to be read count as sent only later, but the limit includes them.
      const room = limit - done.sent - sender.waiting
      if (room <= 0) break
      const taken = batch.slice(0, room)
      done.matched += taken.length
      for (const event of taken) figuresOf(event).matched++
      await sender.send(taken)
      work.onProgress(done, total)
    }
    if (!signal.aborted) await sender.flush()
    done.seconds = (performance.now() - startMs) / 1_000
    await resources.close()
    return done
  })
}

/** Groups events into batches of one partition each. */
async function* batchesOf(events: AsyncIterable<OpenEvent>): AsyncGenerator<OpenEvent[]> {
  let batch: OpenEvent[] = []
  for await (const event of events) {
    const [first] = batch
    const isOther = first?.topic !== event.topic || first.partition !== event.partition
    if (first !== undefined && (isOther || batch.length >= batchEvents)) {
      yield batch
      batch = []
    }
    batch.push(event)
  }
  if (batch.length > 0) yield batch
}
