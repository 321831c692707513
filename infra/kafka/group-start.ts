// Commits where a consumer group begins on a topic that it has never consumed. It is committed
// before the first record is read, so that a group that stops before its first own commit begins
// there again.
import { setTimeout } from 'node:timers/promises'
import { brokerCall, type KafkaClient } from './kafka.ts'
import { consuming } from './needed-rights.ts'

/** The end of the topic, or its first record from a time on; epoch milliseconds. */
export type GroupStart = 'latest' | { readonly sinceMs: number }

type Admin = ReturnType<KafkaClient['admin']>
type Place = { readonly partition: number; readonly offset: string }

/** Longest wait for another process that commits the same; committing takes about 5 s. */
const waitMsMax = 20_000
const pauseMs = 200

/**
 * Lets a group without a commit on the topic begin at `start`; returns whether it had none. A group
 * with a commit in any partition is left alone: a partition that was added later is read from its
 * first record.
 *
 * @throws WinnowError `broker_unavailable`, `broker_refused`.
 */
export async function startGroupAt(
  kafka: KafkaClient,
  names: { group: string; topic: string },
  start: GroupStart,
): Promise<boolean> {
  const { group, topic } = names
  const admin = kafka.admin()
  return brokerCall(consuming(`set where ${group} begins`, names), async () => {
    await admin.connect()
    try {
      if ((await committed(admin, names)).size > 0) return false
      const places = await placesOf(admin, topic, start)
      const deadlineMs = performance.now() + waitMsMax
      for (;;) {
        const has = await committed(admin, names)
        const partitions = places.filter(({ partition }) => !has.has(partition))
        if (partitions.length === 0) return true
        try {
          await admin.setOffsets({ groupId: group, topic, partitions })
        } catch (error) {
          // kafkajs refuses while the group has members: another process does the same.
          if (performance.now() > deadlineMs) throw error
          await setTimeout(pauseMs)
        }
      }
    } finally {
      await admin.disconnect()
    }
  })
}

/** The partitions in which the group has a commit. */
async function committed(
  admin: Admin,
  { group, topic }: { group: string; topic: string },
): Promise<ReadonlySet<number>> {
  const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  const own = (found?.partitions ?? []).filter(({ offset }) => Number(offset) >= 0)
  return new Set(own.map(({ partition }) => partition))
}

/** A partition without a record since that time begins at its end. */
async function placesOf(admin: Admin, topic: string, start: GroupStart): Promise<Place[]> {
  if (start === 'latest') {
    const ends = await admin.fetchTopicOffsets(topic)
    return ends.map(({ partition, high: offset }) => ({ partition, offset }))
  }
  const found = await admin.fetchTopicOffsetsByTimestamp(topic, start.sinceMs)
  return found.map(({ partition, offset }) => ({ partition, offset }))
}
