// What a fenced insert says to ClickHouse: the condition on the table partition_fences, its parameters
// and the query's comment. Raising a fence is partition-fence.ts.
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

/**
 * The setting log_comment of every insert into fenced partitions of a group and topic: by it the next
 * owner sees one that still runs. (A query id cannot be given to the embedded engine.)
 */
export function fenceComment({ group, topic }: Pick<Fence, 'group' | 'topic'>): string {
  return `winnow/${group}/${topic}`
}
