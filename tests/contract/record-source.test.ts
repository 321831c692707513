// The record source port: the real group member on the broker and the fake must behave the same. No
// record is skipped, and uncommitted records come again.
import { beforeAll, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import {
  connectProducer,
  createKafka,
  openProducer,
  type KafkaClient,
} from '../../infra/kafka/kafka.ts'
import { KafkaRecordSource } from '../../infra/kafka/record-source.ts'
import { createTopics } from '../../infra/kafka/topics.ts'
import type { PassedOffsets, RecordChunk } from '../../schemas/record.ts'
import type { RecordSource } from '../../schemas/ports/record-source.ts'
import { uniqueName } from '../support/backends.ts'
import { createMemoryTopic } from '../support/memory-topic.ts'
import { until } from '../support/until.ts'

const partitions = 2
/** The shortest session that a broker allows by default. */
const sessionMs = 6_000

/** A topic with its consumer groups. */
type Subject = {
  append(partition: number, values: readonly string[]): Promise<void>
  /** Appends a few offsets without records; returns the offset after them. */
  appendEmpty(partition: number): Promise<number>
  source(group: string): RecordSource
  /** Makes the group assign its partitions to its one member again. */
  rejoin(group: string): Promise<void>
  /** How long a silent member stays in its group. */
  sessionMs: number
}

let kafka: KafkaClient
const config = () =>
  loadConfig({
    env: { WINNOW_KAFKA_BROKERS: inject('stack').brokers.join(',') },
    set: [`kafka.sessionMsMax=${sessionMs}`],
  })

beforeAll(() => {
  kafka = createKafka(config())
})

async function realSubject(): Promise<Subject> {
  const topic = uniqueName()
  const admin = kafka.admin()
  await admin.connect()
  await createTopics(admin, [{ topic, numPartitions: partitions }])
  await admin.disconnect()
  const source = (group: string) =>
    new KafkaRecordSource(kafka, { group, topic, config: config(), concurrency: partitions })
  return {
    async append(partition, values) {
      const producer = await openProducer(kafka)
      await producer.send(
        topic,
        values.map((value) => ({ key: null, value, partition })),
      )
      await producer.close()
    },
    async appendEmpty(partition) {
      const { producer, close } = await connectProducer(kafka, { transactionalId: topic })
      const transaction = await producer.transaction()
      const messages = [{ value: 'aborted', partition }]
      const [sent] = await transaction.send({ topic, messages })
      await transaction.abort()
      await close()
      // The abort marker follows the record.
      return Number(sent!.baseOffset) + 2
    },
    source,
    async rejoin(group) {
      const other = source(group)
      await other.start({
        onChunk: () => Promise.resolve(false),
        onPassed: () => undefined,
        onAssigned: () => undefined,
        onFailure: () => undefined,
      })
      await other.close()
    },
    sessionMs,
  }
}

function memorySubject(): Promise<Subject> {
  const topic = createMemoryTopic({ topic: 'memory', partitions })
  return Promise.resolve({
    append(partition, values) {
      topic.append(partition, values)
      return Promise.resolve()
    },
    appendEmpty(partition) {
      topic.appendEmpty(partition, 2)
      return Promise.resolve(topic.end(partition))
    },
    source: (group) => topic.source(group),
    rejoin(group) {
      topic.rejoin(group)
      return Promise.resolve()
    },
    sessionMs: 0,
  })
}

/**
 * Starts a source that accepts every chunk unless `takes` refuses it; records what came per
 * assignment.
 */
async function follow(source: RecordSource, takes: (chunk: RecordChunk) => boolean = () => true) {
  const assignments: {
    partitions: readonly number[]
    chunks: RecordChunk[]
    passed: PassedOffsets[]
  }[] = []
  const failures: Error[] = []
  await source.start({
    onChunk: (chunk) => {
      const taken = takes(chunk)
      if (taken) assignments.at(-1)!.chunks.push(chunk)
      return Promise.resolve(taken)
    },
    onPassed: (passed) => assignments.at(-1)!.passed.push(passed),
    onAssigned: (given) => assignments.push({ partitions: given, chunks: [], passed: [] }),
    onFailure: (error) => failures.push(error),
  })
  const offsets = (partition: number) =>
    assignments
      .at(-1)!
      .chunks.filter((chunk) => chunk.partition === partition)
      .flatMap((chunk) => chunk.records.map((record) => record.offset))
  return {
    assignments,
    failures,
    offsets,
    seen: (partition: number, count: number) =>
      until(`${count} records of partition ${partition}`, () => offsets(partition).length >= count),
  }
}

const texts = (count: number) => Array.from({ length: count }, (_, index) => `text ${index}`)
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

describe.concurrent.each([
  ['the real source', realSubject],
  ['the source in memory', memorySubject],
])('%s', (_name, open) => {
  it('hands out each partition in order, in chunks that join on to each other', async () => {
    const subject = await open()
    await subject.append(0, texts(300))
    await subject.append(1, texts(2))
    const source = subject.source('order')
    const { assignments, offsets, seen } = await follow(source)
    await seen(0, 300)
    await seen(1, 2)
    await source.close()
    expect(assignments.at(-1)!.partitions.toSorted()).toEqual([0, 1])
    expect(offsets(0)).toEqual(range(0, 300))
    expect(offsets(1)).toEqual([0, 1])
    const { chunks } = assignments.at(-1)!
    for (const chunk of chunks) {
      const last = chunk.records.at(-1)!
      expect(chunk.records.length).toBeLessThanOrEqual(128)
      expect(chunk.nextOffset).toBe(last.offset + 1)
      expect(chunk.highWatermark).toBe(chunk.partition === 0 ? 300 : 2)
    }
    const [record] = chunks.find((chunk) => chunk.partition === 1)!.records
    expect(record).toMatchObject({ partition: 1, offset: 0, key: null, traceparent: undefined })
    expect(record!.value?.toString()).toBe('text 0')
    expect(record!.recordTimeMs).toBeGreaterThan(0)
  })

  it('goes on from the commit when a group comes back; other groups start at the beginning', async () => {
    const subject = await open()
    await subject.append(0, texts(10))
    const first = subject.source('returning')
    const { assignments, seen } = await follow(first)
    await seen(0, 10)
    const { topic } = assignments.at(-1)!.chunks[0]!
    await first.commit([{ topic, partition: 0, offset: 7 }])
    await first.close()
    const second = subject.source('returning')
    const again = await follow(second)
    await again.seen(0, 3)
    await second.close()
    expect(again.offsets(0)).toEqual([7, 8, 9])
    const other = subject.source('newcomer')
    const whole = await follow(other)
    await whole.seen(0, 10)
    await other.close()
    expect(whole.offsets(0)).toEqual(range(0, 10))
  })

  it('goes back to the commit when the group assigns partitions again', async () => {
    const subject = await open()
    await subject.append(0, texts(6))
    const source = subject.source('rejoining')
    const { assignments, offsets, seen, failures } = await follow(source)
    await seen(0, 6)
    const { topic } = assignments.at(-1)!.chunks[0]!
    await source.commit([{ topic, partition: 0, offset: 4 }])
    const before = assignments.length
    await subject.rejoin('rejoining')
    await until('all partitions again', () => {
      const latest = assignments.at(-1)!
      return assignments.length > before && latest.partitions.length === partitions
    })
    await seen(0, 2)
    await source.close()
    expect(offsets(0)).toEqual([4, 5])
    expect(failures).toEqual([])
  })

  it('joins its group again when asked, and goes back to the commit', async () => {
    const subject = await open()
    await subject.append(0, texts(5))
    const source = subject.source('asking')
    const { assignments, offsets, seen, failures } = await follow(source)
    await seen(0, 5)
    const { topic } = assignments.at(-1)!.chunks[0]!
    await source.commit([{ topic, partition: 0, offset: 3 }])
    const before = assignments.length
    await source.rejoin()
    await until('a new assignment', () => assignments.length > before)
    await seen(0, 2)
    await source.close()
    expect(offsets(0)).toEqual([3, 4])
    expect(failures).toEqual([])
  })

  it('reports offsets without records, behind the chunks and alone', async () => {
    const subject = await open()
    await subject.append(0, texts(3))
    const ends = [await subject.appendEmpty(0), await subject.appendEmpty(1)]
    const source = subject.source('passing')
    const { assignments, offsets, failures } = await follow(source)
    const reached = (partition: number) => {
      const { chunks, passed } = assignments.at(-1)!
      const all = [...chunks, ...passed].filter((one) => one.partition === partition)
      return Math.max(0, ...all.map(({ nextOffset }) => nextOffset))
    }
    await until('both ends', () => reached(0) === ends[0] && reached(1) === ends[1])
    await source.close()
    expect(offsets(0)).toEqual([0, 1, 2])
    expect(offsets(1)).toEqual([])
    expect(assignments.at(-1)!.passed).toContainEqual(
      expect.objectContaining({ partition: 1, nextOffset: ends[1], highWatermark: ends[1] }),
    )
    expect(failures).toEqual([])
  })

  it('offers a chunk again that was not taken', async () => {
    const subject = await open()
    await subject.append(0, texts(5))
    let refusals = 0
    const source = subject.source('refusing')
    const { offsets, seen } = await follow(source, () => refusals++ >= 3)
    await seen(0, 5)
    await source.close()
    expect(offsets(0)).toEqual(range(0, 5))
  })

  it('stays in its group while it is paused, so that commits still count', async () => {
    const subject = await open()
    await subject.append(0, texts(4))
    const source = subject.source('pausing')
    const { assignments, offsets, seen, failures } = await follow(source)
    await seen(0, 4)
    source.pause()
    await subject.append(0, texts(4))
    const until_ = performance.now() + subject.sessionMs * 1.25
    await until('longer than a session', () => performance.now() > until_)
    expect(offsets(0)).toEqual(range(0, 4))
    expect(assignments).toHaveLength(1)
    const { topic } = assignments[0]!.chunks[0]!
    await source.commit([{ topic, partition: 0, offset: 4 }])
    await source.close()
    expect(failures).toEqual([])
    const next = subject.source('pausing')
    const rest = await follow(next)
    await rest.seen(0, 4)
    await next.close()
    expect(rest.offsets(0)).toEqual(range(4, 8))
  })
})
