// The sink port: the real sinks on the broker and the engine, and the fake that other tests use,
// must behave the same. Writing a block again must not change what it counts for.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Insertion } from '../../infra/clickhouse/clickhouse.ts'
import { raiseFence } from '../../infra/sinks/partition-fence.ts'
import { createTopicSink } from '../../infra/sinks/topic-sink.ts'
import { topicOf } from '../../infra/kafka/topics.ts'
import type { Classification } from '../../schemas/classification.ts'
import { WinnowError } from '../../schemas/errors.ts'
import type { Block, StoredPage, Sink } from '../../schemas/ports/sink.ts'
import type { Backends } from '../support/backends.ts'
import { openClusterEngine, type ClusterEngine } from '../support/cluster-engine.ts'
import { createMemorySink } from '../support/memory-sink.ts'
import { outputOf, sampleClassification, sampleDeadLetter } from '../support/sample-records.ts'
import { openSinkBackends, type SinkBackends } from '../support/sink-clients.ts'
import { until } from '../support/until.ts'

/** Offsets per page of the real sink and of the fake. */
const pageRows = 10_000
const pageRowsInMemory = 50

const owner = { group: 'contract', topic: 'contract.events' }

/** A sink, with access to what it stored for one source or topic. */
type Subject = {
  sink: Sink<Classification>
  pageRows: number
  stored: (topic: string) => Promise<{ rows: number; letters: number }>
  /** The events in the rollup by label; the source of all events of a test is their topic. */
  rollup: (topic: string) => Promise<number>
}

let real: SinkBackends
let backends: Backends
let cluster: ClusterEngine

beforeAll(async () => {
  const opened = await Promise.all([openSinkBackends(inject('stack')), openClusterEngine()])
  ;[real, cluster] = opened
  backends = real.backends
})

afterAll(async () => {
  await cluster.close()
  await real.close()
})

/** The real sink with rows in the tables of a sharded cluster. */
function clusterSubject(): Subject {
  return realSubject(cluster.analytics)
}

function realSubject(analytics = backends.analytics): Subject {
  const counted = async (sql: string, topic: string) => {
    const [row] = await analytics.rows<{ n: number }>(sql, { topic })
    return row!.n
  }
  return {
    sink: real.resultSink({ owner, clients: { analytics } }),
    pageRows,
    stored: async (topic) => ({
      rows: await counted(
        'SELECT count() AS n FROM classifications WHERE topic = {topic: String}',
        topic,
      ),
      letters: await counted(
        'SELECT count() AS n FROM dead_letters WHERE topic = {topic: String}',
        topic,
      ),
    }),
    rollup: (topic) =>
      counted('SELECT sum(events) AS n FROM label_counts WHERE source = {topic: String}', topic),
  }
}

function memorySubject(): Subject {
  const sink = createMemorySink<Classification>({
    originOf: (one) => one,
    pageRows: pageRowsInMemory,
  })
  const rowsOf = (topic: string) => sink.rows.filter((row) => row.topic === topic).length
  const lettersOf = (topic: string) => sink.letters.filter((one) => one.topic === topic).length
  return {
    sink,
    pageRows: pageRowsInMemory,
    stored: (topic) => Promise.resolve({ rows: rowsOf(topic), letters: lettersOf(topic) }),
    rollup: (topic) => Promise.resolve(rowsOf(topic)),
  }
}

function blockOf(
  token: string,
  classifications: readonly Classification[],
  deadLetters: Block<Classification>['deadLetters'] = [],
): Block<Classification> {
  return {
    token,
    outputs: classifications.map((value) => outputOf(value)),
    deadLetters,
  }
}

function range(topic: string, from: number, count: number): Classification[] {
  return Array.from({ length: count }, (_, index) =>
    sampleClassification({ topic, source: topic, offset: from + index }),
  )
}

