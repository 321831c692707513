// Raises fences in ClickHouse, so that a consumer that lost its partitions cannot write rows: one
// that was suspended past its session, or whose insert was still running when the group moved on.
// It owns the table partition_fences; the sink decides which rows are fenced.
import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { WinnowError } from '../../schemas/errors.ts'
import type { Fence } from '../../schemas/fence.ts'
import type { Analytics } from '../clickhouse/clickhouse.ts'
import {
  fencedError,
  fenceComment,
  fenceParameters,
  nextToken,
  ownedCondition,
  throwIfCode,
} from '../clickhouse/fence-condition.ts'

const pollMs = 50

/**
 * Makes the caller the only writer of these partitions. Once it resolves, no insert under an
 * earlier fence is running or can start, so the tables hold everything that earlier owners wrote.
 * `after` is the caller's own earlier fence: then `fenced` is thrown, and no fence raised, if
 * another consumer has raised one since. Throws analytics_unavailable, analytics_refused.
 */
export async function raiseFence(
  analytics: Analytics,
  owned: Pick<Fence, 'group' | 'topic' | 'partitions'>,
  after?: Fence,
): Promise<Fence> {
  const fence = { ...owned, token: after === undefined ? randomUUID() : nextToken(after.token) }
  if (owned.partitions.length === 0) return fence
  await storeFence(analytics, fence, after)
  // Inserts that started before are stored or visible here; later ones are refused. The clock
  // starts once the fence is stored, because an insert may start while the fence is on its way.
  const raisedMs = performance.now()
  const { everywhere } = analytics
  for (;;) {
    const [running] = await analytics.rows<{ n: number }>(
      `SELECT count() AS n FROM ${everywhere.table('system.processes')}
       WHERE Settings['log_comment'] = {comment: String} AND elapsed >= {seconds: Float64}
       ${everywhere.settings}`,
      { comment: fenceComment(owned), seconds: (performance.now() - raisedMs) / 1_000 },
    )
    if (running!.n === 0) return fence
    await setTimeout(pollMs)
  }
}

async function storeFence(analytics: Analytics, fence: Fence, after: Fence | undefined) {
  const insert = `INSERT INTO partition_fences (consumer_group, topic, partition, number, token)
     SELECT {fenceGroup: String}, {fenceTopic: String}, partition, max(number) + 1,
            {fenceToken: String}
     FROM (
       SELECT partition, number FROM partition_fences
       WHERE consumer_group = {fenceGroup: String} AND topic = {fenceTopic: String}
         AND partition IN {fencePartitions: Array(UInt32)}
       UNION ALL
       SELECT arrayJoin({fencePartitions: Array(UInt32)}) AS partition, toUInt64(0) AS number
     )
     ${after === undefined ? '' : `WHERE ${ownedCondition}`}
     GROUP BY partition`
  try {
    await analytics.runFence(insert, fenceParameters(fence))
  } catch (error) {
    const isRefusal = error instanceof WinnowError && error.details.clickhouseCode === throwIfCode
    throw isRefusal ? fencedError(fence, error) : error
  }
}
