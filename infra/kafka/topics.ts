// The topics on a broker: their full names, their creation, consumer lag.
import type { Admin, ITopicConfig } from 'kafkajs'
import type { Config } from '../../configs/schema.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { topicNames, type TopicName } from '../../schemas/subjects.ts'
import { lacksRight } from './broker-problem.ts'
import { committedAtMs } from './commit-note.ts'
import { subscribesTo } from './group-members.ts'
import { brokerCall, type KafkaClient } from './kafka.ts'
import { retryUntilLeader } from './election-retry.ts'
import { describing } from './needed-rights.ts'

/** The full name of a topic: `events` is `winnow.events` with the default prefix. */
export function topicOf(config: Config['topics'], name: TopicName): string {
  return `${config.prefix}${name}`
}

/** Topics in which the order of all records counts. */
const onePartition: ReadonlySet<TopicName> = new Set(['models', 'trials', 'trial-progress'])

/**
 * Creates the topics that are missing and returns their names; leaves existing topics unchanged.
 * A client without the right to see a topic takes it for missing. So with `refusal: 'leave'`, a
 * refused creation is left to the calls that need the topic: they say whether it is missing or a
 * right on it. Throws broker_unavailable or broker_refused.
 */
export async function ensureTopics(
  kafka: KafkaClient,
  config: Config['topics'],
  { refusal = 'fail' }: { readonly refusal?: 'fail' | 'leave' } = {},
): Promise<string[]> {
  const admin = kafka.admin()
  const right = `Create on topics whose names start with ${config.prefix}`
  const work = { what: 'create topics', needs: { topic: right, cluster: right } }
  return brokerCall(work, async () => {
    await brokerCall('reach Kafka', () => admin.connect())
    try {
      const existing = new Set(await admin.listTopics())
      const missing = topicNames.filter((name) => !existing.has(topicOf(config, name)))
      if (missing.length === 0) return []
      const topics = missing.map((name) => ({
        topic: topicOf(config, name),
        numPartitions: onePartition.has(name) ? 1 : config.partitions,
        replicationFactor: config.replicationFactor,
        configEntries: [
          { name: 'max.message.bytes', value: String(config.recordBytesMax) },
          { name: 'cleanup.policy', value: name === 'models' ? 'compact' : 'delete' },
        ],
      }))
      try {
        await createTopics(admin, topics)
      } catch (error) {
        if (refusal === 'leave' && lacksRight(error)) return []
        throw error
      }
      return missing.map((name) => topicOf(config, name))
    } finally {
      await admin.disconnect()
    }
  })
}

/**
 * Creates topics unless they exist; resolves when all their partitions have leaders. A broker may
 * not yet know a topic that the controller has just created, and kafkajs's own wait for leaders
 * fails on that. Throws broker_refused if the cluster is too small for the replicas.
 */
export async function createTopics(
  admin: Pick<Admin, 'createTopics' | 'fetchTopicMetadata'>,
  topics: readonly ITopicConfig[],
): Promise<void> {
  try {
    await admin.createTopics({ topics: [...topics], waitForLeaders: false })
  } catch (cause) {
    throw tooFewBrokers(cause) ?? cause
  }
  const names = topics.map(({ topic }) => topic)
  await retryUntilLeader(() => admin.fetchTopicMetadata({ topics: names }))
}

/** What to say if the broker refuses a replication factor, which kafkajs calls a creation error. */
function tooFewBrokers(cause: unknown): WinnowError | undefined {
  const { errors = [] } = cause as { errors?: { type?: string }[] }
  if (!errors.some(({ type }) => type === 'INVALID_REPLICATION_FACTOR')) return undefined
  const message =
    'cannot create topics: the cluster has fewer brokers than a topic is to have replicas; set ' +
    'topics.replicationFactor to at most their number'
  return new WinnowError('broker_refused', message, { cause })
}

/** Where a consumer group is in one partition. */
export type PartitionLag = {
  partition: number
  lag: number
  /** The first offset that the partition still holds. */
  low: number
  /** The next offset to consume; null before the first commit. */
  committed: number | null
  /** The offset after the last record. */
  end: number
}

/** How far a consumer group is behind on a topic, and how many members it has. */
export type GroupLag = {
  group: string
  topic: string
  /** Records behind the end, summed over partitions. */
  lag: number
  partitions: PartitionLag[]
  /** How many members the group has. */
  members: number
  /**
   * The group's state as the broker names it: Stable, Empty, PreparingRebalance,
   * CompletingRebalance, Dead.
   */
  state: string
  /**
   * The latest commit in epoch milliseconds; undefined if no commit has a note. In a group without
   * members, this is when consuming ended.
   */
  lastCommitMs: number | undefined
}

