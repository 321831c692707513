// A consumer group member that hands out chunks of records and commits only the offsets it is
// given. It owns polling, heartbeats and the group protocol; the runner decides what happens to a
// record.
import { setTimeout } from 'node:timers/promises'
import type { Batch, Consumer, EachBatchPayload, IHeaders, KafkaMessage } from 'kafkajs'
import type { Config } from '../../configs/schema.ts'
import type { RecordSource, SourceHandlers } from '../../schemas/ports/record-source.ts'
import type { KafkaRecord, PartitionOffset, RecordChunk } from '../../schemas/record.ts'
import { commitNote } from './commit-note.ts'
import { brokerCall, brokerError, type KafkaClient } from './kafka.ts'
import { refuseForeignMembers, conflictCheckingAssigner, type Membership } from './group-members.ts'
import { ClosingConsumer } from './kafka-consumer.ts'
import { lineageFromHeaders } from './lineage-headers.ts'
import { onPassed } from './passed-offsets.ts'
import type { FetchedMessage } from '../record-batch/fetched-message.ts'
import { identifiedValue } from '../schema-registry/schema-id-headers.ts'

/** Most records of one chunk; small enough to be retried as one. */
const chunkRecordsMax = 128

type MemberOptions = Membership & { config: Config; concurrency: number }

/**
 * A group member for one topic; `start` connects it, and the caller closes it. `start`
 * throws group_conflict if a member of the group consumes another topic or writes to another
 * database (group-members.ts).
 */
export class KafkaRecordSource implements RecordSource {
  readonly #kafka: KafkaClient
  readonly #options: MemberOptions
  readonly #member: ClosingConsumer
  #assigned: ReadonlySet<number> = new Set()
  #paused = false
  #onConflict: (error: Error) => void = () => undefined
  /** Consumes; undefined before the start. */
  #run: (() => Promise<void>) | undefined

  constructor(kafka: KafkaClient, options: MemberOptions) {
    const { sessionMsMax } = options.config.kafka
    this.#kafka = kafka
    this.#options = options
    this.#member = new ClosingConsumer(kafka, {
      groupId: options.group,
      partitionAssigners: [
        conflictCheckingAssigner(kafka, options, (error) => this.#onConflict(error)),
      ],
      sessionTimeout: sessionMsMax,
      heartbeatInterval: Math.min(3_000, Math.floor(sessionMsMax / 3)),
      rebalanceTimeout: Math.max(60_000, sessionMsMax),
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: 250,
      maxBytesPerPartition: 1_048_576,
      maxBytes: 8_388_608,
    })
  }

  async start(handlers: SourceHandlers): Promise<void> {
    const { topic } = this.#options
    const { consumer } = this.#member
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#assigned = new Set(payload.memberAssignment[topic] ?? [])
      if (this.#paused) this.#hold()
    })
    this.#onConflict = (error) => handlers.onFailure(error)
    await refuseForeignMembers(this.#kafka, this.#options)
    listen(this.#member, handlers, topic)
    const run = () =>
      consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.#options.concurrency,
        eachBatch: (payload) => this.#handOut(payload, handlers),
      })
    await brokerCall(`consume ${topic}`, async () => {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await run()
      this.#run = run
    })
  }

  rejoin(): Promise<void> {
    return brokerCall(`rejoin the group of ${this.#options.topic}`, async () => {
      if (this.#isPaused()) return
      await this.#member.consumer.stop()
      if (!this.#isPaused()) await this.#run?.()
    })
  }

  commit(offsets: readonly PartitionOffset[]): Promise<void> {
    return brokerCall('commit offsets', () =>
      this.#member.consumer.commitOffsets(
        offsets.map((next) => ({
          ...next,
          offset: String(next.offset),
          metadata: commitNote(Date.now()),
        })),
      ),
    )
  }

  pause(): void {
    this.#paused = true
    this.#hold()
  }

  async close(): Promise<void> {
    // After a failure there is nothing to note, and perhaps no group to commit to.
    if (this.#paused) {
      const assigned = { ...this.#options, assigned: this.#assigned }
      await waitAtMost(noteMsMax, commitEndTime(this.#kafka, this.#member.consumer, assigned))
    }
    await this.#member.close()
  }

  /** Hands out a batch in chunks until the handler, a pause or a rebalance ends it. */
  async #handOut(payload: EachBatchPayload, handlers: SourceHandlers): Promise<void> {
    for (const chunk of chunksOf(this.#options.topic, payload.batch)) {
      if (this.#paused || !payload.isRunning() || payload.isStale()) return
      if (!(await handlers.onChunk(chunk, () => payload.heartbeat()))) return
      payload.resolveOffset(String(chunk.records.at(-1)!.offset))
      await payload.heartbeat()
    }
  }

  #hold(): void {
    try {
      this.#member.consumer.pause([{ topic: this.#options.topic }])
    } catch {
      // kafkajs has no group before the start or after a crash. GROUP_JOIN pauses it then.
    }
  }

  /** Asked again after an await, during which `pause` may have been called. */
  #isPaused(): boolean {
    return this.#paused
  }
}

/** Longest wait for committing the time at which consuming ended. */
const noteMsMax = 2_000

/**
 * Commits the offsets of the assigned partitions once more, with the current time. It shows that
 * the group consumed until this moment, even if no record came for hours. No other member can
 * commit these offsets while the group counts this one as a member.
 */
async function commitEndTime(
  kafka: KafkaClient,
  consumer: Consumer,
  { group, topic, assigned }: { group: string; topic: string; assigned: ReadonlySet<number> },
): Promise<void> {
  const admin = kafka.admin({ retry: { retries: 0 } })
  try {
    await admin.connect()
    const [own] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
    const metadata = commitNote(Date.now())
    const offsets = (own?.partitions ?? [])
      .filter(({ partition, offset }) => assigned.has(partition) && Number(offset) >= 0)
      .map(({ partition, offset }) => ({ topic, partition, offset, metadata }))
    if (offsets.length > 0) await consumer.commitOffsets(offsets)
  } finally {
    await admin.disconnect()
  }
}

/** Waits for work that may fail or time out, because nothing depends on it. */
async function waitAtMost(msMax: number, work: Promise<void>): Promise<void> {
  const done = new AbortController()
  const { signal } = done
  await Promise.race([
    work.catch(() => undefined),
    setTimeout(msMax, undefined, { signal }).catch(() => undefined),
  ])
  done.abort()
}

function listen(member: ClosingConsumer, handlers: SourceHandlers, topic: string): void {
  const { consumer } = member
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    if (!member.isClosed) handlers.onAssigned(payload.memberAssignment[topic] ?? [])
  })
  onPassed(consumer, (passed) => {
    if (!member.isClosed) handlers.onPassed(passed)
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart && !member.isClosed)
      handlers.onFailure(brokerError(`consume ${topic}`, payload.error))
  })
}

