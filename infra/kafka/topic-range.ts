// Reads a bounded part of a topic, all partitions in parallel, and leaves nothing behind in the
// broker. Replay and training from a topic use it; the caller interprets the records.
import { randomUUID } from 'node:crypto'
import type { EachBatchPayload } from 'kafkajs'
import { lineageOf, type KafkaRecord } from '../../schemas/record.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { brokerCall, brokerError, type KafkaClient } from './kafka.ts'
import { describing, readingAs } from './needed-rights.ts'
import { onPassed } from './passed-offsets.ts'
import { parseRangeEnd, requireOrder, type RangeEnd } from './range-ends.ts'
import { readBounds, silenceMs, stalled, stallMsMax } from './record-lookup.ts'
import { recordOf } from './record-source.ts'

/** Offsets of one partition, from `from` up to but not including `to`. */
export type PartitionRange = {
  readonly partition: number
  readonly from: number
  readonly to: number
}

/** Consecutive records of one partition, in offset order. */
export type RangeChunk = {
  readonly partition: number
  readonly records: readonly KafkaRecord[]
  /** The offset after the last one, control records included. */
  readonly nextOffset: number
}

/** Most records that are buffered between the broker and the reader. */
const waitingRecordsMax = 20_000

/**
 * Resolves a written range to the offsets that the topic holds at the call. Each end is empty (no
 * limit), an offset for every partition, `P=OFFSET,P=OFFSET` for some partitions, or a time (RFC
 * 3339, or epoch milliseconds of 12 or more digits). A time stands for the first record at or after
 * it.
 *
 * @throws WinnowError `usage` for an end that cannot be parsed, `broker_unavailable`,
 * `broker_refused` if the topic does not exist.
 */
export async function resolveRange(
  kafka: KafkaClient,
  range: { topic: string; from?: string | undefined; to?: string | undefined },
): Promise<PartitionRange[]> {
  const { topic } = range
  const [from, to] = [parseRangeEnd(range.from, 'start'), parseRangeEnd(range.to, 'end')]
  requireOrder(from, to)
  const admin = kafka.admin()
  return brokerCall(describing(`read the offsets of ${topic}`, topic), async () => {
    await admin.connect()
    try {
      const held = await admin.fetchTopicOffsets(topic)
      const atTime = async (end: RangeEnd): Promise<Map<number, number>> => {
        if (end.kind !== 'time') return new Map()
        const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, end.ms)
        return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]))
      }
      const [fromTimes, toTimes] = [await atTime(from), await atTime(to)]
      return held
        .map(({ partition, low, high }) => {
          const bounds = { low: Number(low), high: Number(high) }
          const start = endOffset(from, { partition, times: fromTimes, open: bounds.low })
          const stop = endOffset(to, { partition, times: toTimes, open: bounds.high })
          const first = Math.min(Math.max(start, bounds.low), bounds.high)
          return { partition, from: first, to: Math.max(first, Math.min(stop, bounds.high)) }
        })
        .sort((a, b) => a.partition - b.partition)
    } finally {
      await admin.disconnect()
    }
  })
}

/**
 * The ranges of the last records of a topic: at most `records` offsets, as many of each partition
 * as far as it has them. Throws as resolveRange does.
 */
export async function latestRanges(
  kafka: KafkaClient,
  { topic, records }: { topic: string; records: number },
): Promise<PartitionRange[]> {
  const held = await resolveRange(kafka, { topic })
  let left = records
  // The emptiest first, so that what they do not have goes to the others.
  const bySize = held.toSorted((a, b) => a.to - a.from - (b.to - b.from))
  return bySize.map(({ partition, from, to }, at) => {
    const share = Math.min(to - from, Math.ceil(left / (bySize.length - at)))
    left -= share
    return { partition, from: to - share, to }
  })
}

/** Formats a range as text that `resolveRange` resolves to the same offsets. */
export function rangeText(ranges: readonly PartitionRange[]): { from: string; to: string } {
  const ends = (end: 'from' | 'to'): string =>
    ranges.map((range) => `${range.partition}=${range[end]}`).join(',')
  return { from: ends('from'), to: ends('to') }
}

function endOffset(
  end: RangeEnd,
  at: { partition: number; times: ReadonlyMap<number, number>; open: number },
): number {
  switch (end.kind) {
    case 'open':
      return at.open
    case 'offset':
      return end.offset
    case 'offsets':
      // A partition that is not named is not read.
      return end.byPartition.get(at.partition) ?? 0
    case 'time': {
      // The broker answers -1 when the partition has no record at or after the time.
      const offset = at.times.get(at.partition) ?? -1
      return offset < 0 ? Infinity : offset
    }
  }
}

/**
 * Reads ranges, partitions in parallel; the chunks of one partition come in order. Skips replayed
 * dead letters, because the first record of an event is in the topic too. Buffers at most 20,000
 * records. Commits nothing, and deletes the consumer group that it used.
 *
 * @throws WinnowError `broker_unavailable`, `broker_refused`, `cancelled`, `deadline_exceeded` when
 * the broker sends nothing for a minute.
 */
