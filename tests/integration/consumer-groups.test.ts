// Which members a consumer group may have, and what happens to partitions that are added while it
// runs, on the real broker and engine.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { defaultGroup, formerGroup } from '../../serving/group-name.ts'
import { openStage } from '../../serving/stage.ts'
import { takeOverGroup } from '../../infra/sinks/former-group.ts'
import { startGroupAt } from '../../infra/kafka/group-start.ts'
import { openProducer } from '../../infra/kafka/kafka.ts'
import { raiseFence } from '../../infra/sinks/partition-fence.ts'
import { KafkaRecordSource } from '../../infra/kafka/record-source.ts'
import { createTopics, topicOf } from '../../infra/kafka/topics.ts'
import type { WriterMark } from '../../infra/kafka/group-members.ts'
import { leaveMark } from '../../infra/sinks/writer-mark.ts'
import { openBackends, uniqueName, type Backends } from '../support/backends.ts'
import { until } from '../support/until.ts'

let backends: Backends
let admin: ReturnType<Backends['kafka']['admin']>
beforeAll(async () => {
  backends = await openBackends(inject('stack'), { WINNOW_KAFKA_METADATA_AGE_MS_MAX: '300' })
  admin = backends.kafka.admin()
  await admin.connect()
})
afterAll(async () => {
  await admin.disconnect()
  await backends.close()
})

async function createTopic(): Promise<string> {
  const topic = uniqueName()
  await createTopics(admin, [{ topic, numPartitions: 2 }])
  return topic
}

/** Starts a member; `joined` resolves with its partitions. */
async function join(group: string, topic: string, mark?: WriterMark) {
  const { kafka, config } = backends
  const source = new KafkaRecordSource(kafka, { group, topic, mark, config, concurrency: 2 })
  const joined: (readonly number[])[] = []
  const failures: Error[] = []
  await source.start({
    onChunk: () => Promise.resolve(true),
    onPassed: () => undefined,
    onAssigned: (partitions) => joined.push(partitions),
    onFailure: (error) => failures.push(error),
  })
  await until('an assignment', () => joined.length > 0 || failures.length > 0)
  return { source, joined, failures }
}

describe('a group without commits', () => {
  it('begins at the end, and keeps that place before it has consumed', async () => {
    const { kafka } = backends
    const [group, topic] = [uniqueName(), await createTopic()]
    const producer = kafka.producer()
    await producer.connect()
    const messages = [{ value: 'a', partition: 0 }]
    await producer.send({ topic, messages })
    const committed = async () => {
      const [own] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
      return own!.partitions.map(({ offset }) => Number(offset))
    }
    expect(await startGroupAt(kafka, { group, topic }, 'latest')).toBe(true)
    expect(await committed()).toEqual([1, 0])
    await producer.send({ topic, messages })
    await producer.disconnect()
    expect(await startGroupAt(kafka, { group, topic }, 'latest')).toBe(false)
    expect(await committed()).toEqual([1, 0])
  })
})

describe('a member that consumes another topic', () => {
  it('does not join, and names the member that is there', async () => {
    const [group, mine, other] = [uniqueName(), await createTopic(), await createTopic()]
    const first = await join(group, mine)
    const { clientId } = backends.config.kafka
    await expect(join(group, other)).rejects.toMatchObject({
      code: 'group_conflict',
      message: expect.stringMatching(
        new RegExp(`${group} has a member ${clientId} at .*consumes ${mine} instead of ${other}`),
      ) as string,
    })
    expect(first.joined).toEqual([[0, 1]])
    expect(first.failures).toEqual([])
    await first.source.close()
  })

  it('that looks at nothing ends the leader with its name', async () => {
    const [group, mine, other] = [uniqueName(), await createTopic(), await createTopic()]
    const { source, failures } = await join(group, mine)
    const foreign = backends.kafka.consumer({ groupId: group, maxWaitTimeInMs: 100 })
    await foreign.connect()
    await foreign.subscribe({ topic: other })
    await foreign.run({ eachMessage: () => Promise.resolve() })
    await until('the end of the leader', () => failures.length > 0)
    await source.close()
    await foreign.disconnect()
    expect(failures[0]).toMatchObject({
      code: 'group_conflict',
      message: expect.stringContaining(`consumes ${other} instead of ${mine}`) as string,
    })
  })
})