function* chunksOf(topic: string, batch: Batch): Generator<RecordChunk> {
  const { partition, messages } = batch
  for (let at = 0; at < messages.length; at += chunkRecordsMax) {
    const records = messages
      .slice(at, at + chunkRecordsMax)
      .map((message) => recordOf(topic, partition, message))
    const lastOffset = records.at(-1)!.offset
    const isLast = at + chunkRecordsMax >= messages.length
    yield {
      topic,
      partition,
      records,
      // The batch may end with control records, which are not handed out.
      nextOffset: (isLast ? Math.max(lastOffset, Number(batch.lastOffset())) : lastOffset) + 1,
      highWatermark: Number(batch.highWatermark),
    }
  }
}

/** Converts a consumed kafkajs message to the record that stages get. */
export function recordOf(
  topic: string,
  partition: number,
  message: KafkaMessage & Pick<FetchedMessage, 'unreadable'>,
): KafkaRecord {
  const { unreadable } = message
  const traceparent = traceparentOf(message.headers?.['traceparent'])
  const { headers } = message
  const lineage = lineageFromHeaders(headers)
  return {
    topic,
    partition,
    offset: Number(message.offset),
    recordTimeMs: recordTime(message.timestamp),
    key: message.key,
    value: identifiedValue(message.value, message.headers),
    traceparent,
    ...(headers === undefined || Object.keys(headers).length === 0 ? {} : { headers }),
    ...(unreadable === undefined ? {} : { unreadable }),
    ...(lineage === undefined ? {} : { lineage }),
  }
}

/** The latest time that ClickHouse rows are written with: in the year 2286. */
const recordTimeMsMax = 9_999_999_999_999

/** Producers set the time of a record: none (-1) or any number. */
function recordTime(timestamp: string): number {
  return Math.min(Math.max(0, Number(timestamp)), recordTimeMsMax)
}

/** W3C Trace Context, version 00 or a later one with fields appended; anything else is dropped. */
const traceparentForm =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]{0,64})?$/

function traceparentOf(header: IHeaders[string]): string | undefined {
  if (header === undefined || Array.isArray(header)) return undefined
  const text = String(header)
  return traceparentForm.test(text) ? text : undefined
}
