// What a fenced insert says to ClickHouse: the condition on the table partition_fences, its parameters
// and the query's id. Raising a fence is partition-fence.ts.
import { randomUUID } from 'node:crypto'
import type { Fence } from '../schemas/fence.ts'

/** An SQL condition that throws (code 395) where the fence of its parameters is an old one. */
export const fenceCondition = `throwIf((
  SELECT count() FROM (
    SELECT argMax(token, (number, token)) AS latest FROM partition_fences
    WHERE consumer_group = {fenceGroup: String} AND topic = {fenceTopic: String}
      AND partition IN {fencePartitions: Array(UInt32)}
    GROUP BY partition
  ) WHERE latest = {fenceToken: String}
) != {fenceCount: UInt32}, 'fenced') = 0`

/** The parameters of `fenceCondition`. */
export function fenceParameters(fence: Fence): Record<string, unknown> {
  return {
    fenceGroup: fence.group,
    fenceTopic: fence.topic,
    fencePartitions: fence.partitions,
    fenceToken: fence.token,
    fenceCount: fence.partitions.length,
  }
}

/** The query id of an insert under a fence: by it the next owner sees one that still runs. */
export function fenceQueryId(fence: Pick<Fence, 'group' | 'topic'>): string {
  return `${queryIdPrefix(fence)}${randomUUID()}`
}

/** What the ids of all inserts into fenced partitions of a group and topic begin with. */
export function queryIdPrefix({ group, topic }: Pick<Fence, 'group' | 'topic'>): string {
  return `winnow/${group}/${topic}/`
}