describe('a member of the same topic', () => {
  it('joins when its mark is in this database, and not when it is in another', async () => {
    const [group, topic] = [uniqueName(), await createTopic()]
    const { analytics } = backends
    const first = await join(group, topic, await leaveMark(analytics, group))
    const second = await join(group, topic, await leaveMark(analytics, group))
    await until('one partition each', () => first.joined.at(-1)?.length === 1)
    const elsewhere = { token: uniqueName(), isKnown: () => Promise.resolve(false) }
    await expect(join(group, topic, elsewhere)).rejects.toMatchObject({
      code: 'group_conflict',
      message: expect.stringContaining('writes to another database') as string,
    })
    expect([...first.failures, ...second.failures]).toEqual([])
    await second.source.close()
    await first.source.close()
  })
})

describe('a group whose name has changed', () => {
  const commitsOf = async (groupId: string, topic: string) => {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
    return found!.partitions
      .toSorted((a, b) => a.partition - b.partition)
      .map(({ offset }) => Number(offset))
  }

  it('goes on where it stopped, once, when this database was written by it', async () => {
    const topic = await createTopic()
    const group = defaultGroup(backends.config, 'labels')
    const former = formerGroup(backends.config, group)!
    const { kafka, analytics } = backends
    const takeOver = () => takeOverGroup({ kafka, analytics }, { group, former, topic })
    const running = await join(former, topic)
    await running.source.commit([{ topic, partition: 1, offset: 1 }])
    // The offsets so far belong to another stack.
    expect(await takeOver()).toBe(false)
    const fence = await raiseFence(analytics, { group: former, topic, partitions: [0, 1] })
    await expect(takeOver()).rejects.toMatchObject({ code: 'group_conflict' })
    await running.source.close()
    // Two processes start together: one of them takes over, and the other waits for it.
    const both = await Promise.all([takeOver(), takeOver()])
    expect(both).toContain(true)
    expect(await commitsOf(group, topic)).toEqual([-1, 1])
    await expect(raiseFence(analytics, fence, fence)).rejects.toMatchObject({ code: 'fenced' })
    expect(await takeOver()).toBe(false)
  })
})

describe('a partition that is added while a stage runs', () => {
  it('is read, fenced and committed within the age of metadata', async () => {
    const { config, kafka, analytics } = backends
    const events = topicOf(config.topics, 'events')
    const group = uniqueName()
    const lines: string[] = []
    const stage = await openStage({
      range: { first: 'validate', last: 'validate' },
      consumptions: [{ topic: events, group, models: [], entry: { kind: 'own' } }],
      config,
      storeDir: '',
      log: (line) => lines.push(line),
    })
    const added = config.topics.partitions
    try {
      const [runner] = stage.runners
      await runner!.start()
      await until('the group', () => runner!.isReady())
      await admin.createPartitions({ topicPartitions: [{ topic: events, count: added + 1 }] })
      const startMs = performance.now()
      const producer = await openProducer(kafka)
      const good = JSON.stringify({ text: 'a text' })
      const values = [good, 'no JSON', good]
      await producer.send(
        events,
        values.map((value) => ({ key: null, value, partition: added })),
      )
      await producer.close()
      await until('a commit of all three', async () => {
        const [found] = await admin.fetchOffsets({ groupId: group, topics: [events] })
        return found!.partitions.some((one) => one.partition === added && one.offset === '3')
      }).catch((error: unknown) => {
        throw new Error(`the stage logged: ${lines.join('; ')}`, { cause: error })
      })
      expect(performance.now() - startMs).toBeLessThan(10_000)
      const letters = await analytics.rows(
        'SELECT partition, offset, code FROM dead_letters ORDER BY offset',
      )
      expect(letters).toEqual([{ partition: added, offset: 1, code: 'json_invalid' }])
      const [fence] = await analytics.rows<{ partitions: number[] }>(
        `SELECT arraySort(groupArray(partition)) AS partitions FROM partition_fences
         WHERE consumer_group = {group: String} AND topic = {events: String}
         GROUP BY token ORDER BY max(number) DESC, max(raised_at) DESC LIMIT 1`,
        { group, events },
      )
      expect(fence!.partitions).toContain(added)
      // The next topic keeps its number of partitions, so records of the added partition wrap
      // around.
      const ends = await admin.fetchTopicOffsets(topicOf(config.topics, 'validated'))
      expect(ends.map(({ high }) => Number(high)).reduce((a, b) => a + b)).toBe(2)
    } finally {
      await stage.close()
    }
  })
})
