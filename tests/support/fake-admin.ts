// A Kafka client that knows topics and consumer groups, for what only the admin calls of kafkajs ask.
import type { KafkaClient } from '../../infra/kafka/kafka.ts'

/** Offsets of the partitions of a topic, in order: the first, and the one after the last. */
export type FakeTopics = Readonly<Record<string, readonly (readonly [low: number, high: number])[]>>

/** A group with the offsets that it has committed on one topic; undefined is none. */
export type FakeGroup = {
  readonly group: string
  readonly topic: string
  readonly committed: readonly (number | undefined)[]
  /** Whether somebody consumes; true when absent. */
  readonly active?: boolean
}

/** Creates the client; `calls` counts the connections of its admins. */
export function createFakeAdmin(topics: FakeTopics, groups: readonly FakeGroup[] = []) {
  const counted = { calls: 0 }
  const membersOf = (groupId: string) =>
    groups.some(({ group, active = true }) => group === groupId && active)
      ? [{ memberMetadata: Buffer.alloc(0) }]
      : []
  const admin = {
    connect: () => {
      counted.calls += 1
      return Promise.resolve()
    },
    disconnect: () => Promise.resolve(),
    listTopics: () => Promise.resolve(Object.keys(topics)),
    listGroups: () =>
      Promise.resolve({
        groups: [...new Set(groups.map(({ group }) => group))].map((groupId) => ({ groupId })),
      }),
    describeGroups: (ids: readonly string[]) =>
      Promise.resolve({
        groups: ids.map((groupId) => {
          const members = membersOf(groupId)
          return { groupId, members, state: members.length > 0 ? 'Stable' : 'Empty' }
        }),
      }),
    fetchTopicOffsets: (topic: string) =>
      Promise.resolve(
        (topics[topic] ?? []).map(([low, high], partition) => ({
          partition,
          low: String(low),
          high: String(high),
        })),
      ),
    fetchOffsets: ({ groupId, topics: asked }: { groupId: string; topics: readonly string[] }) =>
      Promise.resolve(
        groups
          .filter(({ group, topic }) => group === groupId && asked.includes(topic))
          .map(({ topic, committed }) => ({
            topic,
            partitions: committed.map((offset, partition) => ({
              partition,
              offset: String(offset ?? -1),
              metadata: null,
            })),
          })),
      ),
  }
  return { kafka: { admin: () => admin } as unknown as KafkaClient, counted }
}
