// When a group takes over another's offsets, told by an admin client of kafkajs's shape.
// tests/integration/consumer-groups.test.ts does it on a real broker.
import kafkajs from 'kafkajs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { KafkaClient } from '../kafka/kafka.ts'
import { openScriptedEngine, type ScriptedEngine } from '../../tests/support/scripted-engine.ts'
import { takeOverGroup } from './former-group.ts'

let scripted: ScriptedEngine
beforeEach(async () => {
  scripted = await openScriptedEngine()
  scripted.answer('system.processes', [{ n: 0 }])
  scripted.answer('partition_fences', [{ n: 1 }])
})
afterEach(async () => {
  vi.useRealTimers()
  await scripted.close()
})

const names = { group: 'g@x', former: 'g', topic: 't' }

/** A broker with these commits, by group and partition; `set` may refuse to store more. */
function brokerWith(
  commits: Record<string, Record<number, number>>,
  options: { members?: readonly string[]; set?: () => Promise<void> } = {},
) {
  let open = 0
  const { AssignerProtocol } = kafkajs
  const memberMetadata = AssignerProtocol.MemberMetadata.encode({
    version: 1,
    topics: ['t'],
    userData: Buffer.alloc(0),
  })
  const admin = {
    connect: () => Promise.resolve(open++),
    disconnect: () => Promise.resolve(open--),
    fetchOffsets: ({ groupId }: { groupId: string }) =>
      Promise.resolve([
        {
          topic: 't',
          partitions: [0, 1, 2].map((partition) => ({
            partition,
            offset: String(commits[groupId]?.[partition] ?? -1),
          })),
        },
      ]),
    describeGroups: () =>
      Promise.resolve({
        groups: [
          {
            members: (options.members ?? []).map((clientId) => ({
              memberId: 'm',
              clientId,
              clientHost: '/10.0.0.7',
              memberMetadata,
            })),
          },
        ],
      }),
    async setOffsets(given: {
      groupId: string
      partitions: { partition: number; offset: string }[]
    }) {
      await options.set?.()
      const group = (commits[given.groupId] ??= {})
      for (const { partition, offset } of given.partitions) group[partition] = Number(offset)
    },
  }
  const kafka = { admin: () => admin } as unknown as KafkaClient
  return { kafka, commits, open: () => open }
}

const takeOver = ({ kafka }: { kafka: KafkaClient }) =>
  takeOverGroup({ kafka, analytics: scripted.analytics }, names)
const fences = () => scripted.statements().filter(({ sql }) => sql.startsWith('INSERT'))

describe('takeOverGroup', () => {
  it('commits what the former group committed, behind a fence of its partitions', async () => {
    const broker = brokerWith({ g: { 0: 5, 2: 9 } })
    expect(await takeOver(broker)).toBe(true)
    expect(broker.commits['g@x']).toEqual({ 0: 5, 2: 9 })
    expect(fences()).toHaveLength(1)
    expect(fences()[0]!.parameters).toMatchObject({ fenceGroup: 'g', fencePartitions: '[0,2]' })
    expect(broker.open()).toBe(0)
  })

  it('leaves partitions alone where the group has commits of its own', async () => {
    const broker = brokerWith({ g: { 0: 5, 1: 6 }, 'g@x': { 0: 70 } })
    expect(await takeOver(broker)).toBe(true)
    expect(broker.commits['g@x']).toEqual({ 0: 70, 1: 6 })
    expect(await takeOver(broker)).toBe(false)
    expect(fences()).toHaveLength(1)
  })

  it('does nothing where the former group never wrote to this database', async () => {
    scripted.answer('partition_fences', [{ n: 0 }])
    const broker = brokerWith({ g: { 0: 5 } })
    expect(await takeOver(broker)).toBe(false)
    expect(broker.commits['g@x']).toBeUndefined()
    expect(scripted.statements()[0]!.parameters).toEqual({ group: 'g', topic: 't' })
  })

  it('refuses while a process still consumes under the former name, and closes its client', async () => {
    const broker = brokerWith({ g: { 0: 5 } }, { members: ['old-app'] })
    await expect(takeOver(broker)).rejects.toMatchObject({
      code: 'group_conflict',
      message: expect.stringContaining('old-app') as string,
    })
    expect(broker.commits['g@x']).toBeUndefined()
    expect(fences()).toEqual([])
    expect(broker.open()).toBe(0)
  })

  it('finds that another process has done it meanwhile', async () => {
    const broker = brokerWith(
      { g: { 0: 5 } },
      {
        set() {
          broker.commits['g@x'] = { 0: 5 }
          return Promise.reject(new Error('the group has members'))
        },
      },
    )
    expect(await takeOver(broker)).toBe(false)
    expect(broker.commits['g@x']).toEqual({ 0: 5 })
  })

  it('tries again while the broker refuses, but not for ever', async () => {
    let refusals = 1
    const patient = brokerWith(
      { g: { 0: 5 } },
      {
        set: () =>
          refusals-- > 0 ? Promise.reject(new Error('it has members')) : Promise.resolve(),
      },
    )
    expect(await takeOver(patient)).toBe(true)
    vi.useFakeTimers({ toFake: ['performance'] })
    let tries = 0
    const refusing = brokerWith(
      { g: { 0: 5 } },
      {
        set() {
          tries++
          vi.advanceTimersByTime(20_001)
          return Promise.reject(new Error('it has members'))
        },
      },
    )
    await expect(takeOver(refusing)).rejects.toMatchObject({
      code: 'broker_unavailable',
      message: 'cannot take over the offsets of g: it has members',
    })
    expect(tries).toBe(1)
  })
})
