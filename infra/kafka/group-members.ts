// Refuses consumer group members that do not belong together. A member that consumes another topic
// or writes to another database takes partitions, and their records are lost to the others. kafkajs
// does not notice. So a joining member checks the group, and the leader checks it again.
import { setTimeout } from 'node:timers/promises'
import kafkajs, { type GroupMember, type PartitionAssigner } from 'kafkajs'
import { WinnowError } from '../../schemas/errors.ts'
import { brokerCall, type KafkaClient } from './kafka.ts'

const { AssignerProtocol, PartitionAssigners } = kafkajs

/**
 * The mark that identifies a member in the database that it writes to; see
 * infra/sinks/writer-mark.ts.
 */
export type WriterMark = {
  readonly token: string
  /** Whether this database holds the mark of another member. Throws analytics_unavailable. */
  isKnown(token: string): Promise<boolean>
}

/** What all members of one group must have in common. */
export type Membership = {
  readonly group: string
  readonly topic: string
  /** Identifies the database that the members write to; without it only topics are compared. */
  readonly mark?: WriterMark | undefined
}

/**
 * A member as the group's coordinator describes it. Its metadata is empty while the group
 * rebalances.
 */
type Member = { readonly memberId: string; readonly name: string; readonly metadata: Buffer }

/**
 * Longest wait for a group that rebalances. After that the member joins unchecked: the leader
 * checks too.
 */
const stableMsMax = 10_000
const stablePauseMs = 100
/** Longest time that a leader spends on checking the members. */
const leaderMsMax = 3_000
const markPrefix = 'winnow:'

/**
 * Throws group_conflict, naming the member, if a member of the group has another topic or database.
 */
export async function refuseForeignMembers(
  kafka: KafkaClient,
  membership: Membership,
): Promise<void> {
  for (const member of (await stableMembers(kafka, membership.group)) ?? []) {
    await refuse(member, membership)
  }
}

/** Throws group_conflict, naming the member, if a member of the group consumes this topic. */
export async function refuseMembersOf(
  kafka: KafkaClient,
  group: string,
  topic: string,
): Promise<void> {
  const members = await stableMembers(kafka, group)
  if (members === undefined) {
    const message =
      `the consumer group ${group} has been rebalancing for ${stableMsMax / 1_000} s. ` +
      'Wait until its members have joined, then run the command again.'
    throw new WinnowError('broker_unavailable', message)
  }
  for (const { name, metadata } of members) {
    if (!subscriptionOf(metadata).topics.includes(topic)) continue
    const message =
      `${name} still consumes ${topic} in the group ${group}, whose offsets this ` +
      'process is to take over. ' +
      'Stop that process, then start this one again.'
    throw new WinnowError('group_conflict', message, { details: { group, topic } })
  }
}

/**
 * kafkajs's round-robin assigner for a member that sends its mark. As leader it first checks the
 * other members and passes a conflict to `onConflict`.
 */
export function conflictCheckingAssigner(
  kafka: KafkaClient,
  membership: Membership,
  onConflict: (error: Error) => void,
): PartitionAssigner {
  return (options) => {
    const roundRobin = PartitionAssigners.roundRobin(options)
    const { name, version } = roundRobin
    return {
      name,
      version,
      protocol({ topics }) {
        const userData = Buffer.from(`${markPrefix}${membership.mark?.token ?? ''}`)
        return {
          name,
          metadata: AssignerProtocol.MemberMetadata.encode({ version, topics, userData }),
        }
      },
      async assign(group) {
        try {
          await refuseAsLeader(kafka, group.members, membership)
        } catch (error) {
          if (!(error instanceof WinnowError) || error.code !== 'group_conflict') throw error
          onConflict(error)
          // Otherwise kafkajs would join again and again.
          throw Object.assign(error, { retriable: false })
        }
        return roundRobin.assign(group)
      },
    }
  }
}

