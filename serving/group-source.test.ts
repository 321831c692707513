// What happens before a stage joins its group, told by clients of kafkajs's shape.
// tests/integration/consumer-groups.test.ts does it on a real broker.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../configs/load.ts'
import type { KafkaClient } from '../infra/kafka/kafka.ts'
import { exception } from '../tests/support/fake-clickhouse.ts'
import { openScriptedEngine, type ScriptedEngine } from '../tests/support/scripted-engine.ts'
import { openGroupSource } from './group-source.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
  scripted.answer('system.processes', [{ n: 0 }])
  scripted.answer('partition_fences', [{ n: 1 }])
})
afterEach(() => scripted.close())

/** A broker with one topic of three partitions, on which `former` has committed. */
function brokerWith(former: string) {
  const commits = new Map<string, unknown>()
  const groups: string[] = []
  const admin = {
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    fetchTopicMetadata: ({ topics }: { topics: string[] }) =>
      Promise.resolve({
        topics: topics
          .filter((name) => name === 'events')
          .map((name) => ({ name, partitions: [0, 1, 2] })),
      }),
    fetchOffsets: ({ groupId }: { groupId: string }) =>
      Promise.resolve([
        { partitions: [{ partition: 0, offset: groupId === former ? '5' : '-1' }] },
      ]),
    describeGroups: () => Promise.resolve({ groups: [{ members: [] }] }),
    setOffsets({ groupId, partitions }: { groupId: string; partitions: unknown }) {
      commits.set(groupId, partitions)
      return Promise.resolve()
    },
  }
  const consumer = ({ groupId }: { groupId: string }) => {
    groups.push(groupId)
    return { disconnect: () => Promise.resolve() }
  }
  const own = { kafka: { consumer }, end: () => undefined }
  const kafka = { admin: () => admin, withOwnConnections: () => own } as unknown as KafkaClient
  return { kafka, commits, groups }
}

async function open(options: { group: string; set?: string[]; topic?: string; former?: string }) {
  const { group, set = [], topic = 'events', former = '' } = options
  const broker = brokerWith(former)
  const lines: string[] = []
  const source = await openGroupSource(
    { kafka: broker.kafka, analytics: scripted.analytics },
    { group, topic, config: loadConfig({ env: {}, set }), log: (line) => lines.push(line) },
  )
  return { ...broker, lines, source }
}

describe('openGroupSource', () => {
  it('leaves a mark of the group, and makes a member that has not joined it yet', async () => {
    const { groups, commits, lines, source } = await open({ group: 'winnow.infer' })
    expect(scripted.inserts()).toMatchObject([
      { table: 'partition_fences', rows: [{ consumer_group: 'winnow.infer', topic: '' }] },
    ])
    expect(groups).toEqual(['winnow.infer'])
    expect([...commits.keys()]).toEqual([])
    // Under a default name nothing can have been committed before.
    expect(scripted.statements()).toEqual([])
    expect(lines).toEqual([])
    await source.close()
  })

  it('takes the offsets of the former name over first, and says so', async () => {
    const { commits, lines } = await open({
      group: 'winnow.infer@team-a.',
      former: 'winnow.infer',
      set: ['topics.prefix=team-a.'],
    })
    expect([...commits]).toEqual([['winnow.infer@team-a.', [{ partition: 0, offset: '5' }]]])
    expect(lines).toEqual([
      'the group winnow.infer@team-a. continues on events where the group winnow.infer stopped',
    ])
  })

  it('says nothing where there was nothing to take over', async () => {
    const { commits, lines } = await open({
      group: 'winnow.infer@team-a.',
      former: 'another group',
      set: ['topics.prefix=team-a.'],
    })
    expect({ commits: commits.size, lines }).toEqual({ commits: 0, lines: [] })
  })

  it('makes no member for a topic that is not there, or without its mark', async () => {
    await expect(open({ group: 'winnow.infer', topic: 'nowhere' })).rejects.toMatchObject({
      code: 'broker_refused',
      message: expect.stringContaining('winnow migrate') as string,
    })
    expect(scripted.inserts()).toEqual([])
    scripted.engine.failures.push(exception(236, 'ABORTED'))
    await expect(open({ group: 'winnow.infer' })).rejects.toMatchObject({
      code: 'analytics_unavailable',
    })
  })
})