describe.each([
  ['the result sink', () => realSubject()],
  ['the result sink on a sharded cluster', clusterSubject],
  ['the sink in memory', memorySubject],
])('%s', (_name, open) => {
  it('stores a block once, however often it is written, rollups included', async () => {
    const { sink, stored, rollup } = open()
    const fence = await sink.fence([0])
    const topic = 'contract.once'
    const letter = sampleDeadLetter({ topic, offset: 3 })
    const block = blockOf('once-1', range(topic, 0, 3), [letter])
    await sink.write(block, fence)
    await sink.write(block, fence)
    expect(await stored(topic)).toEqual({ rows: 3, letters: 1 })
    expect(await rollup(topic)).toBe(3)
    await sink.write(blockOf('once-2', range(topic, 4, 2)), fence)
    await sink.write(block, fence)
    expect(await stored(topic)).toEqual({ rows: 5, letters: 1 })
    expect(await rollup(topic)).toBe(5)
  })

  it('tells what is stored of a partition: rows and dead letters, with record times', async () => {
    const { sink } = open()
    const fence = await sink.fence([0])
    const topic = 'contract.delivered'
    const elsewhere = sampleClassification({ topic, partition: 1, offset: 0 })
    const rows = [...range(topic, 0, 2), elsewhere]
    await sink.write(blockOf('delivered', rows, [sampleDeadLetter({ topic, offset: 2 })]), fence)
    const time = (offset: number) => sampleClassification({ offset }).recordTimeMs
    expect(await sink.storedFrom(topic, 0, 0)).toEqual({
      recordTimeMsByOffset: new Map([0, 1, 2].map((offset) => [offset, time(offset)])),
      through: Infinity,
    })
    const later = await sink.storedFrom(topic, 0, 1)
    expect([...later.recordTimeMsByOffset.keys()]).toEqual([1, 2])
    expect((await sink.storedFrom(topic, 2, 0)).recordTimeMsByOffset.size).toBe(0)
    expect((await sink.storedFrom('contract.never', 0, 0)).recordTimeMsByOffset.size).toBe(0)
  })

  it('tells the later record time of an offset that a recreated topic uses again', async () => {
    const { sink } = open()
    const fence = await sink.fence([0])
    const topic = 'contract.anew'
    const again = sampleClassification({ topic, source: topic, offset: 0, recordTimeMs: 9e12 })
    await sink.write(blockOf('anew-2', [again]), fence)
    await sink.write(blockOf('anew-1', range(topic, 0, 1)), fence)
    const { recordTimeMsByOffset } = await sink.storedFrom(topic, 0, 0)
    expect(recordTimeMsByOffset.get(0)).toBe(9e12)
  })

  it('tells at which attempt dead letters and results settled events that were sent again', async () => {
    const { sink } = open()
    const fence = await sink.fence([0])
    const topic = 'contract.again'
    const letter = (offset: number, attempt: number) => sampleDeadLetter({ topic, offset, attempt })
    const [row] = range(topic, 3, 1)
    await sink.write(blockOf('again-1', [], [letter(1, 0), letter(2, 0), letter(3, 0)]), fence)
    const again = { ...blockOf('again-2', [], [letter(2, 1)]), outputs: [outputOf(row!, 1)] }
    await sink.write(again, fence)
    const origin = (offset: number) => {
      const { recordTimeMs } = sampleDeadLetter({ offset })
      return { topic, partition: 0, offset, recordTimeMs }
    }
    const other = { ...origin(1), recordTimeMs: 5 }
    const asked = [origin(3), origin(1), origin(4), origin(2), other]
    expect(await sink.storedAttempts(topic, 0, asked)).toEqual([Infinity, 0, -1, 1, -1])
    const { recordTimeMsByOffset } = await sink.storedFrom(topic, 0, 0)
    expect([...recordTimeMsByOffset.keys()]).toEqual([1, 2, 3])
  })

  it('refuses what an earlier owner of a partition writes, and stores nothing of it', async () => {
    const { sink, stored } = open()
    const topic = 'contract.fenced'
    const earlier = await sink.fence([0, 1])
    const letters = [sampleDeadLetter({ topic, offset: 9 })]
    await sink.write(blockOf('fenced-1', range(topic, 0, 1)), earlier)
    const later = await sink.fence([1, 2])
    const late = blockOf('fenced-2', range(topic, 1, 2), letters)
    await expect(sink.write(late, earlier)).rejects.toMatchObject({ code: 'fenced' })
    expect(await stored(topic)).toEqual({ rows: 1, letters: 0 })
    await sink.write(late, later)
    expect(await stored(topic)).toEqual({ rows: 3, letters: 1 })
  })

  it('lets an owner raise one fence after another, until somebody else has raised one', async () => {
    const { sink, stored } = open()
    const topic = 'contract.re-fenced'
    const first = await sink.fence([0, 1])
    // Twice, as if the first response was lost.
    await sink.fence(first.partitions, first)
    const second = await sink.fence(first.partitions, first)
    const late = blockOf('refenced-1', range(topic, 0, 1))
    await expect(sink.write(late, first)).rejects.toMatchObject({ code: 'fenced' })
    const third = await sink.fence(second.partitions, second)
    await sink.write(blockOf('refenced-2', range(topic, 1, 1)), third)
    await sink.fence([1])
    await expect(sink.fence(third.partitions, third)).rejects.toMatchObject({ code: 'fenced' })
    expect(await stored(topic)).toEqual({ rows: 1, letters: 0 })
  })

  it('gives many stored offsets in pages that leave none out', async () => {
    const { sink, pageRows } = open()
    const fence = await sink.fence([0])
    const topic = 'contract.pages'
    const rows = range(topic, 0, pageRows)
    // Dead letters among and after the rows, so that a page must be cut in the order of both.
    const letters = [10_000_000, 10_000_001, pageRows].map((offset) =>
      sampleDeadLetter({ topic, offset }),
    )
    await sink.write(blockOf('pages', rows, letters), fence)
    const pages: StoredPage[] = []
    const found = new Set<number>()
    for (let from = 0; from < Infinity;) {
      const page = await sink.storedFrom(topic, 0, from)
      pages.push(page)
      for (const offset of page.recordTimeMsByOffset.keys()) {
        expect(offset).toBeLessThanOrEqual(page.through)
        found.add(offset)
      }
      from = page.through + 1
    }
    expect(pages.length).toBeGreaterThan(1)
    expect(pages[0]!.recordTimeMsByOffset.size).toBeLessThanOrEqual(pageRows)
    expect(found.size).toBe(pageRows + 3)
  })
})