async function refuseAsLeader(
  kafka: KafkaClient,
  members: readonly GroupMember[],
  membership: Membership,
): Promise<void> {
  const refuseAll = async (mark?: WriterMark) => {
    for (const { memberId, memberMetadata: metadata } of members) {
      if (metadata.length === 0) continue // It has not sent its subscription yet.
      try {
        await refuse({ memberId, name: memberId, metadata }, { ...membership, mark })
      } catch (error) {
        // A database that does not answer says nothing about a member.
        if (!(error instanceof WinnowError) || error.code !== 'group_conflict') continue
        // The coordinator also knows the member's host.
        const described = await describe(kafka, membership.group).catch(() => [])
        const name = described.find((one) => one.memberId === memberId)?.name ?? memberId
        await refuse({ memberId, name, metadata }, membership)
      }
    }
  }
  await refuseAll()
  // The whole group waits for its leader, so do not wait for a database that does not answer.
  await Promise.race([
    refuseAll(membership.mark),
    setTimeout(leaderMsMax, undefined, { ref: false }),
  ])
}

async function refuse(member: Member, membership: Membership): Promise<void> {
  const { group, topic, mark } = membership
  const { topics, token } = subscriptionOf(member.metadata)
  const refusal = (what: string, remedy: string) => {
    const message =
      `the consumer group ${group} has a member ${member.name} that ${what}, so that each would miss ` +
      `records that the other gets. ${remedy}`
    return new WinnowError('group_conflict', message, { details: { group, topic, topics } })
  }
  if (topics.length !== 1 || topics[0] !== topic) {
    const other = topics.length === 0 ? 'no topic' : topics.join(', ')
    const remedy =
      'Stop one of the two processes, or set another group for it (stream.group, --group).'
    throw refusal(`consumes ${other} instead of ${topic}`, remedy)
  }
  if (mark === undefined || token === undefined || (await mark.isKnown(token))) return
  const remedy =
    'Stop one of the two processes, or set another group (stream.group, --group) or the same ' +
    'clickhouse.url for it.'
  throw refusal(`consumes ${topic} as well, but writes to another database`, remedy)
}

/** Whether a member, as the admin client describes it, consumes a topic. */
export function subscribesTo(member: { readonly memberMetadata: Buffer }, topic: string): boolean {
  return subscriptionOf(member.memberMetadata).topics.includes(topic)
}

/** The subscription that a member sent when it joined. Only Winnow's members send a token. */
function subscriptionOf(metadata: Buffer): { topics: string[]; token: string | undefined } {
  try {
    const decoded = AssignerProtocol.MemberMetadata.decode(metadata)
    // kafkajs's types leave out that a member may send no user data.
    const userData = decoded?.userData as Buffer | null | undefined
    const text = userData?.toString() ?? ''
    const token = text.startsWith(markPrefix) ? text.slice(markPrefix.length) : ''
    return { topics: decoded?.topics ?? [], token: token === '' ? undefined : token }
  } catch {
    // Not a consumer of topics: Kafka Connect, for example, uses another protocol in its groups.
    return { topics: [], token: undefined }
  }
}

/** The members with their subscriptions; undefined if the group does not become stable in time. */
async function stableMembers(kafka: KafkaClient, group: string): Promise<Member[] | undefined> {
  const deadlineMs = performance.now() + stableMsMax
  const admin = kafka.admin()
  const work = {
    what: `read the members of ${group}`,
    needs: { group: `Read on the consumer group ${group}` },
  }
  return brokerCall(work, async () => {
    await admin.connect()
    try {
      for (;;) {
        const members = await membersOf(admin, group)
        if (members.every(({ metadata }) => metadata.length > 0)) return members
        if (performance.now() > deadlineMs) return undefined
        await setTimeout(stablePauseMs)
      }
    } finally {
      await admin.disconnect()
    }
  })
}

async function describe(kafka: KafkaClient, group: string): Promise<Member[]> {
  const admin = kafka.admin({ retry: { retries: 0 } })
  try {
    await admin.connect()
    return await membersOf(admin, group)
  } finally {
    await admin.disconnect()
  }
}

async function membersOf(
  admin: ReturnType<KafkaClient['admin']>,
  group: string,
): Promise<Member[]> {
  const { groups } = await admin.describeGroups([group])
  return groups.flatMap(({ members }) =>
    members.map(({ memberId, clientId, clientHost, memberMetadata }) => ({
      memberId,
      name: `${clientId} at ${clientHost.replace(/^\//, '')} (${memberId})`,
      metadata: memberMetadata,
    })),
  )
}
