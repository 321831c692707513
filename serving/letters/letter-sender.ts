// Sends the events of open dead letters again and gives a reason for each that it does not send.
// letter-replay.ts selects the events.
import type { Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { noteSent, readKept, type OpenEvent } from '../../infra/readers/dead-letter-reader.ts'
import type { KafkaClient, RecordProducer } from '../../infra/kafka/kafka.ts'
import { readRecordsAt, type PartitionBounds } from '../../infra/kafka/record-lookup.ts'
import { passedHeaders } from '../../infra/sinks/passed-headers.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { KafkaRecord, OutgoingRecord } from '../../schemas/record.ts'

/** Why an event is not sent. */
export const skipReasons = {
  already_sent: 'sent before and without an outcome yet; --again sends it once more',
  expired:
    'its dead letter holds only a part of the value, and the record is no longer on the topic',
  unreadable: 'its record, or the batch that holds it, still cannot be read',
  topic_remade: 'the topic was deleted and created again since',
  not_an_input: 'it did not come from a topic on which events or labels enter',
  too_large: 'with the headers for a replay its record is larger than the broker accepts',
} as const

export type SkipReason = keyof typeof skipReasons

/**
 * Topics of other systems are only read: their events are sent to a topic of Winnow, from which
 * the owner of a partition of it reads them.
 */
export type RetryTopic = {
  readonly topic: string
  readonly partitions: number
  /** The inputs that are sent there, and those among them whose mapping reads headers. */
  readonly inputs: ReadonlySet<string>
  readonly withHeaders: ReadonlySet<string>
}

export type SenderOptions = {
  analytics: Analytics
  kafka: KafkaClient
  /** If undefined, nothing is sent, only counted. */
  producer: RecordProducer | undefined
  /** The offsets that the partitions of each input topic hold. */
  bounds: ReadonlyMap<string, ReadonlyMap<number, PartitionBounds>>
  /** Where events of topics of other systems are sent. */
  retries: RetryTopic
  /** Sends also what was sent before. */
  again: boolean
  /** Who sends, for `dead_letter_replays`. */
  by: string
  signal: AbortSignal
  onSent: (event: OpenEvent, from: 'dead letter' | 'topic') => void
  onSkipped: (event: OpenEvent, reason: SkipReason) => void
}

const neverRead = new Set(['batch_corrupt', 'record_too_large'])

/** Most events that may wait to be read from their topic. */
const rereadsMax = 10_000

/** Sends what it is given; `flush` ends it. */
export class LetterSender {
  readonly #options: SenderOptions
  #rereads: OpenEvent[] = []

  constructor(options: SenderOptions) {
    this.#options = options
  }

  /** Events that wait to be read from their topic. */
  get waiting(): number {
    return this.#rereads.length
  }

  /** Sends events of one partition, or keeps them to be read from their topic. */
  async send(events: readonly OpenEvent[]): Promise<void> {
    const fitting = events.filter((event) => {
      const reason = this.#refusal(event)
      if (reason !== undefined) this.#options.onSkipped(event, reason)
      return reason === undefined
    })
    const kept = await readKept(this.#options.analytics, fitting)
    const whole: { event: OpenEvent; record: OutgoingRecord }[] = []
    for (const [at, event] of fitting.entries()) {
      const { key, value } = kept[at]!
      // A dead letter keeps no headers.
      const isWhole = value !== undefined && !this.#options.retries.withHeaders.has(event.topic)
      if (isWhole) whole.push({ event, record: { ...again(event), key, value } })
      else if (this.#isHeld(event)) this.#rereads.push(event)
      else this.#options.onSkipped(event, 'expired')
    }
    await this.#produce(whole)
    for (const { event } of whole) this.#options.onSent(event, 'dead letter')
    if (this.#rereads.length >= rereadsMax) await this.flush()
  }

  /** Sends what was kept. */
  async flush(): Promise<void> {
    const events = this.#rereads
    this.#rereads = []
    for (const [topic, group] of Map.groupBy(events, (event) => event.topic)) {
      await this.#reread(topic, group)
    }
  }

  #refusal(event: OpenEvent): SkipReason | undefined {
    const partitions = this.#options.bounds.get(event.topic)
    if (partitions === undefined) return 'not_an_input'
    const bounds = partitions.get(event.partition)
    if (bounds === undefined || event.offset >= bounds.high) return 'topic_remade'
    return event.isSent && !this.#options.again ? 'already_sent' : undefined
  }

  #isHeld({ topic, partition, offset }: OpenEvent): boolean {
    return offset >= (this.#options.bounds.get(topic)?.get(partition)?.low ?? Infinity)
  }

  async #reread(topic: string, events: readonly OpenEvent[]): Promise<void> {
    const { kafka, producer, signal, onSent, onSkipped } = this.#options
    if (producer === undefined) {
      for (const event of events) onSent(event, 'topic')
      return
    }
    const waiting = new Map(events.map((event) => [`${event.partition}/${event.offset}`, event]))
    const take = async (record: KafkaRecord): Promise<void> => {
      const event = waiting.get(`${record.partition}/${record.offset}`)
      if (event === undefined) return
      waiting.delete(`${record.partition}/${record.offset}`)
      // The dead letter of a record that could not be read has the time of its batch.
      if (record.recordTimeMs !== event.recordTimeMs && !neverRead.has(event.code)) {
        onSkipped(event, 'topic_remade')
        return
      }
      if (record.unreadable !== undefined) {
        onSkipped(event, 'unreadable')
        return
      }
      const { key, value, traceparent } = record
      const headers = passedHeaders(record.headers, 'same')
      const sent = { ...again(event), key, value, headers, traceparent }
      try {
        await this.#produce([{ event, record: sent }])
      } catch (error) {
        if (!isTooLarge(error)) throw error
        onSkipped(event, 'too_large')
        return
      }
      onSent(event, 'topic')
    }
    await readRecordsAt(kafka, { topic, places: events, take, signal })
    for (const event of waiting.values()) onSkipped(event, 'expired')
  }

  /**
   * Noted only after the broker has acknowledged: an event that is sent twice still counts once.
   */
  async #produce(sent: readonly { event: OpenEvent; record: OutgoingRecord }[]): Promise<void> {
    const { analytics, producer, by } = this.#options
    const [first] = sent
    if (first === undefined || producer === undefined) return
    const { topic, partitions, inputs } = this.#options.retries
    const isForeign = inputs.has(first.event.topic)
    await producer.send(
      isForeign ? topic : first.event.topic,
      sent.map(({ event, record }) =>
        isForeign ? { ...record, partition: event.partition % partitions } : record,
      ),
    )
    const events = sent.map(({ event }) => event)
    await noteSent(analytics, { events, by, atMs: Date.now() })
  }
}

/** The headers of the next attempt at an event. */
function again(event: OpenEvent): Pick<OutgoingRecord, 'partition' | 'lineage'> {
  const { topic, partition, offset, recordTimeMs, attempt } = event
  const origin = { topic, partition, offset, recordTimeMs }
  return { partition, lineage: { origin, attempt: attempt + 1 } }
}

function isTooLarge(error: unknown): boolean {
  const refusals = new Set<unknown>(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
  return error instanceof WinnowError && refusals.has(error.details['kafkaError'])
}
