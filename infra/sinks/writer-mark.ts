// Marks in ClickHouse that show whether the members of a consumer group write to one database. Each
// member stores a mark when it starts and sends it to the others through the group protocol.
import { randomUUID } from 'node:crypto'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import type { WriterMark } from '../kafka/group-members.ts'

/** A mark is a fence without a topic. */
const topic = ''

/** Stores a mark, one row. Throws analytics_unavailable, analytics_refused. */
export async function leaveMark(analytics: Analytics, group: string): Promise<WriterMark> {
  const token = randomUUID()
  await analytics.insert('partition_fences', {
    columns: ['consumer_group', 'topic', 'partition', 'number', 'token'],
    values: [[group, topic, 0, 0, token]],
    token: `mark-${token}`,
  })
  const { everywhere } = analytics
  const known = new Set<string>([token])
  return {
    token,
    async isKnown(other) {
      if (known.has(other)) return true
      const [found] = await analytics.rows<{ n: number }>(
        `SELECT count() AS n FROM ${everywhere.table('partition_fences')}
         WHERE consumer_group = {group: String} AND topic = {topic: String} AND token = {other: String}
         ${everywhere.settings}`,
        { group, topic, other },
      )
      if (found!.n > 0) known.add(other)
      return found!.n > 0
    },
  }
}