/** Reads the lag of every group whose name starts with `groupPrefix` on the given topics. */
export async function readLag(
  kafka: KafkaClient,
  options: { groupPrefix: string; topics: readonly string[] },
): Promise<GroupLag[]> {
  const admin = kafka.admin()
  return brokerCall('read consumer lag', async () => {
    await admin.connect()
    try {
      const { groups } = await admin.listGroups()
      const known = new Set(await admin.listTopics())
      const lags: GroupLag[] = []
      const topics = options.topics.filter((topic) => known.has(topic))
      const ends = await endsOf(admin, topics)
      const names = groups
        .map(({ groupId }) => groupId)
        .filter((groupId) => groupId.startsWith(options.groupPrefix))
      const described = names.length === 0 ? [] : (await admin.describeGroups(names)).groups
      for (const { groupId, state, members } of described) {
        for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics })) {
          const committed = partitions.filter((partition) => Number(partition.offset) >= 0)
          // A group that has just started on a topic has members but no commits yet.
          if (committed.length === 0 && !members.some((one) => subscribesTo(one, topic))) continue
          const lagging = [...(ends.get(topic) ?? [])].map(([partition, { low, high: end }]) => {
            const at = committed.find((one) => one.partition === partition)?.offset
            const next = Math.max(low, Number(at ?? low))
            const lag = Math.max(0, end - next)
            return { partition, lag, low, committed: at === undefined ? null : Number(at), end }
          })
          const lag = lagging.reduce((sum, one) => sum + one.lag, 0)
          const times = committed.flatMap(({ metadata }) => committedAtMs(metadata) ?? [])
          const lastCommitMs = times.length === 0 ? undefined : Math.max(...times)
          lags.push({
            group: groupId,
            topic,
            lag,
            partitions: lagging,
            members: members.length,
            state,
            lastCommitMs,
          })
        }
      }
      return lags
    } finally {
      await admin.disconnect()
    }
  })
}

type End = { readonly low: number; readonly high: number }

/** The first offset, and the one after the last, of each partition of each topic. */
async function endsOf(
  admin: Admin,
  topics: readonly string[],
): Promise<Map<string, Map<number, End>>> {
  const ends = new Map<string, Map<number, End>>()
  for (const topic of topics) {
    const offsets = await retryUntilLeader(() => admin.fetchTopicOffsets(topic))
    ends.set(
      topic,
      new Map(
        offsets.map(({ partition, low, high }) => [
          partition,
          { low: Number(low), high: Number(high) },
        ]),
      ),
    )
  }
  return ends
}

/** How many records a topic holds; 0 if it does not exist. */
export async function countRecords(kafka: KafkaClient, topic: string): Promise<number> {
  const admin = kafka.admin()
  return brokerCall(describing(`read the ends of ${topic}`, topic), async () => {
    await admin.connect()
    try {
      if (!(await admin.listTopics()).includes(topic)) return 0
      const ends = (await endsOf(admin, [topic])).get(topic) ?? new Map<number, End>()
      return [...ends.values()].reduce((sum, { low, high }) => sum + high - low, 0)
    } finally {
      await admin.disconnect()
    }
  })
}

/** Throws broker_refused, naming them, if some topics that a setting names do not exist. */
export async function requireTopics(
  kafka: KafkaClient,
  { setting, topics }: { setting: 'inputs' | 'outputs'; topics: readonly string[] },
): Promise<void> {
  if (topics.length === 0) return
  const admin = kafka.admin()
  const work = {
    what: 'list the topics',
    needs: { topic: `Describe on the topics ${topics.join(', ')}` },
  }
  await brokerCall(work, async () => {
    await admin.connect()
    try {
      const known = new Set(await admin.listTopics())
      const missing = topics.filter((topic) => !known.has(topic))
      if (missing.length === 0) return
      const which = missing.length === 1 ? 'the topic' : 'the topics'
      const message =
        `${which} ${missing.join(', ')} of ${setting} ${missing.length === 1 ? 'does' : 'do'} not exist, or may ` +
        `not be described by this user: correct ${setting}, or create what is missing`
      throw new WinnowError('broker_refused', message, { details: { topics: missing } })
    } finally {
      await admin.disconnect()
    }
  })
}

/**
 * The number of partitions of a topic that the caller is going to read or write. Throws
 * broker_refused if the topic does not exist or the client lacks that right.
 */
export async function partitionCount(
  kafka: KafkaClient,
  topic: string,
  right: 'Read' | 'Write',
): Promise<number> {
  const admin = kafka.admin()
  const work = {
    what: `read the metadata of ${topic}`,
    needs: { topic: `${right} on the topic ${topic}` },
  }
  return brokerCall(work, async () => {
    await admin.connect()
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      const found = topics.find((candidate) => candidate.name === topic)
      if (found === undefined) {
        throw new WinnowError(
          'broker_refused',
          `the topic ${topic} does not exist; run \`winnow migrate\``,
        )
      }
      return found.partitions.length
    } finally {
      await admin.disconnect()
    }
  })
}
