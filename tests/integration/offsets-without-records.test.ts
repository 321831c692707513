// Offsets without records on the real broker: commit markers, aborted records, what compaction and
// retention removed. The stream commits past them, so that monitors see no lag, and bounded reads
// end.
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { loadConfig } from '../../configs/load.ts'
import { connectProducer, createKafka } from '../../infra/kafka/kafka.ts'
import { readRecordsAt } from '../../infra/kafka/record-lookup.ts'
import { KafkaRecordSource } from '../../infra/kafka/record-source.ts'
import { readRanges, resolveRange } from '../../infra/kafka/topic-range.ts'
import { createTopics } from '../../infra/kafka/topics.ts'
import { ok } from '../../schemas/outcome.ts'
import { createRunner } from '../../streams/runner.ts'
import { uniqueName } from '../support/backends.ts'
import { createMemorySink } from '../support/memory-sink.ts'
import { chainOfEach, noMetrics } from '../support/runner-parts.ts'
import { until } from '../support/until.ts'

const { ConfigResourceTypes } = kafkajs
const config = loadConfig({ env: { WINNOW_KAFKA_BROKERS: inject('stack').brokers.join(',') } })
const kafka = createKafka(config)
const admin = kafka.admin()
/** Longest time of a bounded read; the broker's silence would end it only after 60 s. */
const readMsMax = 8_000

beforeAll(() => admin.connect())
afterAll(() => admin.disconnect())

async function createTopic(
  numPartitions: number,
  settings: Record<string, string> = {},
): Promise<string> {
  const topic = uniqueName()
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
  await createTopics(admin, [{ topic, numPartitions, configEntries }])
  return topic
}

type Write = { partition: number; values: readonly string[] }
const messagesOf = ({ partition, values }: Write) =>
  values.map((value) => ({ key: value, value, partition }))

/** Writes in one transaction of a producer of its own. */
async function inTransaction(topic: string, write: Write, end: 'commit' | 'abort'): Promise<void> {
  const { producer, close } = await connectProducer(kafka, { transactionalId: uniqueName() })
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: messagesOf(write) })
  await transaction[end]()
  await close()
}

async function plainly(topic: string, write: Write): Promise<void> {
  const { producer, close } = await connectProducer(kafka)
  await producer.send({ topic, messages: messagesOf(write) })
  await close()
}

/** Two overlapping transactions; the second one ends first. Both are aborted. */
async function overlapping(topic: string, partition: number): Promise<void> {
  const ids = [uniqueName(), uniqueName()]
  const producers = await Promise.all(
    ids.map((transactionalId) => connectProducer(kafka, { transactionalId })),
  )
  const transactions = []
  for (const [at, { producer }] of producers.entries()) {
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: messagesOf({ partition, values: [`lost ${at}`] }) })
    transactions.push(transaction)
  }
  for (const transaction of transactions.toReversed()) await transaction.abort()
  await Promise.all(producers.map(({ close }) => close()))
}

async function endsOf(topic: string): Promise<Record<number, number>> {
  const offsets = await admin.fetchTopicOffsets(topic)
  return Object.fromEntries(offsets.map(({ partition, high }) => [partition, Number(high)]))
}

async function commitsOf(group: string, topic: string): Promise<Record<number, number>> {
  const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  return Object.fromEntries(
    found!.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
  )
}

/**
 * Runs the stream's runner on a topic until it has committed everything; returns the stored values.
 */
async function streamed(topic: string, concurrency: number): Promise<string[]> {
  const group = uniqueName()
  const sink = createMemorySink<string>()
  const runner = createRunner<string>({
    source: new KafkaRecordSource(kafka, { group, topic, config, concurrency }),
    chain: chainOfEach(({ value }) => ok(value!.toString())),
    sink,
    config: config.stream,
    metrics: noMetrics,
    log: () => undefined,
  })
  await runner.start()
  try {
    await until('a commit at the end of every partition', async () => {
      const [ends, commits] = [await endsOf(topic), await commitsOf(group, topic)]
      return Object.entries(ends).every(([partition, end]) => commits[Number(partition)] === end)
    })
  } finally {
    await runner.stop()
  }
  return sink.rows.toSorted()
}

/** Reads a range, everything by default, and checks that it took only seconds. */
async function readRange(topic: string, range: { from?: string; to?: string } = {}) {
  const startMs = performance.now()
  const values: string[] = []
  const ranges = await resolveRange(kafka, { topic, ...range })
  for await (const { records } of readRanges(kafka, { topic, ranges })) {
    values.push(...records.map(({ value }) => value!.toString()))
  }
  expect(performance.now() - startMs).toBeLessThan(readMsMax)
  return values.toSorted()
}