export async function* readRanges(
  kafka: KafkaClient,
  options: {
    topic: string
    ranges: readonly PartitionRange[]
    signal?: AbortSignal | undefined
  },
): AsyncGenerator<RangeChunk> {
  const { topic, signal } = options
  const ranges = options.ranges.filter(({ from, to }) => from < to)
  if (ranges.length === 0) return
  const groupPrefix = 'winnow.range.'
  const group = `${groupPrefix}${randomUUID()}`
  const work = readingAs(`read ${topic}`, { topics: [topic], groupPrefix })
  const reading = new RangeReading(topic, ranges, async () => {
    for (const [partition, { low }] of await readBounds(kafka, topic)) reading.pass(partition, low)
  })
  const consumer = kafka.consumer({
    groupId: group,
    allowAutoTopicCreation: false,
    ...consumerPace,
  })
  onPassed(consumer, ({ partition, nextOffset }) => {
    if (reading.pass(partition, nextOffset)) consumer.pause([{ topic, partitions: [partition] }])
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) reading.fail(brokerError(work, payload.error))
  })
  const abort = (): void => reading.fail(new WinnowError('cancelled', `Reading ${topic} stopped.`))
  signal?.addEventListener('abort', abort)
  if (signal?.aborted === true) abort()
  try {
    await brokerCall(work, async () => {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: ranges.length,
        eachBatch: (payload) => reading.take(payload),
      })
      for (const { partition, from } of ranges) {
        consumer.seek({ topic, partition, offset: String(from) })
      }
      reading.start()
    })
    yield* reading.chunks()
  } finally {
    signal?.removeEventListener('abort', abort)
    reading.stop()
    await consumer.disconnect()
    await deleteGroup(kafka, group)
  }
}

const consumerPace = { maxWaitTimeInMs: 100, maxBytesPerPartition: 2_097_152, maxBytes: 16_777_216 }

/** Kafka also expires a group without commits; deleting it only keeps the list of groups short. */
async function deleteGroup(kafka: KafkaClient, group: string): Promise<void> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    await admin.deleteGroups([group])
  } catch {
    return
  } finally {
    await admin.disconnect()
  }
}

/** The buffer between the consumer's callbacks and the reader. */
class RangeReading {
  readonly #topic: string
  /** Skips the offsets that the topic no longer holds. */
  readonly #passDeleted: () => Promise<void>
  readonly #next = new Map<number, number>()
  readonly #ends = new Map<number, number>()
  #started = false
  #stopped = false
  #failure: Error | undefined
  #waiting: RangeChunk[] = []
  #waitingRecords = 0
  #wakeReader: () => void = () => undefined
  #wakeSource: (() => void)[] = []

  constructor(topic: string, ranges: readonly PartitionRange[], passDeleted: () => Promise<void>) {
    this.#topic = topic
    this.#passDeleted = passDeleted
    for (const { partition, from, to } of ranges) {
      this.#next.set(partition, from)
      this.#ends.set(partition, to)
    }
  }

  /** Starts accepting batches: the positions are set. */
  start(): void {
    this.#started = true
  }

  stop(): void {
    this.#stopped = true
    for (const wake of this.#wakeSource.splice(0)) wake()
  }

  fail(error: Error): void {
    this.#failure ??= error
    this.#wakeReader()
  }

  /** Takes one polled batch; waits while the buffer is full. */
  async take(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload
    const { partition, messages } = batch
    const next = this.#next.get(partition)
    const end = this.#ends.get(partition)
    if (next === undefined || end === undefined) {
      payload.pause()
      return
    }
    // kafkajs polled it before the positions were set.
    if (!this.#started) return
    while (this.#waitingRecords >= waitingRecordsMax && !this.#stopped) {
      await Promise.race([
        new Promise<void>((resolve) => this.#wakeSource.push(resolve)),
        new Promise<void>((resolve) => setTimeout(resolve, 1_000)),
      ])
      await payload.heartbeat()
    }
    if (this.#stopped) return
    const records = messages
      .filter(({ offset }) => Number(offset) >= next && Number(offset) < end)
      .map((message) => recordOf(this.#topic, partition, message))
      .filter((record) => lineageOf(record).attempt === 0)
    payload.resolveOffset(batch.lastOffset())
    if (this.#add(partition, records, Number(batch.lastOffset()) + 1)) payload.pause()
  }

  /** Skips offsets without records; returns whether the partition is read to its end. */
  pass(partition: number, nextOffset: number): boolean {
    return this.#started && !this.#stopped && this.#add(partition, [], nextOffset)
  }

  #add(partition: number, records: readonly KafkaRecord[], polled: number): boolean {
    const next = this.#next.get(partition) ?? 0
    const end = this.#ends.get(partition) ?? 0
    const nextOffset = Math.min(end, Math.max(next, polled))
    if (nextOffset > next) {
      this.#next.set(partition, nextOffset)
      const last = this.#waiting.at(-1)
      const follows = last?.partition === partition && records.length === 0
      if (follows) this.#waiting[this.#waiting.length - 1] = { ...last, nextOffset }
      else this.#waiting.push({ partition, records, nextOffset })
      this.#waitingRecords += records.length
      this.#wakeReader()
    }
    return nextOffset >= end
  }

  async *chunks(): AsyncGenerator<RangeChunk> {
    const unread = new Map(this.#ends)
    while (unread.size > 0) {
      const chunk = this.#waiting.shift()
      if (chunk === undefined) {
        await this.#arrival()
        continue
      }
      this.#waitingRecords -= chunk.records.length
      for (const wake of this.#wakeSource.splice(0)) wake()
      if (chunk.nextOffset >= unread.get(chunk.partition)!) unread.delete(chunk.partition)
      yield chunk
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  async #arrival(): Promise<void> {
    const startMs = performance.now()
    while (this.#waiting.length === 0) {
      this.#throwFailure()
      if (performance.now() - startMs > stallMsMax) throw stalled(this.#topic)
      let timer: NodeJS.Timeout | undefined
      const silent = await new Promise<boolean>((resolve) => {
        this.#wakeReader = () => resolve(false)
        timer = setTimeout(resolve, silenceMs, true)
      }).finally(() => clearTimeout(timer))
      // Retention may have deleted these records since the range was resolved; then no batch comes.
      if (silent) await this.#passDeleted()
    }
    this.#throwFailure()
  }
}