/** The real sink of a process whose first insert of at least `rowsMin` rows into a table fails. */
function flakySink(failing: string, rowsMin = 1) {
  const { analytics } = backends
  let isAway = false
  const flaky = {
    ...analytics,
    insert: (table: string, insertion: Insertion) => {
      if (table !== failing || isAway || insertion.values.length < rowsMin) {
        return analytics.insert(table, insertion)
      }
      isAway = true
      return Promise.reject(new WinnowError('analytics_unavailable', 'away'))
    },
  }
  return real.resultSink({ owner, clients: { analytics: flaky } })
}

describe('the result sink alone', () => {
  it('takes what another model or a shadow stored or rejected for not stored', async () => {
    const { sink } = realSubject()
    const fence = await sink.fence([0])
    const topic = 'contract.models'
    const rows = [
      sampleClassification({ topic, offset: 0, model: 'other' }),
      sampleClassification({ topic, offset: 1, role: 'shadow' }),
      sampleClassification({ topic, offset: 2, version: '7' }),
    ]
    await sink.write(blockOf('models', rows), fence)
    const other = real.resultSink({ owner, model: 'other' })
    await other.write(blockOf('models-other', [], [sampleDeadLetter({ topic, offset: 3 })]), fence)
    const { recordTimeMsByOffset } = await sink.storedFrom(topic, 0, 0)
    expect([...recordTimeMsByOffset.keys()]).toEqual([2])
    const { recordTimeMs } = sampleDeadLetter({ offset: 3 })
    const origin = { topic, partition: 0, offset: 3, recordTimeMs }
    expect(await sink.storedAttempts(topic, 0, [origin])).toEqual([-1])
    expect(await other.storedAttempts(topic, 0, [origin])).toEqual([0])
  })

  it('notes the offset at which the version changed in each partition, as the rows have it', async () => {
    const { analytics } = backends
    const topic = 'contract.swaps'
    const rows = (version: string, partition: number, offsets: number[]) =>
      offsets.map((offset) => sampleClassification({ topic, partition, offset, version }))
    const { sink } = realSubject()
    let fence = await sink.fence([0, 1])
    await sink.write(blockOf('swaps-1', [...rows('1', 0, [0, 1]), ...rows('1', 1, [0])]), fence)
    const change = blockOf('swaps-2', [...rows('1', 0, [2]), ...rows('2', 0, [3, 4])])
    await sink.write(change, fence)
    await sink.write(change, fence)
    // Another process continues with another version.
    const other = realSubject().sink
    fence = await other.fence([0, 1])
    await other.write(blockOf('swaps-3', [...rows('3', 0, [5]), ...rows('2', 1, [1])]), fence)
    const noted = await analytics.rows<object>(
      `SELECT partition, offset, version, reason FROM model_releases
       WHERE kind = 'swap' AND topic = {topic: String} ORDER BY partition, offset`,
      { topic },
    )
    expect(noted).toEqual([
      { partition: 0, offset: 3, version: '2', reason: 'from version 1' },
      { partition: 0, offset: 5, version: '3', reason: 'from version 2' },
      { partition: 1, offset: 1, version: '2', reason: 'from version 1' },
    ])
  })

  it.each(['classifications', 'model_releases'])(
    'notes a swap exactly where the rows have it, also when a process ended before its insert into %s',
    async (table) => {
      const { analytics } = backends
      const topic = `contract.noted.${table}`
      const rows = (version: string, offsets: number[]) =>
        offsets.map((offset) => sampleClassification({ topic, offset, version }))
      const ended = flakySink(table, table === 'classifications' ? 3 : 1)
      let fence = await ended.fence([0])
      await ended.write(blockOf(`${topic}-1`, rows('1', [0, 1])), fence)
      const change = blockOf(`${topic}-2`, [...rows('1', [2]), ...rows('2', [3, 4])])
      await expect(ended.write(change, fence)).rejects.toThrow('away')
      // The next process serves the first version again, and starts where nothing was stored.
      const { sink } = realSubject()
      fence = await sink.fence([0])
      await sink.recover(topic, 0)
      const page = await sink.storedFrom(topic, 0, 2)
      const lost = [2, 3, 4].filter((offset) => !page.recordTimeMsByOffset.has(offset))
      await sink.write(blockOf(`${topic}-3`, rows('1', [...lost, 5])), fence)
      await sink.recover(topic, 0)
      const noted = await analytics.rows<{ offset: number; version: string }>(
        `SELECT offset, version FROM model_releases
         WHERE kind = 'swap' AND topic = {topic: String} ORDER BY offset`,
        { topic },
      )
      const stored = [
        { offset: 3, version: '2' },
        { offset: 5, version: '1' },
      ]
      expect(noted).toEqual(table === 'classifications' ? [] : stored)
    },
  )

  it('waits, when it raises a fence, for an insert that began while the fence was on its way', async () => {
    const { analytics } = backends
    const { topic, group } = owner
    let slow: Promise<void> | undefined
    let isDone = false
    const late = {
      ...analytics,
      async runFence(sql: string, parameters: Record<string, unknown>) {
        slow ??= analytics
          .run(
            `INSERT INTO inference_batches (size) SELECT sleepEachRow(0.3) + 1 FROM numbers(10)
             SETTINGS max_block_size = 1, log_comment = {comment: String}`,
            { comment: `winnow/${group}/${topic}` },
          )
          .then(() => {
            isDone = true
          })
        await until('the slow insert', async () => {
          const [row] = await analytics.rows<{ n: number }>(
            `SELECT count() AS n FROM system.processes WHERE query LIKE 'INSERT INTO inference%'`,
          )
          return row!.n > 0
        })
        await analytics.runFence(sql, parameters)
      },
    }
    await raiseFence(late, { ...owner, partitions: [7] })
    expect(isDone).toBe(true)
    await slow
  })

  it('completes a block that an earlier try stored only in part', async () => {
    const { analytics } = backends
    const sink = flakySink('classifications')
    const fence = await sink.fence([0])
    const topic = 'contract.partly'
    const known = range(topic, 0, 2).map((one) => ({
      ...one,
      eventId: `partly-${one.offset}`,
      knownLabel: 'ham',
    }))
    const block = blockOf('partly', known, [sampleDeadLetter({ topic, offset: 2 })])
    await expect(sink.write(block, fence)).rejects.toThrow('away')
    await sink.write(block, fence)
    expect(await realSubject().stored(topic)).toEqual({ rows: 2, letters: 1 })
    const labels = await analytics.rows<{ label: string; by: string }>(
      `SELECT label, labelled_by AS by FROM labels WHERE startsWith(event_id, 'partly-')`,
    )
    expect(labels).toEqual(Array(2).fill({ label: 'ham', by: 'producer' }))
  })
})