async function lookUp(topic: string, offsets: readonly number[]): Promise<number[]> {
  const startMs = performance.now()
  const found: number[] = []
  await readRecordsAt(kafka, {
    topic,
    places: offsets.map((offset) => ({ partition: 0, offset })),
    take: ({ offset }) => {
      found.push(offset)
      return Promise.resolve()
    },
  })
  expect(performance.now() - startMs).toBeLessThan(readMsMax)
  return found
}

describe('transactions', () => {
  let topic: string
  beforeAll(async () => {
    topic = await createTopic(4)
    // Partition 0: only aborted records. 1: aborted records at the end. 2: a mixture. 3:
    // overlapping.
    await inTransaction(topic, { partition: 0, values: ['a', 'b'] }, 'abort')
    await inTransaction(topic, { partition: 1, values: ['one'] }, 'commit')
    await inTransaction(topic, { partition: 1, values: ['c'] }, 'abort')
    await inTransaction(topic, { partition: 1, values: ['d'] }, 'abort')
    await plainly(topic, { partition: 2, values: ['two'] })
    await inTransaction(topic, { partition: 2, values: ['e'] }, 'abort')
    await inTransaction(topic, { partition: 2, values: ['three'] }, 'commit')
    await plainly(topic, { partition: 2, values: ['four'] })
    await overlapping(topic, 3)
  })

  it('leave no lag behind, and no aborted record in front', async () => {
    expect(await streamed(topic, 4)).toEqual(['four', 'one', 'three', 'two'])
  })

  it('end a read of the whole topic', async () => {
    expect(await readRange(topic)).toEqual(['four', 'one', 'three', 'two'])
  })

  it.each([
    ['aborted records only', '0=0', '0=3'],
    ['one aborted record', '0=1', '0=2'],
    ['one commit marker', '1=1', '1=2'],
    ['an abort marker in the middle', '2=2', '2=3'],
    ['markers and aborted records of two producers', '3=0', '3=4'],
  ])('end a read of %s', async (_what, from, to) => {
    expect(await readRange(topic, { from, to })).toEqual([])
  })

  it('end a search for records that are markers or aborted', async () => {
    expect(await lookUp(topic, [0, 1, 2])).toEqual([])
  })
})

describe('compaction', () => {
  const cleanerPause = (value: string) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.BROKER,
          name: '1',
          configEntries: [{ name: 'log.cleaner.backoff.ms', value }],
        },
      ],
    })
  beforeAll(() => cleanerPause('50'))
  afterAll(() => cleanerPause('15000'))

  it('that empties a batch in front of a large record stops neither stream nor read', async () => {
    const topic = await createTopic(1, {
      'cleanup.policy': 'compact',
      'min.cleanable.dirty.ratio': '0.001',
      'segment.ms': '1',
      'max.message.bytes': '4000000',
    })
    const write = async (value: string) => {
      // The broker keeps the last batch of such a producer, even without records.
      const producer = kafka.producer({ idempotent: true, createPartitioner: () => () => 0 })
      await producer.connect()
      await producer.send({ topic, messages: [{ key: 'key', value }] })
      await producer.disconnect()
    }
    const large = 'x'.repeat(2_500_000)
    for (const value of ['early', 'early too', large]) await write(value)
    await until('the early records to be gone', async () => {
      await plainly(topic, { partition: 0, values: ['later'] })
      return (await readRange(topic, { from: '0', to: '2' })).length === 0
    })
    expect([...new Set(await streamed(topic, 1))]).toEqual(['later', large])
    expect(await lookUp(topic, [0, 1, 2])).toEqual([2])
  })
})

describe('a read whose records are deleted meanwhile', () => {
  it('ends', async () => {
    const topic = await createTopic(1)
    await plainly(topic, { partition: 0, values: ['a', 'b', 'c'] })
    const ranges = await resolveRange(kafka, { topic })
    // The client deletes records only in topics whose metadata it has read.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '3' }] })
    const startMs = performance.now()
    for await (const { records } of readRanges(kafka, { topic, ranges })) {
      expect(records).toEqual([])
    }
    expect(await lookUp(topic, [1])).toEqual([])
    expect(performance.now() - startMs).toBeLessThan(2 * readMsMax)
  })
})
