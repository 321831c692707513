// Copies the offsets that a consumer group committed under an earlier name, once. Group names are
// serving/group-name.ts.
import { setTimeout } from 'node:timers/promises'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import { refuseMembersOf } from '../kafka/group-members.ts'
import { brokerCall, type KafkaClient } from '../kafka/kafka.ts'
import { raiseFence } from './partition-fence.ts'

type Admin = ReturnType<KafkaClient['admin']>
type Committed = { partition: number; offset: string }[]

/** Longest wait for another process that copies the same offsets; copying takes about 5 s. */
const takeOverMsMax = 20_000
const pauseMs = 200

/**
 * Commits for `group` the offsets that `former` committed on the topic; returns whether it
 * committed any. Skips partitions where `group` has commits. Does nothing if `former` never wrote
 * to this database, because it then belongs to another stack.
 *
 * @throws WinnowError `group_conflict` if a process still consumes the topic under the former name;
 * `broker_unavailable`, `broker_refused`, `analytics_unavailable`.
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
      // The fence stops a suspended process of the former name from writing when it wakes.
      const partitions = offsets.map(({ partition }) => partition)
      await raiseFence(analytics, { group: former, topic, partitions })
      const deadlineMs = performance.now() + takeOverMsMax
      for (;;) {
        try {
          await admin.setOffsets({ groupId: group, topic, partitions: offsets })
          return true
        } catch (error) {
          // kafkajs refuses while the group has members: another process may be copying or have
          // finished.
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

/** The offsets that `former` committed in partitions where `group` has no commit. */
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
