// Replays dead letters: selects the events of open ones and sends them again, each to its original
// topic. `winnow dlq replay` and POST /v1/dead-letters/replay both come here. The headers of a
// record name the event and the attempt, so that consumers count it once, however often it is sent;
// see "Dead letters" in ARCHITECTURE.md.
import type { Input } from '../../configs/inputs.ts'
import type { Config } from '../../configs/schema.ts'
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import type { KafkaClient, RecordProducer } from '../../infra/kafka/kafka.ts'
import { readBounds } from '../../infra/kafka/record-lookup.ts'
import { inputMapping } from '../../infra/formats/input-reading.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import {
  openEvents,
  type LetterFilter,
  type OpenEvent,
} from '../../infra/readers/dead-letter-reader.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { readsPart } from '../../schemas/mapping/event-mapping.ts'
import { LetterSender, type SkipReason } from './letter-sender.ts'

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
  /** Whether it was stopped before it had examined all. */
  stopped: boolean
}

/** What is replayed, and how much of it. */
export type LetterReplay = {
  readonly filter: Omit<LetterFilter, 'state'>
  /** Most events to send. */
  readonly limit: number
  /** Sends also what was sent before and has no outcome yet. */
  readonly again: boolean
  /** Who asked, for `dead_letter_replays`. */
  readonly by: string
  /** Stops the replay; what was sent until then counts. */
  readonly signal: AbortSignal
  readonly onProgress?: (done: LettersReplayed) => void
}

/** Clients of a replay; without a producer nothing is sent, only counted. */
export type ReplayClients = {
  readonly analytics: Analytics
  readonly kafka: KafkaClient
  readonly producer: RecordProducer | undefined
}

/** Events of one partition whose values are read and sent together. */
const batchEvents = 200

/**
 * Replays what matches. Throws analytics_unavailable, analytics_refused, broker_unavailable,
 * broker_refused.
 */
export async function replayLetters(
  clients: ReplayClients,
  replay: LetterReplay,
  config: Pick<Config, 'topics' | 'inputs'>,
): Promise<LettersReplayed> {
  const { filter, limit, signal, onProgress } = replay
  const done: LettersReplayed = {
    matched: 0,
    sent: 0,
    reread: 0,
    skipped: {},
    byCode: {},
    stopped: false,
  }
  const sender = await openSender(clients, { ...replay, config, done })
  try {
    for await (const batch of batchesOf(openEvents(clients.analytics, filter))) {
      if (signal.aborted) break
      // Values that are still to be read count as sent only later, but the limit includes them.
      const room = limit - done.sent - sender.waiting
      if (room <= 0) break
      const taken = batch.slice(0, room)
      done.matched += taken.length
      for (const event of taken) figuresOf(done, event).matched++
      await sender.send(taken)
      onProgress?.(done)
    }
    if (!signal.aborted) await sender.flush()
  } catch (error) {
    if (!signal.aborted || !(error instanceof WinnowError) || error.code !== 'cancelled')
      throw error
  }
  return { ...done, stopped: signal.aborted }
}

async function openSender(
  { analytics, kafka, producer }: ReplayClients,
  options: LetterReplay & {
    config: Pick<Config, 'topics' | 'inputs'>
    done: LettersReplayed
  },
): Promise<LetterSender> {
  const { again, by, signal, done } = options
  const { topics, inputs } = options.config
  const retries = topicOf(topics, 'retries')
  const entries = [topicOf(topics, 'events'), topicOf(topics, 'labels')]
  // Without inputs, nobody needs rights for the topic of their retries.
  const ofInputs = inputs.length === 0 ? [] : [...inputs.map(({ topic }) => topic), retries]
  const read = [...entries, ...ofInputs]
  const bounds = new Map(
    await Promise.all(read.map(async (topic) => [topic, await readBounds(kafka, topic)] as const)),
  )
  const partitions = bounds.get(retries)?.size ?? 0
  bounds.delete(retries)
  return new LetterSender({
    analytics,
    kafka,
    producer,
    bounds,
    retries: {
      topic: retries,
      // Before `winnow migrate` or a start of the stream, the topic is not there yet.
      partitions: partitions || topics.partitions,
      inputs: new Set(inputs.map(({ topic }) => topic)),
      withHeaders: new Set(inputs.filter(needsHeaders).map(({ topic }) => topic)),
    },
    again,
    by,
    signal,
    onSent(event, from) {
      done.sent++
      if (from === 'topic') done.reread++
      figuresOf(done, event).sent++
    },
    onSkipped(event, reason) {
      done.skipped[reason] = (done.skipped[reason] ?? 0) + 1
      figuresOf(done, event).skipped++
    },
  })
}

/** Whether events of an input need the headers of their record: an envelope may be in them. */
function needsHeaders(input: Input): boolean {
  return input.preset !== undefined || readsPart(inputMapping(input), 'headers')
}

function figuresOf(done: LettersReplayed, { code }: OpenEvent): CodeFigures {
  return (done.byCode[code] ??= { matched: 0, sent: 0, skipped: 0 })
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
