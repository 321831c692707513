// The SQL of a fenced insert: the condition on the table partition_fences, its parameters, the
// query's comment. Raising a fence is infra/sinks/partition-fence.ts.
import { WinnowError } from '../../schemas/errors.ts'
import type { Fence } from '../../schemas/fence.ts'

/** An SQL condition that throws (code 395) if the fence in its parameters is not the latest. */
export const fenceCondition = conditionOn('latest = {fenceToken: String}')

/**
 * An SQL condition that throws (code 395) if the latest fence belongs to another owner: it is
 * neither the fence in the parameters nor one that its owner raised later with `nextToken`.
 */
export const ownedCondition = conditionOn(
  `splitByChar('/', latest)[1] = splitByChar('/', {fenceToken: String})[1]`,
)

/** The error code of a condition that throws. */
export const throwIfCode = 395

/** The token of a fence that its owner raises after an earlier one. */
export function nextToken(token: string): string {
  const [owner, number = '1'] = token.split('/')
  return `${owner}/${Number(number) + 1}`
}

/** The error for a condition that throws. */
export function fencedError({ group, topic, partitions }: Fence, cause: unknown): WinnowError {
  const message = `another consumer of the group ${group} owns ${topic}/${partitions.join(', ')} now`
  return new WinnowError('fenced', message, { cause })
}

function conditionOn(latestIsOurs: string): string {
  return `throwIf((
  SELECT count() FROM (
    SELECT argMax(token, (number, token)) AS latest FROM partition_fences
    WHERE consumer_group = {fenceGroup: String} AND topic = {fenceTopic: String}
      AND partition IN {fencePartitions: Array(UInt32)}
    GROUP BY partition
  ) WHERE ${latestIsOurs}
) != {fenceCount: UInt32}, 'fenced') = 0`
}

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
 * The setting log_comment of every insert into fenced partitions of a group and topic, so that the
 * next owner can find one that is still running. (The embedded engine takes no query id.)
 */
export function fenceComment({ group, topic }: Pick<Fence, 'group' | 'topic'>): string {
  return `winnow/${group}/${topic}`
}
