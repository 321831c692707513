// Who else is in a consumer group. A member that consumes another topic, or writes to another
// database, takes partitions whose records are then lost to the others. kafkajs notices nothing of
// it, so that each such member is an error here: of the one that joins, or else of the one that
// leads.
import { setTimeout } from 'node:timers/promises'
import kafkajs, { type GroupMember, type PartitionAssigner } from 'kafkajs'
import { WinnowError } from '../../schemas/errors.ts'
import { brokerCall, type KafkaClient } from './kafka.ts'

const { AssignerProtocol, PartitionAssigners } = kafkajs

/** The mark by which a member is known in the database that it writes to; see writer-mark.ts. */
export type WriterMark = {
  readonly token: string
  /** Whether this database holds the mark of another member. Throws analytics_unavailable. */
  isKnown(token: string): Promise<boolean>
}

/** What the members of one group agree on. */
export type Membership = {
  readonly group: string
  readonly topic: string
  /** Tells where members write; without it only topics are compared. */
  readonly mark?: WriterMark | undefined
}

/**
 * A member as the group's coordinator knows it; its topics are unknown while the group rebalances.
 */
type Member = { readonly memberId: string; readonly name: string; readonly metadata: Buffer }

/** A group that rebalances for longer than this is joined unseen: its leader looks as well. */
const settleMsMax = 10_000
const settlePauseMs = 100
/** Longest time that a leader looks at the members. */
const leaderMsMax = 3_000
const markPrefix = 'winnow:'

/**
 * Throws group_conflict, with its name, when a member of the group has another topic or database.
 */
export async function refuseForeignMembers(
  kafka: KafkaClient,
  membership: Membership,
): Promise<void> {
  for (const member of (await settledMembers(kafka, membership.group)) ?? []) {
    await refuse(member, membership)
  }
}

/** Throws group_conflict, with its name, when a member of the group consumes this topic. */
export async function refuseMembersOf(
  kafka: KafkaClient,
  group: string,
  topic: string,
): Promise<void> {
  const members = await settledMembers(kafka, group)
  if (members === undefined) {
    const message =
      `the consumer group ${group} has been rebalancing for ${settleMsMax / 1_000} s; run ` +
      'the command again'
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
 * The assigner of kafkajs, which shares out the partitions one by one, for a member that tells its
 * mark. As leader it looks at the members first; `onConflict` gets the error before the client
 * does.
 */
export function watchfulAssigner(
  kafka: KafkaClient,
  membership: Membership,
  onConflict: (error: Error) => void,
): PartitionAssigner {
  return (context) => {
    const roundRobin = PartitionAssigners.roundRobin(context)
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
          // kafkajs would join again and again otherwise.
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
      if (metadata.length === 0) continue // It has not said what it consumes.
      try {
        await refuse({ memberId, name: memberId, metadata }, { ...membership, mark })
      } catch (error) {
        // A database that is away tells nothing of a member.
        if (!(error instanceof WinnowError) || error.code !== 'group_conflict') continue
        // The coordinator knows its host as well.
        const described = await describe(kafka, membership.group).catch(() => [])
        const name = described.find((one) => one.memberId === memberId)?.name ?? memberId
        await refuse({ memberId, name, metadata }, membership)
      }
    }
  }
  await refuseAll()
  // The whole group waits for its leader, and the database may not answer.
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

/** What a member said as it joined; a token comes from Winnow only. */
function subscriptionOf(metadata: Buffer): { topics: string[]; token: string | undefined } {
  try {
    const decoded = AssignerProtocol.MemberMetadata.decode(metadata)
    // The types of kafkajs leave out that members may send none.
    const userData = decoded?.userData as Buffer | null | undefined
    const text = userData?.toString() ?? ''
    const token = text.startsWith(markPrefix) ? text.slice(markPrefix.length) : ''
    return { topics: decoded?.topics ?? [], token: token === '' ? undefined : token }
  } catch {
    // No consumer of topics: Kafka Connect, for example, speaks another protocol in its groups.
    return { topics: [], token: undefined }
  }
}

/** The members with what they subscribe to; undefined when the group does not come to rest. */
async function settledMembers(kafka: KafkaClient, group: string): Promise<Member[] | undefined> {
  const deadlineMs = performance.now() + settleMsMax
  const admin = kafka.admin()
  return brokerCall(`read the members of ${group}`, async () => {
    await admin.connect()
    try {
      for (;;) {
        const members = await membersOf(admin, group)
        if (members.every(({ metadata }) => metadata.length > 0)) return members
        if (performance.now() > deadlineMs) return undefined
        await setTimeout(settlePauseMs)
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
