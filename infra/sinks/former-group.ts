// Takes over what a consumer group committed under an earlier name, once. What groups are called is
// serving/group-name.ts.
import { setTimeout } from 'node:timers/promises'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { refuseMembersOf } from '../kafka/group-members.ts'
import { brokerCall, type KafkaClient } from '../kafka/kafka.ts'
import { raiseFence } from './partition-fence.ts'

type Admin = ReturnType<KafkaClient['admin']>
type Committed = { partition: number; offset: string }[]

/** Processes that start together wait for the one that takes over; it needs about 5 s. */
const takeOverMsMax = 20_000
const pauseMs = 200

/**
 * Commits for `group` what `former` has committed on the topic. Nothing is done for partitions
 * where `group` has commits, or when `former` never wrote to this database: then it belongs to
 * another stack. Gives whether anything was done.
 *
 * @throws WinnowError `group_conflict` when a process still consumes the topic under the former
 * name; `broker_unavailable`, `broker_refused`, `analytics_unavailable`.
 */
export async function takeOverGroup(
  clients: { kafka: KafkaClient; analytics: Analytics },
  names: { group: string; former: string; topic: string },
): Promise<boolean> {
  const { kafka, analytics } = clients
  const { group, former, topic } = names
  if (!(await wroteHere(analytics, former, topic))) return false
  const admin = kafka.admin()
  return brokerCall(`take over the offsets of ${former}`, async () => {
    await admin.connect()
    try {
      let offsets = await missing(admin, names)
      if (offsets.length === 0) return false
      await refuseMembersOf(kafka, former, topic)
      // A process of the former name that sleeps now writes nothing when it wakes.
      const partitions = offsets.map(({ partition }) => partition)
      await raiseFence(analytics, { group: former, topic, partitions })
      const deadlineMs = performance.now() + takeOverMsMax
      for (;;) {
        try {
          await admin.setOffsets({ groupId: group, topic, partitions: offsets })
          return true
        } catch (error) {
          // The client refuses while the group has members: another process may be at it, or have
          // done it.
          await setTimeout(pauseMs)
          offsets = await missing(admin, names)
          if (offsets.length === 0) return false
          if (performance.now() > deadlineMs) throw error
        }
      }
    } finally {
      await admin.disconnect()
    }
  })
}

/** What `former` has committed of partitions where `group` has no commit. */
async function missing(
  admin: Admin,
  names: { group: string; former: string; topic: string },
): Promise<Committed> {
  const { group, former, topic } = names
  const present = new Set((await committed(admin, group, topic)).map(({ partition }) => partition))
  const offsets = await committed(admin, former, topic)
  return offsets.filter(({ partition }) => !present.has(partition))
}

async function committed(admin: Admin, groupId: string, topic: string): Promise<Committed> {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
  return (found?.partitions ?? [])
    .filter(({ offset }) => Number(offset) >= 0)
    .map(({ partition, offset }) => ({ partition, offset }))
}

async function wroteHere(analytics: Analytics, group: string, topic: string): Promise<boolean> {
  const [found] = await analytics.rows<{ n: number }>(
    `SELECT count() AS n FROM partition_fences
     WHERE consumer_group = {group: String} AND topic = {topic: String}`,
    { group, topic },
  )
  return found!.n > 0
}
