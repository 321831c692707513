// Where a group begins, told by an admin client of kafkajs's shape. On a real broker, see
// tests/integration/inputs.test.ts and consumer-groups.test.ts.
import { describe, expect, it } from 'vitest'
import { startGroupAt } from './group-start.ts'
import type { KafkaClient } from './kafka.ts'

/** A broker with these commits by partition; `set` may refuse to store more. */
function brokerWith(commits: Record<number, number>, set: () => void = () => undefined) {
  let open = 0
  const admin = {
    connect: () => Promise.resolve(open++),
    disconnect: () => Promise.resolve(open--),
    fetchOffsets: () =>
      Promise.resolve([
        {
          partitions: [0, 1].map((partition) => ({
            partition,
            offset: String(commits[partition] ?? -1),
          })),
        },
      ]),
    fetchTopicOffsets: () =>
      Promise.resolve([
        { partition: 0, high: '10' },
        { partition: 1, high: '0' },
      ]),
    fetchTopicOffsetsByTimestamp: (_topic: string, ms: number) =>
      Promise.resolve([
        { partition: 0, offset: String(ms) },
        { partition: 1, offset: '0' },
      ]),
    setOffsets({ partitions }: { partitions: { partition: number; offset: string }[] }) {
      set()
      for (const { partition, offset } of partitions) commits[partition] = Number(offset)
      return Promise.resolve()
    },
  }
  return { kafka: { admin: () => admin } as unknown as KafkaClient, commits, open: () => open }
}
const names = { group: 'g', topic: 't' }

describe('startGroupAt', () => {
  it('commits the ends of all partitions, also of empty ones', async () => {
    const { kafka, commits, open } = brokerWith({})
    expect(await startGroupAt(kafka, names, 'latest')).toBe(true)
    expect([commits, open()]).toEqual([{ 0: 10, 1: 0 }, 0])
  })

  it('commits the first record from a time on', async () => {
    const { kafka, commits } = brokerWith({})
    expect(await startGroupAt(kafka, names, { sinceMs: 7 })).toBe(true)
    expect(commits).toEqual({ 0: 7, 1: 0 })
  })

  it('leaves a group alone that has a commit in one partition', async () => {
    const { kafka, commits } = brokerWith({ 1: 3 })
    expect(await startGroupAt(kafka, names, 'latest')).toBe(false)
    expect(commits).toEqual({ 1: 3 })
  })

  it('commits the rest when another process commits some at the same time', async () => {
    const commits: Record<number, number> = {}
    let isFirst = true
    const { kafka } = brokerWith(commits, () => {
      if (!isFirst) return
      isFirst = false
      commits[0] = 9
      throw new Error('the group has members')
    })
    expect(await startGroupAt(kafka, names, 'latest')).toBe(true)
    expect(commits).toEqual({ 0: 9, 1: 0 })
  })
})