describe('the topic sink', () => {
  it('sends records to the partition they came from and stores dead letters once', async () => {
    const { config, kafka } = backends
    const topic = 'contract.topic-sink'
    const next = topicOf(config.topics, 'validated')
    const sink = createTopicSink<Classification>(real.clients, {
      topic: next,
      deadLetterTopic: topicOf(config.topics, 'dead-letters'),
      partitions: config.topics.partitions,
      encode: (value) => Buffer.from(value.text),
      owner,
    })
    const fence = await sink.fence([0])
    const outputs = [0, 1, config.topics.partitions + 1].map((partition) =>
      sampleClassification({ topic, partition }),
    )
    const block = blockOf('topic-sink', outputs, [sampleDeadLetter({ topic, offset: 9 })])
    await sink.write(block, fence)
    await sink.write(block, fence)
    const admin = kafka.admin()
    await admin.connect()
    const ends = (await admin.fetchTopicOffsets(next)).toSorted((a, b) => a.partition - b.partition)
    await admin.disconnect()
    // Records are sent at least once: both writes are visible.
    expect(ends.map(({ high }) => Number(high))).toEqual([2, 4, 0, 0])
    expect((await realSubject().stored(topic)).letters).toBe(1)
    const { recordTimeMsByOffset } = await sink.storedFrom(topic, 0, 0)
    expect([...recordTimeMsByOffset.keys()]).toEqual([9])
  })
})
